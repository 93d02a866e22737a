"""What was measured: ``fw-advisor/evidence@1``, stated once.

The dataclasses that measuring fills, deciding reads and reports show; `advisor.evidence_io` only
validates them at the border. Failures are parts and not absences, None never means 0. Where
something is said (a reason, a gate, a notice) the part holds an id and values; `text` and `hint`
are the words for them, which `advisor.render.wording` fills in before a document is written.

Standard library only: a bare node measures with these too. It must not know how anything is
measured, decided or worded.
"""

from __future__ import annotations

from advisor.evidence.document import SCHEMA, Behaviour, Evidence, Probe, Selftest
from advisor.evidence.measured import (
    UNTRIED,
    Attribution,
    Block,
    Comparison,
    Entry,
    EntryStatus,
    Extrapolated,
    Latency,
    Launch,
    Parity,
    UntriedWays,
    UsualWay,
    VerdictWord,
    Work,
    WorkMode,
)
from advisor.evidence.setting import (
    Accelerator,
    Gate,
    GateStatus,
    Machine,
    Notice,
    Tool,
    Toolchain,
    to_data,
)
from advisor.reason import Reason

__all__ = [
    "SCHEMA",
    "UNTRIED",
    "Accelerator",
    "Attribution",
    "Behaviour",
    "Block",
    "Comparison",
    "Entry",
    "EntryStatus",
    "Evidence",
    "Extrapolated",
    "Gate",
    "GateStatus",
    "Latency",
    "Launch",
    "Machine",
    "Notice",
    "Parity",
    "Probe",
    "Reason",
    "Selftest",
    "Tool",
    "Toolchain",
    "UntriedWays",
    "UsualWay",
    "VerdictWord",
    "Work",
    "WorkMode",
    "to_data",
]
