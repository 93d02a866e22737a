"""Evidence of earlier forms, brought to today's form before it is validated.

A form is what some version of the tool wrote: another schema, or the same one with a field that
has since been renamed. Each knows its own marks and how to become the next; they are applied in
the order of their dates. It must not know what any number means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EarlierForm:
    """One earlier form of the evidence.

    Attributes:
        name: What it is called in tests and errors.
        until: ISO date on which the tool began to write the next form.
        recognises: Whether a document is of it.
        upgrade: Brings a document to the next form, in place.
    """

    name: str
    until: str
    recognises: Callable[[dict[str, Any]], bool]
    upgrade: Callable[[dict[str, Any]], None]


def upgraded(data: Any) -> Any:
    """*data* in today's form, changed in place; anything that is no mapping as it is."""
    if isinstance(data, dict):
        for form in FORMS:
            if form.recognises(data):
                form.upgrade(data)
    return data


def _timed_parts(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Entries and their launches: what has compile times."""
    for probe in _dicts(data.get("probes")):
        for entry in _dicts(probe.get("entries")):
            yield entry
            yield from _dicts(entry.get("launches"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _names_cold_compiling(data: dict[str, Any]) -> bool:
    return any("compile_cold_s" in part for part in _timed_parts(data))


def _cold_is_the_plain_one(data: dict[str, Any]) -> None:
    """``compile_cold_s`` became ``compile_s``; what stood there was warm."""
    for part in _timed_parts(data):
        if "compile_cold_s" not in part:
            continue
        cold, plain = part.pop("compile_cold_s"), part.get("compile_s")
        if cold is not None:
            part["compile_s"] = cold
            part.setdefault("compile_warm_s", plain)


FORMS: tuple[EarlierForm, ...] = (
    EarlierForm("compile-cold", "2026-11-23", _names_cold_compiling, _cold_is_the_plain_one),
)
"""Oldest first. A new major version adds one that knows the old schema's id and writes the new."""
