"""``fleet.json`` and the evidence of every node beside it: what a run over a cluster leaves.

Knows files and their names. A file is written when its node has finished, and the list after it, so
that whatever ends the run later costs nothing that was measured.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.errors import ExitCode, UserError
from advisor.evidence import Evidence, to_data
from advisor.evidence_io import evidence_from
from advisor.files import write_whole
from advisor.fleet.kinds import SeenNode
from advisor.fleet.orchestrating import Attempt, Slot
from advisor.jsonio import dumps, parse_json
from advisor.library import FLEET_SCHEMA

LISTING = "fleet.json"
UNSEEN = "unseen"
"""What nodes are called that did not answer a look."""
_MEASURED = (int(ExitCode.DONE), int(ExitCode.INCOMPLETE))


def evidence_of(slot: Slot, attempt: Attempt, host: str = "") -> Evidence | None:
    """What *attempt* measured, named after its kind; None where there is no time in it.

    With *host* the label names that too.
    """
    if attempt.code not in _MEASURED:
        return None
    try:
        evidence = evidence_from(parse_json(attempt.output, name=slot.label), name=slot.label)
    except UserError:
        return None
    timed = any(entry.status == "ok" for probe in evidence.probes for entry in probe.entries)
    if not timed and not any(work.modes for work in evidence.works):
        return None
    label = f"{slot.label} ({host})" if host else slot.label
    return replace(evidence, machine=replace(evidence.machine, kind=slot.kind, label=label))


def file_of(slot: Slot) -> str:
    """What the file of *slot* is called."""
    return f"{slot.kind}-{slot.number}.json"


def write_evidence(place: Path, slot: Slot, evidence: Evidence) -> None:
    """Write what one node measured into the directory *place*."""
    write_whole(place / file_of(slot), dumps(to_data(evidence)), option="-o")


def listing_of(slots: Sequence[Slot], unseen: Sequence[SeenNode] = ()) -> dict[str, Any]:
    """``fleet@1``: every machine that was wanted, with its file or why it has none.

    Each has ``label``, ``kind`` (None of a node that nobody saw), ``evidence`` (the file's name),
    ``state``, ``reason`` (an id) and ``attempts``, with seconds from asking to the end.
    """
    return {
        "schema": FLEET_SCHEMA,
        "tool": {"name": "fw-advisor", "version": __version__},
        "created": dt.datetime.now(dt.UTC).date().isoformat(),
        "nodes": [
            *(_node(slot) for slot in slots),
            *(_unseen(number, node) for number, node in enumerate(unseen, 1)),
        ],
    }


def state_of(slot: Slot) -> str:
    """``measured``, ``incomplete`` (with a file), ``lost``, ``interrupted`` or ``running``."""
    last = slot.last
    if slot.kept:
        whole = last is not None and last.code == ExitCode.DONE
        return "measured" if whole else "incomplete"
    if not slot.over:
        return "running"
    return "interrupted" if last is not None and last.state == "stopped" else "lost"


def reason_of(slot: Slot) -> str | None:
    """Why *slot* has no file, as an id; None where it has one."""
    if slot.kept or not slot.over:
        return None
    return _why(slot.last)


def _why(attempt: Attempt | None) -> str | None:
    """Why *attempt* gave nothing; None where it did, or still may."""
    if attempt is None:
        return "no-node"
    if attempt.state == "worthless":
        empty = attempt.code == ExitCode.NOTHING_TO_MEASURE
        return "nothing-to-measure" if empty else "failed"
    return None if attempt.state == "ended" or not attempt.over else attempt.state


def _node(slot: Slot) -> dict[str, Any]:
    return {
        "label": slot.label,
        "kind": slot.kind,
        "evidence": file_of(slot) if slot.kept else None,
        "state": state_of(slot),
        "reason": reason_of(slot),
        "attempts": [_attempt(attempt) for attempt in slot.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    ended, began = attempt.ended_s, attempt.running_s
    return {
        "state": attempt.state,
        "reason": _why(attempt),
        "exit_code": attempt.code,
        "seconds": None if ended is None else round(ended - attempt.began_s, 1),
        "running_seconds": None if ended is None or began is None else round(ended - began, 1),
    }


def _unseen(number: int, node: SeenNode) -> dict[str, Any]:
    return {
        "label": f"{UNSEEN} {number}",
        "kind": None,
        "evidence": None,
        "state": "lost",
        "reason": node.problem or "silent",
        "attempts": [],
    }


def write_listing(place: Path, slots: Sequence[Slot], unseen: Sequence[SeenNode] = ()) -> Path:
    """Write ``fleet.json`` into the directory *place*."""
    path = place / LISTING
    write_whole(path, dumps(listing_of(slots, unseen)), option="-o")
    return path
