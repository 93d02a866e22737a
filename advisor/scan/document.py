"""The one JSON document of a scan, from which everything else is rendered.

Knows the contract ``{schema, answers, found, migration}`` and what stands beside it. Text of code
becomes inert here. It must not know terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from advisor.knowledge.counterparts import OTHER, Framework
from advisor.scan.answers import SOURCE, Answered, Open, Resolution
from advisor.scan.collected import Collected, Group
from advisor.scan.migration import UNLISTED, Move, Moving, moving_from, text_of
from advisor.scan.model import Finding
from advisor.text import inert, private

SCHEMA = "fw-advisor/scan@1"
_LONGEST_TEXT = 200
_LONGEST_PATH = 400
_FRAMEWORKS: tuple[Framework, ...] = ("pytorch", "jax")


def scan_document(collected: Collected, resolution: Resolution) -> dict[str, Any]:
    """The document of *collected* with the answers of *resolution*; plain data, sorted."""
    moving = {OTHER[framework]: moving_from(framework, collected) for framework in _FRAMEWORKS}
    return {
        "schema": SCHEMA,
        "answers": {answer.key: answer.value for answer in resolution.answered},
        "sources": {answer.key: _source(answer) for answer in resolution.answered},
        "open": [_open(entry) for entry in resolution.open],
        "found": [_finding(finding) for group in collected.all() for finding in group.places()],
        "counts": [_count(group) for group in collected.all()],
        "frameworks": _frameworks(collected),
        "migration": {
            **{f"to_{to}": [_move(move) for move in m.moves] for to, m in moving.items()},
            "redesign": {f"to_{to}": list(_redesigns(m)) for to, m in moving.items()},
            "effort": {f"to_{to}": _effort(m) for to, m in moving.items()},
            "coverage": {f"to_{to}": _coverage(m) for to, m in moving.items()},
            "table": {
                "checked": collected.tables.knowledge.checked,
                "versions": dict(collected.tables.knowledge.versions),
                "names": {f: len(collected.tables.knowledge.names[f]) for f in _FRAMEWORKS},
            },
        },
        "files": {
            "read": collected.files,
            "python": collected.python_files,
            "skipped": {reason: collected.skipped[reason] for reason in sorted(collected.skipped)},
            "truncated": collected.truncated,
        },
    }


def shown_path(path: str) -> str:
    """A file's path as it may be shown: one line, without anything that steers a terminal."""
    return inert(path, limit=_LONGEST_PATH)


def shown_place(finding: Finding) -> str:
    """``file:line`` of *finding*."""
    return f"{shown_path(finding.file)}:{finding.line}"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "key": finding.key,
        "value": finding.value,
        "file": shown_path(finding.file),
        "line": finding.line,
        "text": private(inert(finding.text.strip(), limit=_LONGEST_TEXT)),
        "confidence": finding.confidence,
    }


def _source(answer: Answered) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "confidence": answer.confidence,
        "places": [shown_place(finding) for finding in answer.places],
    }


def _open(entry: Open) -> dict[str, Any]:
    return {
        "key": entry.key,
        "reason": entry.reason,
        "candidates": [_count(group) for group in entry.candidates],
    }


def _count(group: Group) -> dict[str, Any]:
    return {
        "key": group.key,
        "value": group.value,
        "times": group.times,
        "files": group.file_count,
        "confidence": group.best,
    }


def _frameworks(collected: Collected) -> list[dict[str, Any]]:
    frameworks = []
    for group in collected.of("codebase"):
        versions = {
            name: [str(g.value) for g in collected.of(f"version.{name}")]
            for name in _packages_of(str(group.value))
        }
        frameworks.append(
            {
                "framework": group.value,
                "files": group.file_count,
                "confidence": group.best,
                "versions": {name: written for name, written in versions.items() if written},
            }
        )
    return frameworks


def _packages_of(framework: str) -> tuple[str, ...]:
    return {
        "pytorch": ("torch", "torchvision"),
        "jax": ("jax", "jaxlib", "flax"),
        "tensorflow": ("tensorflow", "keras"),
    }.get(framework, ())


def _move(move: Move) -> dict[str, Any]:
    return {
        "name": inert(move.use.name, limit=_LONGEST_TEXT),
        "times": move.use.times,
        "files": move.use.files,
        "kind": move.kind,
        "counterpart": None if move.fit == UNLISTED else move.to or "none",
        "fit": move.fit,
        "note": move.note or None,
        "sources": list(move.entry.sources) if move.entry is not None else [],
        "first": f"{shown_path(move.use.file)}:{move.use.line}",
    }


def _redesigns(moving: Moving) -> Iterator[dict[str, Any]]:
    for part in sorted(moving.parts, key=lambda p: (-p.points, p.redesign.id)):
        yield {
            "id": part.redesign.id,
            "title": part.redesign.title,
            "times": part.times,
            "text": text_of(part, moving.framework),
            "places": [f"{shown_path(file)}:{line}" for file, line in part.places],
        }


def _effort(moving: Moving) -> dict[str, Any] | None:
    if moving.effort is None:
        return None
    reasons = [
        {"part": cost.part, "times": cost.times, "points": round(cost.points, 1)}
        for cost in moving.costs
        if cost.points >= 0.1
    ]
    return {
        "class": moving.effort.id,
        "means": moving.effort.means,
        "points": round(sum(cost.points for cost in moving.costs), 1),
        "reasons": reasons[:12],
    }


def _coverage(moving: Moving) -> dict[str, int]:
    names, listed, times, listed_times = moving.coverage
    return {"names": names, "listed": listed, "times": times, "listed_times": listed_times}
