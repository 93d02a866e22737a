"""The models of a decision: ``fw-advisor/decision@1``.

A decision is made of parts: facts, values, outcomes, rule ids, quantities. Fields called `text`,
`headline`, `when` and the like hold words; deciding leaves them empty, and
`advisor.render.decision_words` fills them in before a document is written. Only what a rule says in
its own data (a title, what lifts a veto) is text from the start.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from advisor.pair import Framework

SCHEMA: Literal["fw-advisor/decision@1"] = "fw-advisor/decision@1"

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
# What a record of somebody else may hold and logarithms can be taken of.
Times = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Ends = Annotated[list[Times], Field(min_length=2, max_length=2)]
Level = Annotated[float, Field(gt=0.5, lt=1)]
Spread = Annotated[float, Field(ge=0, le=100)]
Severity = Literal["info", "warning", "problem"]


class DecisionPart(BaseModel):
    """Base of every part of the document."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Provenance(DecisionPart):
    """Where a statement comes from: measured here, a dated rule with its source, or an answer.

    `ref` is a source, a workload or a fact; `value` what the fact is. Of a measurement `value` is
    ``{ratio, ci, weight}`` with JAX as the one that is compared; so it is of what the ``library``
    or somebody who ``published`` it says of another machine.
    """

    kind: Literal[
        "measured", "library", "published", "rule", "answer", "detected", "default", "computed"
    ]
    ref: str
    value: Any = None
    text: str = ""
    url: str | None = None
    date: str | None = None


class ModeReason(DecisionPart):
    """Why a mode is recommended.

    Attributes:
        kind: ``jit`` (JAX is used compiled), ``measured`` (what compiling gains and costs here),
            ``rule``, or ``unmeasured``.
        gain: How many times as fast compiled steps are.
        workloads: Where that was measured.
        compile_s: What compiling takes, seconds.
        break_even_steps: Steps after which it has paid; None where that is not known.
        steps_per_run: Steps of a run, answered or assumed.
        restarts_per_day: Starts a day, where they were answered.
    """

    kind: Literal["jit", "measured", "rule", "unmeasured"]
    gain: float | None = None
    worthwhile: bool = True
    workloads: list[str] = []
    rule: str | None = None
    compile_s: float | None = None
    break_even_steps: float | None = None
    steps_per_run: float | None = None
    steps_assumed: bool = False
    restarts_per_day: float | None = None


class StackEntry(DecisionPart):
    """One library to start with, and the rule that suggests it."""

    package: str
    why: str = ""
    rule: str
    source: Provenance | None = None


class InstallLine(DecisionPart):
    """One command that installs what is recommended, or why there is none.

    Without a `command`, `note` says why, and `instead` what to do.
    """

    command: str = ""
    note: str = ""
    instead: str = ""
    sources: list[str] = []
    reviewed: str = ""


class Recommended(DecisionPart):
    """What is recommended: a framework, the mode to run it in and the libraries to start with."""

    framework: Framework | None = None
    mode: str | None = None
    mode_because: ModeReason | None = None
    mode_reason: str | None = None
    stack: list[StackEntry] = []
    install: list[InstallLine] = []
    tie_break: Framework | None = None
    tie_break_because: Literal["codebase", "skill", "ahead", "convention"] | None = None
    tie_break_reason: str | None = None


class Option(DecisionPart):
    """One framework as a candidate."""

    framework: Framework
    feasible: bool
    conditional: bool = False
    vetoes: list[str] = []
    p_first: Share | None = None
    p_clear: Share | None = None
    utility: float | None = None


class Criterion(DecisionPart):
    """One criterion: its mean weight, the mean value of each framework, and their difference.

    `contribution` is the mean weighted difference JAX minus PyTorch: above 0 it favours JAX.
    `measured` is the share of a measurement in what is believed of the speed: 1 where it
    replaces every claim about the same, None where nothing was measured.
    """

    id: CriterionId
    weight: Share
    pytorch: float | None = None
    jax: float | None = None
    contribution: float = 0.0
    from_: Literal["measured", "rules", "answers", "none"] = Field(alias="from")
    measured: Share | None = None
    rules: list[str] = []


class DecisionReason(DecisionPart):
    """One reason: what it favours, how much of the difference it makes, and its provenance.

    `text` is the rule's title; of a measurement (`rule` is None) it is worded from `performance`.
    """

    rule: str | None = None
    probe: str | None = None
    favours: Framework
    criterion: CriterionId
    contribution: float
    text: str = ""
    source: Provenance | None = None
    sources: list[Provenance] = []
    age_days: int | None = None
    because: list[Provenance] = []
    strength: str | None = None


class Contradiction(DecisionPart):
    """A measurement that disagrees with a rule, by name; logarithms to base 2, above 0 for JAX."""

    rule: str
    probes: list[str]
    text: str = ""
    believed_log2: float
    measured_log2: float


class Veto(DecisionPart):
    """A hard constraint that fired, what it costs and what would lift it.

    `price` is the expected utility that is given up, scale 0 to 1; `left` the option that remains.
    """

    rule: str
    framework: Framework
    title: str = ""
    price: float | None = None
    left: Framework | None = None
    price_text: str = ""
    lifts: str = ""
    status: Literal["active", "conditional", "expired"] = "active"
    waits_for: list[str] = []
    source: Provenance | None = None


class Flip(DecisionPart):
    """A change that alters the outcome; judged again in full before it was written down.

    `change` holds the new answers by key, or one of ``measured.jax_speedup`` (the ratio from which
    on), ``weight.CRITERION`` (the share from which on), ``today`` (the date from which on) and
    ``lift`` (rule ids of vetoes); `now` what stands there today (a key is missing where nothing
    was answered or measured). `then` is the framework that would be recommended, or the status
    where none would be. `reach` says how a team would get there: it controls the answer, the
    answer is uncertain, the number lies near, or it would be another project.
    """

    change: dict[str, Any]
    now: dict[str, Any] = {}
    then: str
    then_status: Status
    reach: Literal["uncertain", "own", "near", "distant", "other_project"] = "own"
    condition: str = ""
    outcome: str = ""
    text: str = ""


class Unknown(DecisionPart):
    """Something not known, and what knowing it would be worth, in utility.

    `chance_of_change` is how likely the outcome, status or framework, would be another.
    """

    fact: str | None = None
    probe: str | None = None
    value_of_information: float
    chance_of_change: Share = 0.0
    rules_waiting: int = 0
    text: str = ""


class Revisit(DecisionPart):
    """When to look at the decision again.

    `kind` is ``claim_expires`` (the first decisive one), ``claim_expired`` (any that spoke),
    ``speed`` (a measured ratio beyond `condition`) or ``event`` (what `rule` watches for).
    """

    kind: Literal["claim_expires", "claim_expired", "speed", "event"]
    when: str = ""
    date: str | None = None
    condition: dict[str, Any] | None = None
    rule: str | None = None


class DecisionNotice(DecisionPart):
    """What a reader must know about how the decision was made; `values` by name, rules by id."""

    id: str
    severity: Severity
    values: dict[str, Any] = {}
    rules: list[str] = []
    text: str = ""


class Note(DecisionPart):
    """A rule that scores nothing and should be known."""

    rule: str
    title: str
    text: str = ""
    sources: list[Provenance] = []
    because: list[Provenance] = []
    age_days: int | None = None


class RuleWaiting(DecisionPart):
    """A rule that waits for answers."""

    rule: str
    waits_for: list[str] = []


class LeftOutPart(DecisionPart):
    """Something measured, or not, that does not count for speed: which, why, in which evidence."""

    workload: str
    reason: str
    values: dict[str, Any] = {}
    text: str = ""
    evidence: int | None = None


class WinnerChangePart(DecisionPart):
    """Where the winner changes: by size or cores, between which two, and about where."""

    by: Literal["size", "cores"]
    between: list[dict[str, Any]]
    at: dict[str, Any] | None = None


class WorkloadPart(DecisionPart):
    """What one workload says about the task's speed."""

    id: str
    ratio: Times
    ci: Ends
    weight: float
    because: str = ""
    winners_differ: bool = False
    winner_changes: list[WinnerChangePart] = []
    cells: list[dict[str, Any]] = []


class WorkStep(DecisionPart):
    """One step of the model in one framework's best mode; seconds. `ci` is at 95 %."""

    framework: str
    mode: str
    step_s: float | None = None
    ci: Ends | None = None
    compile_s: float | None = None


class WorkRun(DecisionPart):
    """A run of so many `steps` in each framework on the machine that was measured, seconds.

    Compiling is counted once. `assumed` says that nobody answered how many steps a run has.
    """

    steps: float
    assumed: bool = False
    pytorch_s: float
    jax_s: float


class WorkPart(DecisionPart):
    """The model that stands for the team's work: the decision's speed is its ratio.

    `asked` says that the team named it; otherwise it is the standard model of the task. `steps`
    are those of both frameworks, PyTorch first. `extrapolated`, `usual`, `unlike` and `verdict`
    are as the evidence has them; `others` are further sizes that were measured where nobody said
    which, and `depends_on_size` that the winner changes among them. `break_even_steps` is the
    length of a run from which on the framework with the faster step is also the faster one,
    compiling included; None where it compiles no longer than the other. `machines` of one kind
    were measured, whose `spread` (standard deviation of the logarithm) is part of the carry-over.
    """

    model: str
    name: str = ""
    title: str = ""
    size: dict[str, Any] = {}
    precision: str = ""
    device: str = ""
    cores: int | None = None
    evidence: int = 0
    verdict: str = "inconclusive"
    steps: list[WorkStep] = []
    extrapolated: dict[str, Any] | None = None
    usual: dict[str, Any] | None = None
    unlike: list[str] = []
    asked: bool = False
    carry_over: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    depends_on_size: bool = False
    run: WorkRun | None = None
    break_even_steps: float | None = None
    machines: int = 1
    spread: Spread | None = None


TrustState = Literal["decides", "beside", "replaced", "other_hardware", "absent"]


class TrustStep(DecisionPart):
    """One class of what is known of the speed; they stand in the order of trust.

    `state` says whether it decides, stands beside a nearer one, is replaced by one, was measured
    on hardware unlike the one that will train, or is absent. `share` is its part in what is
    believed. `ratio` is JAX as against PyTorch with its 95 % interval, `factor` how far the work
    itself may lie from it (one standard deviation). `machine` is where it was measured, as the
    evidence describes it; only the first two steps are ever of this machine. `machines` of one
    kind were measured, whose `spread` is part of the factor.
    """

    step: Literal["own_model_here", "family_here", "library", "published", "rule"]
    state: TrustState
    share: Share | None = None
    names: list[str] = []
    model: str = ""
    size: dict[str, Any] = {}
    size_kind: str = ""
    ratio: Times | None = None
    ci: Ends | None = None
    factor: Times | None = None
    factor_from: str = ""
    machine: dict[str, Any] = {}
    measured_on: str = ""
    tool: str = ""
    pairs: list[str] = []
    source: str = ""
    machines: int = 1
    spread: Spread | None = None


class CostPart(DecisionPart):
    """What the work costs in one framework on one kind of machine, at the price the team gave.

    In the price's own currency. `run` is a run of `steps` with one compilation, `per_million` a
    million samples; their intervals follow from that of the step's time (95 %) alone. None where
    the evidence does not say how many samples a step has.
    """

    kind: str
    machine: dict[str, Any] = {}
    framework: Framework
    mode: str
    per_hour: float
    currency: str = ""
    steps: float
    steps_assumed: bool = False
    run: float
    run_ci: list[float] | None = None
    per_million: float | None = None
    per_million_ci: list[float] | None = None


class MachinePart(DecisionPart):
    """What would be decided if the model trained on this one of several kinds of machine only.

    `evidence` are positions among the files, one per machine; `spread` is the standard deviation
    of the logarithm of the ratio between machines of the kind, None for a single one.
    """

    kind: str
    machine: dict[str, Any] = {}
    hardware: str | None = None
    trains: bool = False
    machines: int = 1
    evidence: list[int] = []
    status: Status
    framework: Framework | None = None
    leader: Framework | None = None
    p_clear: Share = 0.0
    model: str = ""
    ratio: Times | None = None
    ci: Ends | None = None
    open: bool = True
    spread: Spread | None = None
    rows: list[dict[str, Any]] = []


class Performance(DecisionPart):
    """The measured speed of JAX as against PyTorch: that of one model, `work`.

    `ratio` above 1: JAX is faster; `ci` holds at `level`. `transfer_factor` says how far the
    team's own work may lie from it. The `workloads` explain it and do not make it; `coverage` is
    the share of the task that they are.
    """

    ratio: Times | None = None
    ci: Ends | None = None
    level: Level = 0.95
    winner_open: bool = False
    partial: bool = False
    device: str | None = None
    matched_hardware: bool | None = None
    one_of_several: bool = False
    coverage: float | None = None
    transfer_factor: Times | None = None
    work: WorkPart | None = None
    workloads: list[WorkloadPart] = []
    left_out: list[LeftOutPart] = []
    trust: list[TrustStep] = []


class TargetPart(DecisionPart):
    """What would be decided if the model ran in this one of several places only."""

    target: str
    status: Status
    framework: Framework | None = None
    leader: Framework | None = None
    p_clear: Share = 0.0


class SwitchingStep(DecisionPart):
    """One part of changing: moving the code, proving it, learning; in person-weeks."""

    what: Literal["port", "prove", "learn"]
    low_weeks: float
    high_weeks: float
    source: str
    date: str


class SwitchingPart(DecisionPart):
    """What changing to a framework takes this team, from a good day to a bad one.

    `leaving` is what being wrong about it costs: moving on to the other one later. All of it in
    person-weeks; every figure is a judgement of the rule base, as its `source` says.
    """

    to: Framework
    low_weeks: float
    high_weeks: float
    steps: list[SwitchingStep] = []
    leaving: tuple[float, float]


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


class CirculatingClaim(DecisionPart):
    """A claim that circulates and bears on the answers, with its verdict by the evidence.

    Words throughout: they are made when the decision is worded, from the shipped claims.
    """

    id: str
    text: str
    verdict: str
    because: str
    number: float | None = None
    quantity: str | None = None
    reproduce: str = ""
    source: str | None = None


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
