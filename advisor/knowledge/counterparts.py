"""What each framework's names become in the other: the table in ``rules/counterparts``.

Knows the form of the table, its sources and the libraries around both frameworks, and refuses
entries that contradict themselves. It is loaded apart from the rule base, because no rule refers to
it and no record holds it. It must not know any code base: `advisor.scan` reads those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from advisor.knowledge.code_signals import Signal, read_signals
from advisor.knowledge.effort import EffortTable, read_effort
from advisor.knowledge.entries import read_source
from advisor.knowledge.fields import Part, Problems, did_you_mean, shown
from advisor.knowledge.model import Fact, Source
from advisor.knowledge.vocabulary import package_name
from advisor.knowledge.yamlio import read_yaml
from advisor.resources import resource_dir

Framework = Literal["pytorch", "jax"]
Fit = Literal["same", "close", "redesign", "none"]
LibraryFit = Literal["close", "partial", "none"]
Side = Literal["pytorch", "jax", "both"]

OTHER: Mapping[Framework, Framework] = {"pytorch": "jax", "jax": "pytorch"}
_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """One name of a framework and what takes its place in the other.

    `to` is None where nothing does. `gone` names stand in older code only: the versions of the
    table no longer have them.
    """

    name: str
    kind: str
    to: str | None
    fit: Fit
    sources: tuple[str, ...]
    note: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One package around the frameworks: what imports it, where it runs, what replaces it."""

    package: str
    imports: tuple[str, ...]
    framework: Side
    to: str | None
    fit: LibraryFit
    url: str
    note: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CounterpartTables:
    """Everything that reading a code base is measured against.

    `names` holds the counterparts by framework and name; `checked` is the day (ISO) on which every
    name was looked up in `versions`.
    """

    names: Mapping[Framework, Mapping[str, Counterpart]]
    libraries: tuple[Library, ...]
    signals: tuple[Signal, ...]
    effort: EffortTable
    sources: Mapping[str, Source]
    versions: Mapping[str, str]
    checked: str


def load_counterparts(facts: Mapping[str, Fact], *, root: Path | None = None) -> CounterpartTables:
    """The tables in *root* (the shipped ones unless given), checked against the vocabulary *facts*.

    Raises:
        UserError: one thing is wrong; `UserErrorGroup` where several are, each with its place.
    """
    place = root or resource_dir("rules") / "counterparts"
    problems = Problems()
    parts = {
        stem: _top(place / f"{stem}.yaml", problems)
        for stem in ("pytorch", "jax", "libraries", "signals", "effort", "sources")
    }
    effort = read_effort(parts["effort"])
    sources = _sources(parts["sources"])
    names = {framework: _names(parts[framework], sources, effort) for framework in OTHER}
    libraries = _libraries(parts["libraries"])
    signals = read_signals(parts["signals"], facts)
    versions, checked = parts["pytorch"].words("versions"), parts["pytorch"].date("checked")
    problems.check()
    return CounterpartTables(
        names=names,
        libraries=libraries,
        signals=signals,
        effort=effort,
        sources=sources,
        versions=versions,
        checked=checked,
    )


def _top(path: Path, problems: Problems) -> Part:
    document = read_yaml(path, max_bytes=_MAX_BYTES, name=f"counterparts/{path.name}")
    return Part.top(document, problems)


def _schema(part: Part, name: str, keys: tuple[str, ...]) -> None:
    part.only(("schema", *keys))
    if part.text("schema") != f"fw-advisor/{name}@1":
        part.fail(f"schema has to be fw-advisor/{name}@1", "schema")


def _sources(part: Part) -> dict[str, Source]:
    _schema(part, "sources", ("sources",))
    return {source.id: source for source in map(read_source, part.parts("sources"))}


def _names(
    part: Part, sources: Mapping[str, Source], effort: EffortTable
) -> dict[str, Counterpart]:
    _schema(part, "counterparts", ("framework", "checked", "versions", "counterparts"))
    names: dict[str, Counterpart] = {}
    for entry in part.parts("counterparts"):
        counterpart = _counterpart(entry, sources, effort)
        if counterpart.name in names:
            entry.fail(f"{shown(counterpart.name)} stands twice", "name")
        names[counterpart.name] = counterpart
    return names


def _counterpart(part: Part, sources: Mapping[str, Source], effort: EffortTable) -> Counterpart:
    part.only(("name", "kind", "to", "fit", "sources", "note", "gone"))
    for source in part.texts("sources", required=True):
        if source not in sources:
            hint = did_you_mean(source, sources)
            part.fail(f"{shown(source)} is not a source of this table", "sources", hint=hint)
    counterpart = Counterpart(
        name=part.text("name"),
        kind=part.word("kind", tuple(effort.kinds)),
        to=part.text("to", "") or None,
        fit=part.word("fit", get_args(Fit)),
        sources=part.texts("sources"),
        note=part.text("note", ""),
        gone=part.flag("gone"),
    )
    _check_fit(part, counterpart.to, counterpart.fit, needs_one=True)
    return counterpart


def _check_fit(part: Part, to: str | None, fit: str, *, needs_one: bool) -> None:
    if to is not None and fit == "none":
        part.fail("has a counterpart and the fit none", "fit", hint="leave `to` out, or say how")
    if needs_one and to is None and fit != "none":
        part.fail(f"has the fit {fit} and no counterpart", "fit", hint="say `to`, or fit: none")


def _libraries(part: Part) -> tuple[Library, ...]:
    _schema(part, "libraries", ("checked", "libraries"))
    part.date("checked")
    libraries: dict[str, Library] = {}
    for entry in part.parts("libraries"):
        library = _library(entry)
        if library.package in libraries:
            entry.fail(f"{shown(library.package)} stands twice", "package")
        libraries[library.package] = library
    return tuple(libraries.values())


def _library(part: Part) -> Library:
    part.only(("package", "imports", "framework", "to", "fit", "url", "note", "aliases"))
    package = part.text("package")
    if package != package_name(package):
        part.fail(f"{shown(package)} is not how packages are spelled here", "package")
    library = Library(
        package=package,
        imports=part.texts("imports", required=True),
        framework=part.word("framework", get_args(Side)),
        to=part.text("to", "") or None,
        fit=part.word("fit", get_args(LibraryFit)),
        url=part.text("url"),
        note=part.text("note", ""),
        aliases=part.texts("aliases"),
    )
    _check_fit(part, library.to, library.fit, needs_one=False)
    return library
