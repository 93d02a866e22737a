"""The models of a decision: ``fw-advisor/decision@1``.

A decision is made of parts: facts, values, outcomes, rule ids, quantities. Fields called `text`,
`headline`, `when` and the like hold words; deciding leaves them empty, and
`advisor.render.decision_words` fills them in before a document is written. Only what a rule says in
its own data (a title, what lifts a veto) is text from the start.
"""

from __future__ import annotations

from advisor.decision.because import (
    CirculatingClaim,
    Contradiction,
    Criterion,
    DecisionNotice,
    DecisionReason,
    Note,
    RuleWaiting,
    Veto,
)
from advisor.decision.document import SCHEMA, Decision, Replay, ToolInfo
from advisor.decision.otherwise import CostPart, Flip, MachinePart, Revisit, TargetPart, Unknown
from advisor.decision.parts import CRITERIA, DecisionPart, Provenance, Severity, Status
from advisor.decision.performance import (
    LeftOutPart,
    Performance,
    TrustState,
    TrustStep,
    WinnerChangePart,
    WorkloadPart,
    WorkPart,
    WorkRun,
    WorkStep,
)
from advisor.decision.recommended import (
    InstallLine,
    ModeReason,
    Option,
    Recommended,
    StackEntry,
    SwitchingPart,
    SwitchingStep,
)

__all__ = [
    "CRITERIA",
    "SCHEMA",
    "CirculatingClaim",
    "Contradiction",
    "CostPart",
    "Criterion",
    "Decision",
    "DecisionNotice",
    "DecisionPart",
    "DecisionReason",
    "Flip",
    "InstallLine",
    "LeftOutPart",
    "MachinePart",
    "ModeReason",
    "Note",
    "Option",
    "Performance",
    "Provenance",
    "Recommended",
    "Replay",
    "Revisit",
    "RuleWaiting",
    "Severity",
    "StackEntry",
    "Status",
    "SwitchingPart",
    "SwitchingStep",
    "TargetPart",
    "ToolInfo",
    "TrustState",
    "TrustStep",
    "Unknown",
    "Veto",
    "WinnerChangePart",
    "WorkPart",
    "WorkRun",
    "WorkStep",
    "WorkloadPart",
]
