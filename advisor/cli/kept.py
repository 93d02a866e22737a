"""What an interview that was stopped had measured so far, beside its answers, for --resume.

Only what is settled is kept: a probe that the run called, or that had all of its launches. The rest
is measured again, since half a probe is no probe.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advisor.evidence import Evidence, Probe

SCHEMA = "fw-advisor/kept@1"
_FILE = "measured.json"


@dataclass(frozen=True)
class Kept:
    """Measurements with the options of ``probe`` that they were made with.

    `complete` says that nothing that was asked for is missing.
    """

    evidence: Evidence
    options: tuple[str, ...]
    complete: bool

    @property
    def probes(self) -> tuple[str, ...]:
        """The ids of the probes that need no measuring any more."""
        return tuple(sorted({probe.id for probe in self.evidence.probes}))

    def serves(self, options: Sequence[str]) -> bool:
        """Whether a measurement with *options* would measure the same."""
        return self.options == tuple(options)


def settled(evidence: Evidence, options: Sequence[str], *, complete: bool) -> Kept | None:
    """What of *evidence* is worth keeping, or None where nothing is.

    Models are estimated from several sizes together: of them all is kept or nothing.
    """
    if complete:
        return Kept(evidence, tuple(options), complete=True)
    ids = {probe.id for probe in evidence.probes}
    whole = [
        name
        for name in ids
        if not name.startswith("model:")
        and all(_is_settled(probe) for probe in evidence.probes if probe.id == name)
    ]
    probes = [probe for probe in evidence.probes if probe.id in whole]
    if not probes:
        return None
    return Kept(replace(evidence, probes=probes, works=[]), tuple(options), complete=False)


def _is_settled(probe: Probe) -> bool:
    return bool(probe.comparisons) and all(c.called for c in probe.comparisons)


def keep(kept: Kept, directory: Path) -> None:
    """Write *kept* into *directory*.

    Raises:
        UserError: the place cannot be written to.
    """
    from advisor.evidence import to_data
    from advisor.files import write_whole
    from advisor.jsonio import dumps

    document = {
        "schema": SCHEMA,
        "options": list(kept.options),
        "complete": kept.complete,
        "evidence": to_data(kept.evidence),
    }
    write_whole(directory / _FILE, dumps(document), private=True)


def take_up(directory: Path) -> Kept | None:
    """What `keep` wrote into *directory*; None where nothing is that can be used."""
    from advisor.errors import UserError
    from advisor.evidence_io import evidence_from
    from advisor.jsonio import read_json
    from advisor.owned import refuse_foreign

    path = directory / _FILE
    with contextlib.suppress(UserError, OSError):
        refuse_foreign(path)
        document: Any = read_json(path)
        if isinstance(document, dict) and document.get("schema") == SCHEMA:
            evidence = evidence_from(document.get("evidence"), name=str(path))
            options = document.get("options")
            if isinstance(options, list):
                return Kept(evidence, tuple(map(str, options)), document.get("complete") is True)
    return None


def forget(directory: Path) -> None:
    """Remove what `keep` wrote: an interview that ended has a report."""
    with contextlib.suppress(OSError):
        (directory / _FILE).unlink(missing_ok=True)


def complete(evidence: Evidence) -> bool:
    """Whether *evidence* holds times of everything that was planned."""
    entries = [e for p in evidence.probes for e in p.entries]
    left_out = any(n.id == "toolchain-left-out" for n in evidence.notices)
    return bool(entries) and all(e.status == "ok" or e.untried for e in entries) and not left_out
