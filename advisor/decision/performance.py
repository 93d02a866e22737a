"""The decision's part on speed: the ratio, its model, what explains it, what is trusted how far."""

from __future__ import annotations

from typing import Any, Literal

from advisor.decision.parts import DecisionPart, Ends, Level, Share, Spread, Times


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
    are those of both frameworks, PyTorch first. `extrapolated`, `usual`, `untried`, `unlike` and
    `verdict` are as the evidence has them; `others` are further sizes that were measured where
    nobody said which, and `depends_on_size` that the winner changes among them.
    `break_even_steps` is the length of a run from which on the framework with the faster step is
    also the faster one, compiling included; None where it compiles no longer than the other.
    `machines` of one kind were measured, whose `spread` (standard deviation of the logarithm) is
    part of the carry-over. `launches` is how many its ratio rests on; one calls nothing.
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
    untried: dict[str, Any] | None = None
    unlike: list[str] = []
    asked: bool = False
    carry_over: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    depends_on_size: bool = False
    run: WorkRun | None = None
    break_even_steps: float | None = None
    machines: int = 1
    spread: Spread | None = None
    launches: int = 0


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
