"""The whole document, and what makes it replayable."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

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
from advisor.decision.otherwise import CostPart, Flip, MachinePart, Revisit, TargetPart, Unknown
from advisor.decision.parts import DecisionPart, Share, Status
from advisor.decision.performance import Performance
from advisor.decision.recommended import Option, Recommended, SwitchingPart
from advisor.pair import Framework

SCHEMA: Literal["fw-advisor/decision@1"] = "fw-advisor/decision@1"


class Replay(DecisionPart):
    """What makes the decision replayable."""

    answers_sha256: str
    evidence_sha256: list[str] = []
    library_sha256: list[str] = []
    rules_sha256: str
    seed: int
    samples: int
    tool_version: str
    today: str


class ToolInfo(DecisionPart):
    """What wrote the document."""

    name: str = "fw-advisor"
    version: str = ""
    rules: str = ""


class Decision(DecisionPart):
    """The decision: a pure function of answers, evidence, rules and seed.

    `leader` is the feasible framework that is most often clearly ahead; `tie_mass` the share of
    the samples in which the two are practically equal.
    """

    schema_: Literal["fw-advisor/decision@1"] = Field(default=SCHEMA, alias="schema")
    tool: ToolInfo = ToolInfo()
    created: str = ""
    project: str | None = None
    status: Status
    recommended: Recommended = Recommended()
    headline: str = ""
    confidence_text: str = ""
    leader: Framework | None = None
    tie_mass: Share = 0.0
    options: list[Option] = []
    criteria: list[Criterion] = []
    reasons: list[DecisionReason] = []
    contradictions: list[Contradiction] = []
    vetoes: list[Veto] = []
    flips: list[Flip] = []
    rests_on: list[str] = []
    unknowns: list[Unknown] = []
    revisit: list[Revisit] = []
    rules_silent: list[str] = []
    rules_fired: list[str] = []
    rules_unknown: list[RuleWaiting] = []
    rules_stale: list[str] = []
    notes: list[Note] = []
    performance: Performance = Performance()
    switching: list[SwitchingPart] = []
    targets: list[TargetPart] = []
    machines: list[MachinePart] = []
    costs: list[CostPart] = []
    notices: list[DecisionNotice] = []
    claims: list[CirculatingClaim] = []
    replay: Replay

    def to_dict(self) -> dict[str, Any]:
        """The document as it is written."""
        return self.model_dump(mode="json", by_alias=True)
