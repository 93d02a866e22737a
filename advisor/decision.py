"""The models of a decision: ``fw-advisor/decision@1``.

The document states; it does not render. Every sentence in it names where it comes from, so
that the terminal, HTML, Markdown and ADR can say nothing that is not in here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA: Literal["fw-advisor/decision@1"] = "fw-advisor/decision@1"

Framework = Literal["pytorch", "jax"]
Status = Literal[
    "recommend",
    "lean",
    "no_clear_winner",
    "insufficient_evidence",
    "forced",
    "no_feasible_option",
]
CriterionId = Literal[
    "ecosystem", "team", "performance", "iteration", "platform", "deployment", "risk"
]
CRITERIA: tuple[CriterionId, ...] = (
    "ecosystem",
    "team",
    "performance",
    "iteration",
    "platform",
    "deployment",
    "risk",
)
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """Base of every part of the document."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Provenance(Part):
    """Where a statement comes from: measured here, a dated rule with its source, or an answer."""

    kind: Literal["measured", "rule", "answer", "detected", "default", "computed"]
    ref: str
    text: str = ""
    url: str | None = None
    date: str | None = None


class Recommended(Part):
    """What is recommended: a framework, the mode to run it in and the libraries to start with."""

    framework: Framework | None = None
    mode: str | None = None
    mode_reason: str | None = None
    stack: list[dict[str, Any]] = []
    install: list[dict[str, Any]] = []
    tie_break: Framework | None = None
    tie_break_reason: str | None = None


class Option(Part):
    """One framework as a candidate."""

    framework: Framework
    feasible: bool
    conditional: bool = False
    vetoes: list[str] = []
    p_first: Share | None = None
    p_clear: Share | None = None
    utility: float | None = None


class Criterion(Part):
    """One criterion: its mean weight, the mean value of each framework, and their difference.

    `contribution` is the mean weighted difference JAX minus PyTorch: above 0 it favours JAX.
    """

    id: CriterionId
    weight: Share
    pytorch: float | None = None
    jax: float | None = None
    contribution: float = 0.0
    from_: Literal["measured", "rules", "answers", "none"] = Field(alias="from")
    rules: list[str] = []


class DecisionReason(Part):
    """One reason: what it favours, how much of the difference it makes, and its provenance."""

    rule: str | None = None
    probe: str | None = None
    favours: Framework
    criterion: CriterionId
    contribution: float
    text: str
    source: Provenance | None = None
    sources: list[Provenance] = []
    age_days: int | None = None
    because: list[Provenance] = []
    strength: str | None = None


class Contradiction(Part):
    """A measurement that disagrees with a rule, by name."""

    rule: str
    probe: str
    text: str
    believed_log2: float
    measured_log2: float


class Veto(Part):
    """A hard constraint that fired, what it costs and what would lift it."""

    rule: str
    framework: Framework
    title: str = ""
    price: float | None = None
    price_text: str = ""
    lifts: str = ""
    status: Literal["active", "conditional", "expired"] = "active"
    source: Provenance | None = None


class Flip(Part):
    """A change that alters the outcome; re-run before it was written down.

    `change` holds the new answers by key, or one of ``measured.jax_speedup`` (the ratio from which
    on), ``weight.CRITERION`` (the share from which on), ``today`` (the date from which on) and
    ``lift`` (rule ids of vetoes). `then` is the framework that would be recommended, or the status
    where none would be.
    """

    change: dict[str, Any]
    then: str
    then_status: Status
    text: str
    verified: bool = True


class Unknown(Part):
    """Something not known, and what knowing it would be worth (in utility, EVPI)."""

    fact: str | None = None
    probe: str | None = None
    value_of_information: float
    text: str = ""


class Revisit(Part):
    """When to look at the decision again."""

    when: str
    date: str | None = None
    condition: dict[str, Any] | None = None
    rule: str | None = None


class Replay(Part):
    """What makes the decision replayable."""

    answers_sha256: str
    evidence_sha256: list[str] = []
    rules_sha256: str
    seed: int
    samples: int
    tool_version: str
    today: str


class ToolInfo(Part):
    """What wrote the document."""

    name: str = "fw-advisor"
    version: str = ""
    rules: str = ""


class Decision(Part):
    """The decision: a pure function of answers, evidence, rules and seed."""

    schema_: Literal["fw-advisor/decision@1"] = Field(default=SCHEMA, alias="schema")
    tool: ToolInfo = ToolInfo()
    created: str = ""
    project: str | None = None
    status: Status
    recommended: Recommended = Recommended()
    headline: str
    confidence_text: str = ""
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
    rules_unknown: list[dict[str, Any]] = []
    rules_stale: list[str] = []
    notes: list[dict[str, Any]] = []
    performance: dict[str, Any] = {}
    notices: list[dict[str, Any]] = []
    replay: Replay

    def to_dict(self) -> dict[str, Any]:
        """The document as it is written."""
        return self.model_dump(mode="json", by_alias=True)
