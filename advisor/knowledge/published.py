"""Pairs that others published: one model in both frameworks on one machine, as data.

Knows the form of ``rules/published.yaml``. They are the weakest class of what is known of a speed:
nobody here saw them measured. It must not know how a decision weighs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from advisor.knowledge.fields import Part, did_you_mean, shown

_LEAST_RATIO = 1e-3
HARDWARE = "hardware.train"


@dataclass(frozen=True, kw_only=True)
class PublishedPair:
    """One pair: how many times as fast JAX was as PyTorch, and on what.

    Attributes:
        family: The family of models that it stands for; empty where it is no whole model.
        hardware: A value of ``hardware.train``.
        ratio: Above 1 JAX was the faster one.
        figures: The numbers that the ratio is of, as they were published.
        counts: Whether a decision may use it; `why_not` says why not.
        source: A source of the rule base.
        published: ISO date of the numbers.
    """

    id: str
    title: str
    family: str = ""
    hardware: str
    machine: str
    precision: str = ""
    versions: str = ""
    ratio: float
    figures: str
    counts: bool = True
    why_not: str = ""
    source: str
    published: str


def read_published(
    part: Part, sources: Mapping[str, Any], facts: Mapping[str, Any]
) -> PublishedPair:
    """One pair of the table; what does not count says why not."""
    keys = [name for name in PublishedPair.__dataclass_fields__ if name != "counts"]
    part.only(keys)
    source = part.text("source")
    if source and source not in sources:
        hint = did_you_mean(source, sources)
        part.fail(f"{shown(source)} is not a source of this rule base", "source", hint=hint)
    kinds = facts[HARDWARE].values if HARDWARE in facts else {}
    why_not = part.text("why_not", "")
    return PublishedPair(
        id=part.identifier(),
        title=part.text("title"),
        family=part.text("family", ""),
        hardware=part.word("hardware", tuple(kinds)),
        machine=part.text("machine"),
        precision=part.text("precision", ""),
        versions=part.text("versions", ""),
        ratio=part.number("ratio", least=_LEAST_RATIO) or 1.0,
        figures=part.text("figures"),
        counts=not why_not,
        why_not=why_not,
        source=source,
        published=part.date("published"),
    )


def published_data(pair: PublishedPair) -> dict[str, Any]:
    """*pair* as it stands in a file."""
    return {k: v for k, v in asdict(pair).items() if v != "" and k != "counts"}
