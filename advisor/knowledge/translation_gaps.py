"""What a translated step costs beside one written for JAX, by family of models, as data.

Knows the form of ``rules/translation_gaps.yaml``. It is shown where a translated number is shown;
no decision reckons with it, so that it stands outside of the rule base and its records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from advisor.knowledge.fields import Part, Problems
from advisor.knowledge.yamlio import read_yaml
from advisor.resources import resource_dir

SCHEMA = "fw-advisor/translation_gaps@1"
FILE = "translation_gaps.yaml"
_LEAST_RATIO = 1e-3


@dataclass(frozen=True, kw_only=True)
class TranslationGap:
    """How long a family's own PyTorch module takes, translated, as against the family in JAX.

    Attributes:
        id: The family.
        ratio: Time of a step, translated over written for JAX; None where it is not calibrated.
        low: The 95 % interval over `launches` processes.
        high: Its upper end.
        size: What was measured; the rest of the family's sizes are the usual ones.
        why_not: Why there is no ratio.
    """

    id: str
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    launches: int = 0
    size: Mapping[str, Any] = field(default_factory=dict)
    machine: str = ""
    versions: str = ""
    date: str = ""
    why_not: str = ""


def translation_gaps(path: Path | None = None) -> Mapping[str, TranslationGap]:
    """The gaps of the shipped table, or of the one at *path*, by family.

    Raises:
        UserError: it is no such table.
    """
    return _read(path or resource_dir("rules") / FILE)


@cache
def _read(path: Path) -> Mapping[str, TranslationGap]:
    problems = Problems()
    top = Part.top(read_yaml(path), problems)
    top.only(("schema", "translation_gaps"))
    if top.text("schema") != SCHEMA:
        top.fail(f"schema has to be {SCHEMA}", "schema")
    rows = [_row(part) for part in top.parts("translation_gaps")]
    problems.check()
    return {row.id: row for row in rows}


def _row(part: Part) -> TranslationGap:
    part.only(list(TranslationGap.__dataclass_fields__))
    family, why_not = part.identifier(), part.text("why_not", "")
    if why_not:
        return TranslationGap(id=family, why_not=why_not)
    ratio, low, high = (part.number(k, least=_LEAST_RATIO) for k in ("ratio", "low", "high"))
    if ratio and low and high and not low <= ratio <= high:
        part.fail("ratio has to lie between low and high", "ratio")
    return TranslationGap(
        id=family,
        ratio=ratio,
        low=low,
        high=high,
        launches=int(part.number("launches", least=2) or 0),
        size=dict(part.data.get("size") or {}),
        machine=part.text("machine"),
        versions=part.text("versions"),
        date=part.date("date"),
    )
