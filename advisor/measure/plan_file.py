"""The plan file, ``fw-advisor/plan@1``: what to measure on another machine, as JSON.

Written by ``probe --export-worker`` and by ``probe --list --json``; read by the exported file
on its node, which makes the plan anew for the CPUs and frameworks that it finds. Knows the
file's form only.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.jsonio import read_json
from advisor.measure.request import make_wishes
from advisor.measure.selection import Wishes

PLAN_SCHEMA = "fw-advisor/plan@1"
_KEYS = ("schema", "wishes", "plan", "seconds", "left_out")
_MAX_NAMES = 1000


def wishes_document(wishes: Wishes) -> dict[str, Any]:
    """*wishes* as they stand in a plan file under ``wishes``."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(wishes).items()
    }


def read_plan(path: Path) -> Wishes:
    """The wishes in a plan file; its rows, where it holds rows only.

    Raises:
        UserError: no plan, or something in it that nobody could measure.
    """
    where = str(path)
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != PLAN_SCHEMA:
        raise UserError(
            f"is no plan: its schema is not {PLAN_SCHEMA}",
            hint="a plan is written by: fw-advisor probe --export-worker probe.pyz",
            where=where,
        )
    _refuse_unknown(document, _KEYS, where)
    if "wishes" in document:
        return _wishes(document["wishes"], where)
    return _wishes({"only": _names_of_rows(document.get("plan"), where)}, where)


def _wishes(found: Any, where: str) -> Wishes:
    if not isinstance(found, dict):
        raise UserError("'wishes' is no object", where=where)
    _refuse_unknown(found, tuple(_FIELDS), where)
    for key, value in found.items():
        fits, shape = _FIELDS[key]
        if not fits(value):
            raise UserError(f"'{key}' has to be {shape}", where=where)
    try:
        return make_wishes(**{k: tuple(v) if isinstance(v, list) else v for k, v in found.items()})
    except UserError as error:
        raise UserError(error.message, hint=error.hint, where=where) from None


def _names_of_rows(rows: Any, where: str) -> list[str]:
    names = [row.get("probe") for row in rows if isinstance(row, dict)] if _is_list(rows) else []
    kept = list(dict.fromkeys(name for name in names if isinstance(name, str)))
    if not kept:
        raise UserError("holds neither wishes nor rows with a probe", where=where)
    return kept


def _refuse_unknown(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(known)}"
            raise UserError(f"the key {key[:80]!r} is not known", hint=hint, where=where)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_NAMES


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _is_words(value: Any) -> bool:
    return _is_list(value) and all(_is_word(word) for word in value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_budget(value: Any) -> bool:
    return value is None or (_is_number(value) and value > 0)


def _is_values(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(worth) for worth in value.values())


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "profile": (_is_word, "a word"),
    "settings": (_is_word, "a word"),
    "only": (_is_words, "a list of names"),
    "skip": (_is_words, "a list of names"),
    "frameworks": (_is_words, "a list of names"),
    "device": (_is_word, "a word"),
    "budget_s": (_is_budget, "a number of seconds above 0, or null"),
    "seed": (_is_whole, "a whole number from 0 to 4294967295"),
    "probes": (_is_words, "a list of names"),
    "values": (_is_values, "an object of numbers"),
}
