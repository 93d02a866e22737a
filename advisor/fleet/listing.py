"""``fleet.json`` and the evidence of every node beside it: what a run over a cluster leaves.

Knows files and their names. A file is written when its node has finished, so that whatever ends the
run later costs nothing that was measured.
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
from advisor.fleet.kinds import slug
from advisor.fleet.orchestrating import Attempt, Slot
from advisor.jsonio import dumps, parse_json
from advisor.library import FLEET_SCHEMA

LISTING = "fleet.json"
_MEASURED = (int(ExitCode.DONE), int(ExitCode.INCOMPLETE))


def evidence_of(slot: Slot, attempt: Attempt, host: str = "") -> Evidence | None:
    """What *attempt* measured, named after its kind; None where it is no evidence with times."""
    if attempt.state != "ended" or attempt.code not in _MEASURED:
        return None
    try:
        evidence = evidence_from(parse_json(attempt.output, name=slot.label), name=slot.label)
    except UserError:
        return None
    label = f"{slot.label} ({host})" if host else slot.label
    return replace(evidence, machine=replace(evidence.machine, kind=slot.kind, label=label))


def file_of(slot: Slot) -> str:
    """What the file of *slot* is called."""
    return f"{slug(slot.kind)}-{slot.number}.json"


def write_evidence(place: Path, slot: Slot, evidence: Evidence) -> Path:
    """Write what one node measured."""
    path = place / file_of(slot)
    write_whole(path, dumps(to_data(evidence)), option="-o")
    return path


def listing_of(slots: Sequence[Slot], kept: Sequence[Slot]) -> dict[str, Any]:
    """``fleet@1``: every machine that was wanted, with its file or why it has none."""
    return {
        "schema": FLEET_SCHEMA,
        "tool": {"name": "fw-advisor", "version": __version__},
        "created": dt.datetime.now(dt.UTC).date().isoformat(),
        "nodes": [_node(slot, kept=slot in kept) for slot in slots],
    }


def _node(slot: Slot, *, kept: bool) -> dict[str, Any]:
    last = slot.last
    return {
        "label": slot.label,
        "kind": slot.kind,
        "evidence": file_of(slot) if kept else None,
        "state": "measured" if kept else "lost",
        "reason": None if kept else reason_of(last),
        "attempts": [
            {"state": attempt.state, "code": attempt.code, "reason": reason_of(attempt)}
            for attempt in slot.attempts
        ],
    }


def reason_of(attempt: Attempt | None) -> str | None:
    """Why an attempt gave nothing, as an id; None for one that came to its end."""
    if attempt is None:
        return "no-node"
    if attempt.state != "ended":
        return attempt.state
    if attempt.code in _MEASURED:
        return None
    return "nothing-to-measure" if attempt.code == ExitCode.NOTHING_TO_MEASURE else "failed"


def write_listing(place: Path, slots: Sequence[Slot], kept: Sequence[Slot]) -> Path:
    """Write ``fleet.json``."""
    path = place / LISTING
    write_whole(path, dumps(listing_of(slots, kept)), option="-o")
    return path
