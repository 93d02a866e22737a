"""A library of evidence: files from other machines that stand for those that are not here.

The shipped one lies in ``rules/library``; a team's own is a directory, one file, or the
``fleet.json`` of a fleet, which names its files. Knows files. It must not know what they decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.evidence import Evidence
from advisor.evidence_io import evidence_from
from advisor.inputs import without_blocks
from advisor.jsonio import read_json
from advisor.reading.machines import kind_of
from advisor.resources import resource_dir

FLEET_SCHEMA = "fw-advisor/fleet@1"
SHIPPED = "library"
MOST_FILES = 20_000


@dataclass(frozen=True)
class LibraryEntry:
    """One document of a library, without its raw samples.

    `name` is what it is called on the command line; `shipped` whether it came with the tool.
    """

    name: str
    path: Path
    shipped: bool
    evidence: Evidence


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read, and why."""

    path: Path
    error: UserError


def shipped_place() -> Path:
    """Where the shipped library lies."""
    return resource_dir("rules") / SHIPPED


def evidence_files(place: Path) -> list[Path]:
    """The files of evidence that *place* names: itself, those in a directory, or a fleet's.

    Raises:
        UserError: nothing is there, or a fleet names a file outside of its directory.
    """
    if place.is_dir():
        found = [p for p in sorted(place.rglob("*.json")) if p.is_file()]
        if len(found) > MOST_FILES:
            raise UserError(f"holds more than {MOST_FILES:,} files", where=str(place))
        return [p for p in found if not _is_fleet(p)]
    document = read_json(place)
    if _lists_a_fleet(document):
        return files_of_fleet(document, place)
    return [place]


def documents_in(place: Path) -> Iterator[tuple[Path, Any]]:
    """The files that `evidence_files` names, each with what it holds; each is read once.

    Raises:
        UserError: as for `evidence_files`, or a file is no JSON.
    """
    if place.is_dir():
        yield from ((path, read_json(path)) for path in evidence_files(place))
        return
    document = read_json(place)
    if _lists_a_fleet(document):
        yield from ((path, read_json(path)) for path in files_of_fleet(document, place))
    else:
        yield place, document


def _lists_a_fleet(document: Any) -> bool:
    return isinstance(document, dict) and document.get("schema") == FLEET_SCHEMA


def files_of_fleet(document: dict[str, Any], place: Path) -> list[Path]:
    """The files that *document*, a ``fleet.json`` at *place*, lists: beside it, by name.

    Raises:
        UserError: it is no such document, or it names what lies elsewhere.
    """
    nodes = document.get("nodes")
    if not isinstance(nodes, list):
        raise UserError("lists no nodes", where=str(place))
    named = [n.get("evidence") for n in nodes if isinstance(n, dict)]
    names = [name for name in named if name is not None]
    for name in names:
        # Whoever sends a fleet.json must not choose which file of ours is read.
        if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
            raise UserError(
                f"names the file {str(name)[:80]!r}, which does not lie beside it", where=str(place)
            )
    return [place.parent / name for name in names]


def read_places(
    places: Iterable[Path], *, shipped: bool, model: str | None = None
) -> Iterator[LibraryEntry | Unreadable]:
    """Every document of the libraries *places*, and first the shipped one where *shipped*.

    With *model*, a family's id, only those that measured it: the others are not checked.
    """
    every = [(shipped_place(), True)] if shipped and shipped_place().is_dir() else []
    every += [(place, False) for place in places]
    for place, own in every:
        yield from _entries(place, shipped=own, model=model)


def _entries(
    place: Path, *, shipped: bool, model: str | None
) -> Iterator[LibraryEntry | Unreadable]:
    for path in evidence_files(place):
        try:
            document = read_json(path)
            if model is not None and _lacks(document, model):
                continue
            evidence = without_blocks(evidence_from(document, name=str(path)))
        except UserError as error:
            yield Unreadable(path, error)
            continue
        yield LibraryEntry(path.stem, path, shipped, evidence)


def _lacks(document: Any, model: str) -> bool:
    """Whether *document* is sound enough to see that it did not measure *model*."""
    works = document.get("works") if isinstance(document, dict) else None
    if not isinstance(works, list) or not all(isinstance(work, dict) for work in works):
        return False
    return all(work.get("model") != model for work in works)


def library_of(
    places: Sequence[Path], *, shipped: bool = True, model: str | None = None
) -> list[LibraryEntry]:
    """The documents of the libraries *places*; with *model*, those that measured it.

    Raises:
        UserError: a file cannot be read; libraries are checked by ``fw-advisor evidence check``.
    """
    kept = []
    for entry in read_places(places, shipped=shipped, model=model):
        if isinstance(entry, Unreadable):
            raise entry.error
        kept.append(entry)
    return kept


def _is_fleet(path: Path) -> bool:
    """Whether *path* is the list of a fleet, whose files stand in the directory by themselves."""
    return path.name == "fleet.json" or path.name.endswith(".fleet.json")


def problems_of(entry: LibraryEntry) -> list[str]:
    """Why a document does not belong into a library: ids of what is wrong with it."""
    evidence = entry.evidence
    checks = (
        ("no-model", not any(w.time_ratio is not None for w in evidence.works)),
        ("not-matched", evidence.settings != "matched"),
        ("selftest", evidence.selftest is not None and evidence.selftest.status == "failed"),
        ("no-date", not re.fullmatch(r"\d{4}-\d{2}-\d{2}", evidence.created[:10])),
        ("no-machine", not evidence.machine.accelerators and evidence.machine.cpu == "unknown"),
        ("no-version", not evidence.tool.version),
        ("has-paths", entry.shipped and _has_paths(evidence)),
    )
    return [name for name, wrong in checks if wrong]


def _has_paths(evidence: Evidence) -> bool:
    """Whether it says where something lay on the machine: the shipped ones must not."""
    return any(chain.interpreter.startswith("/") for chain in evidence.toolchains)


def as_contributed(evidence: Evidence) -> Evidence:
    """*evidence* as a library keeps it: no raw samples, no label, no interpreter's place."""
    return replace(
        without_blocks(evidence),
        machine=replace(evidence.machine, label=None),
        toolchains=[replace(chain, interpreter="") for chain in evidence.toolchains],
    )


def name_for(evidence: Evidence) -> str:
    """What a document is called in a library: kind of machine, date, models."""
    models = sorted({w.model for w in evidence.works})
    shown = models[0] if len(models) == 1 else f"{len(models)}-models"
    parts = (kind_of(evidence).name, evidence.created[:10], shown)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(p for p in parts if p))
