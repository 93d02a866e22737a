"""What was measured: ``fw-advisor/evidence@1``, stated once.

The dataclasses that measuring fills, deciding reads and reports show; `advisor.evidence_io` only
validates them at the border. Failures are parts and not absences, None never means 0. Where
something is said (a reason, a gate, a notice) the part holds an id and values; `text` and `hint`
are the words for them, which `advisor.render.wording` fills in before a document is written.

Standard library only: a bare node measures with these too. It must not know how anything is
measured, decided or worded.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from advisor.bounds import Bytes, Checked, Count, Id, Limits, Seconds, ShortText, TimeRatio
from advisor.pair import CALLED, Framework
from advisor.ratio import LEVEL, Ratio, error_of
from advisor.reason import Reason as Reason  # noqa: PLC0414  (readers of evidence take it here)
from advisor.scaling import Scaling, refuse_baseless

SCHEMA = "fw-advisor/evidence@1"

EntryStatus = Literal["ok", "skipped", "failed", "timeout", "invalid", "interrupted"]
VerdictWord = Literal["a_faster", "b_faster", "equivalent", "inconclusive", "invalid"]
GateStatus = Literal["passed", "failed", "not_applicable", "unknown"]
NARROWEST = 1e-4
"""The least standard error of a measured ratio: what is written is rounded."""

Severity = Literal["info", "warning", "problem"]


@dataclass(frozen=True)
class Notice:
    """Something that a reader of the evidence should know."""

    id: Id
    severity: Severity = "info"
    case: Id = ""
    values: dict[str, Any] = field(default_factory=dict)
    text: ShortText = ""
    hint: ShortText = ""


@dataclass(frozen=True)
class Gate:
    """One condition that had to hold, and whether it did.

    `case` names which of the gate's sentences holds (its id and status alone where it is empty);
    `values` are what that sentence is about. `value` and `limit` are the number and its bound.
    """

    id: Id
    status: GateStatus
    case: Id = ""
    values: dict[str, Any] = field(default_factory=dict)
    text: ShortText = ""
    value: Any = None
    limit: Any = None
    modes: list[Id] = field(default_factory=list)


@dataclass(frozen=True)
class Accelerator:
    """One accelerator that the driver or a framework reports.

    With `mig` a process sees one part of it, and name and memory are those of the whole.
    """

    kind: Id
    name: ShortText = ""
    count: int = 1
    memory_bytes: Bytes | None = None
    driver: ShortText | None = None
    compute_capability: Id | None = None
    mig: bool | None = None
    mig_devices: int | None = None
    mig_profiles: list[Id] = field(default_factory=list)


@dataclass(frozen=True)
class Machine:
    """The machine without its name or its user.

    `label` is what people call it, `kind` what a fleet calls all machines that are like it.
    """

    os: ShortText = "unknown"
    arch: ShortText = "unknown"
    cpu: ShortText = "unknown"
    cores_physical: int | None = None
    cores_usable: int | None = None
    cpu_quota: float | None = None
    memory_bytes: Bytes | None = None
    accelerators: list[Accelerator] = field(default_factory=list)
    label: ShortText | None = None
    kind: ShortText | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Toolchain:
    """One interpreter and the framework it holds."""

    framework: Framework
    version: ShortText | None = None
    python: ShortText | None = None
    interpreter: ShortText = ""
    devices: list[Any] = field(default_factory=list)
    precision: Any = None
    threads: Any = None
    environment: dict[str, ShortText] = field(default_factory=dict)
    packages: dict[str, ShortText] = field(default_factory=dict)
    problem: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Block:
    """One short timed stretch of one mode inside a launch.

    The counters are those of the worker's process during the block: CPU time, time that its
    threads waited for a CPU, time that the hypervisor took, time under pressure and under a
    quota's throttle, the clock. `foreign_share` is what others used of the CPUs in its round.
    None where the system does not tell.
    """

    round: int = 0
    samples_s: list[Seconds] = field(default_factory=list)
    calls_per_sample: int = 1
    wall_s: Seconds | None = None
    cpu_s: Seconds | None = None
    run_delay_s: Seconds | None = None
    steal_s: Seconds | None = None
    pressure_s: Seconds | None = None
    throttled_s: Seconds | None = None
    switches: Count | None = None
    clock_hz: Count | None = None
    compile_events: int = 0
    foreign_share: Count | None = None
    kept: bool = True
    dropped_by: list[Id] = field(default_factory=list)


@dataclass(frozen=True)
class Latency:
    """Single calls, each waited for, of all launches together."""

    calls: int
    p50_s: Seconds
    p95_s: Seconds
    p99_s: Seconds


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One fresh worker process, and what one mode did in it."""

    index: int
    median_s: Seconds | None = None
    noisy: bool = False
    import_s: Seconds | None = None
    first_call_s: Seconds | None = None
    compile_s: Seconds | None = None
    peak_memory_bytes: Bytes | None = None
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One mode of one probe: its times, or why there are none. `interval_s` is at 95 %.

    Where `disturbed`, others used the CPUs during most launches: the times are what was seen then.
    """

    framework: Framework
    mode: Id
    status: EntryStatus
    reason: Reason | None = None
    toolchain: int | None = None
    variant: ShortText | None = None
    median_s: Seconds | None = None
    p95_s: Seconds | None = None
    interval_s: tuple[Seconds, Seconds] | None = None
    disturbed: bool = False
    latency: Latency | None = None
    effective_cores: Annotated[float, Limits(ge=0, le=1e5)] | None = None
    import_s: Seconds | None = None
    first_call_s: Seconds | None = None
    compile_s: Seconds | None = None
    compile_warm_s: Seconds | None = None
    first_result_s: Seconds | None = None
    first_result_warm_s: Seconds | None = None
    stream_s: Seconds | None = None
    peak_memory_bytes: Bytes | None = None
    counters: dict[str, Any] = field(default_factory=dict)
    launches: list[Launch] = field(default_factory=list)


def refuse_impossible(entry: Entry) -> None:
    """Refuse times that no mode can have.

    Raises:
        ValueError: with what is wrong.
    """
    if entry.interval_s is not None and entry.interval_s[0] > entry.interval_s[1]:
        raise ValueError("interval_s ends before it begins")
    if entry.status == "ok" and entry.launches and entry.median_s is None:
        raise ValueError("it ran, but its median is no number")


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Whether the modes computed the same thing from the same inputs.

    `problems` says by mode what differs: an id and values each, like a reason. `compared` is what
    was looked at of a user's own step, and how closely.
    """

    status: Literal["ok", "failed", "not_applicable", "not_checked"] = "not_checked"
    forward_max_abs: float | None = None
    grad_max_abs: float | None = None
    loss_curve_max_abs: float | None = None
    parameters_equal: bool | None = None
    inputs_sha256: ShortText | None = None
    reason: Reason | None = None
    problems: dict[Id, Reason] = field(default_factory=dict)
    compared: dict[Id, Any] = field(default_factory=dict)


class Compared:
    """Something that is *a* as against *b*, or with as against without; it adds no field."""

    time_ratio: TimeRatio | None
    ci: tuple[TimeRatio, TimeRatio] | None
    level: float
    launches: int

    @property
    def ratio(self) -> Ratio | None:
        """How many times as fast the one is as the other, called or not."""
        if self.time_ratio is None or self.ci is None:
            return None
        degrees = self.launches - 1 if self.launches > 1 else math.inf
        se = error_of(self.ci, level=self.level, degrees=degrees)
        return Ratio(math.log(self.time_ratio), max(se, NARROWEST), degrees)


@dataclass(frozen=True, kw_only=True)
class Comparison(Compared):
    """Two modes of one probe. `time_ratio` is time of b over time of a: above 1, a is faster.

    `ci` holds at `level`, which several looks make stricter than 95 %; its degrees of freedom are
    those of so many `launches`. `spread` is the standard deviation of the logarithm of the ratio
    between launches.
    """

    a: Id
    b: Id
    time_ratio: TimeRatio | None = None
    ci: tuple[TimeRatio, TimeRatio] | None = None
    level: Annotated[float, Limits(gt=0.5, lt=1)] = LEVEL
    launches: int = 0
    verdict: VerdictWord
    reason: Reason | None = None
    margin: float | None = None
    spread: float | None = None
    pairing: Literal["paired", "unpaired"] = "paired"
    certificate: list[Gate] = field(default_factory=list)

    @property
    def called(self) -> bool:
        """Whether it says which is faster, or that neither is."""
        return self.verdict in CALLED

    def called_ratio(self, *, one: str) -> Ratio | None:
        """How many times as fast the mode *one* is as the other; None where it was not called."""
        if not self.called or self.ratio is None:
            return None
        return self.ratio if one == self.a else self.ratio.turned


def refuse_inconsistent(comparison: Comparison | Work) -> None:
    """Refuse a ratio that is no ratio of these, and a verdict that its own numbers contradict.

    Raises:
        ValueError: with what is wrong.
    """
    ratio, interval = comparison.time_ratio, comparison.ci
    if ratio is not None and interval is not None and not interval[0] <= ratio <= interval[1]:
        raise ValueError("time_ratio lies outside its own interval")
    if not comparison.called:
        return
    if ratio is None or interval is None:
        raise ValueError(f"the verdict {comparison.verdict!r} needs time_ratio and ci")
    low, high = interval
    if comparison.verdict == "a_faster" and low <= 1:
        raise ValueError("a_faster, but the interval reaches 1 or below")
    if comparison.verdict == "b_faster" and high >= 1:
        raise ValueError("b_faster, but the interval reaches 1 or above")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One workload at one size, device, core count and precision, over its modes."""

    id: Id
    title: ShortText = ""
    device: Id = "cpu"
    cores: int | None = None
    precision: Id = "float32"
    size: dict[str, Any] = field(default_factory=dict)
    size_name: Id | None = None
    variant_of: Id | None = None
    weighs: bool = True
    stream_calls: int | None = None
    flops: Count | None = None
    bytes: Count | None = None
    samples_per_step: float | None = None
    entries: list[Annotated[Entry, Checked(refuse_impossible)]] = field(default_factory=list)
    parity: Parity = field(default_factory=Parity)
    gates: list[Gate] = field(default_factory=list)
    comparisons: list[Annotated[Comparison, Checked(refuse_inconsistent)]] = field(
        default_factory=list
    )


@dataclass(frozen=True, kw_only=True)
class WorkMode:
    """The time of one step of a model in one mode; `ci` is at 95 %.

    `chosen` says that it is the fastest of its framework; only those were measured on launches
    that estimate, at the size asked for.
    """

    mode: Id
    step_s: Seconds
    ci: tuple[Seconds, Seconds] | None = None
    chosen: bool = False
    variant: ShortText | None = None
    compile_s: Seconds | None = None


@dataclass(frozen=True, kw_only=True)
class UsualWay:
    """The fastest modes among those that no program of its own has to be written for.

    Only where a rewrite was chosen. `time_ratio` has the sign of the work's, and is from the
    launch that chose: a look, without an interval.
    """

    a: Id
    b: Id
    time_ratio: TimeRatio

    @property
    def ordered(self) -> tuple[str, str, float]:
        """The faster mode, the slower one, and how many times as fast it is."""
        if self.time_ratio >= 1:
            return self.a, self.b, self.time_ratio
        return self.b, self.a, 1 / self.time_ratio


@dataclass(frozen=True, kw_only=True)
class Extrapolated:
    """That a model was measured at smaller depths: time is linear in the number `key`.

    `checked` is the ratio predicted for a third depth over the one measured there; None where
    there was none.
    """

    key: Id
    asked: int
    measured: list[int]
    checked: TimeRatio | None = None


@dataclass(frozen=True, kw_only=True)
class Work(Compared):
    """One model at one size: what predicts the team's own work. Signs as in a `Comparison`.

    `a` is the fastest mode of PyTorch, `b` that of JAX, chosen on launches that do not estimate.
    `ci` holds at `level` over `launches`. `unlike` names what the work has and the model does
    not; `usual` what the ordinary ways to write it gave where a rewrite was faster; `carry_over`
    how far the ratio may be from the team's own work, as a factor (one standard deviation), and
    which table says so.
    """

    model: Id
    name: Id = ""
    title: ShortText = ""
    size: dict[str, Any] = field(default_factory=dict)
    precision: Id = "float32"
    device: Id = "cpu"
    cores: int | None = None
    samples_per_step: float | None = None
    modes: list[WorkMode] = field(default_factory=list)
    a: Id | None = None
    b: Id | None = None
    time_ratio: TimeRatio | None = None
    ci: tuple[TimeRatio, TimeRatio] | None = None
    level: Annotated[float, Limits(gt=0.5, lt=1)] = LEVEL
    launches: int = 0
    verdict: VerdictWord = "inconclusive"
    reason: Reason | None = None
    extrapolated: Extrapolated | None = None
    usual: UsualWay | None = None
    unlike: list[Id] = field(default_factory=list)
    carry_over: dict[Id, Any] | None = None

    @property
    def called(self) -> bool:
        """Whether it says which is faster, or that neither is."""
        return self.verdict in CALLED

    def step_s(self, mode: str | None) -> float | None:
        """The time of a step in *mode*, seconds."""
        return next((m.step_s for m in self.modes if m.mode == mode), None)


@dataclass(frozen=True, kw_only=True)
class Attribution(Compared):
    """One thing toggled in one mode. `time_ratio` is the time without it over the time with it.

    `kind` is ``cores`` (all of them against one), ``compile``, or ``variant`` (the same work
    written another way, `size` against `size_off`). `ci` holds at `level` over `launches`.
    """

    kind: Id
    probe: Id
    device: Id = "cpu"
    precision: Id = "float32"
    mode: Id
    mode_off: Id
    size: Id | None = None
    size_off: Id | None = None
    cores: int | None = None
    cores_off: int | None = None
    time_ratio: TimeRatio
    ci: tuple[TimeRatio, TimeRatio]
    level: Annotated[float, Limits(gt=0.5, lt=1)] = LEVEL
    launches: int = 0
    effect: Literal["faster", "slower", "equal", "open"]


@dataclass(frozen=True, kw_only=True)
class Selftest:
    """Whether measuring worked here: identical code called equal, a planted slowdown found.

    `aa_log_sd` is the spread (standard deviation of the natural logarithm of the ratio) between
    launches of identical code.
    """

    status: Literal["passed", "failed", "not_run"]
    aa_log_sd: float | None = None
    planted_detected: bool | None = None
    reason: Reason | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What one framework did in one small check: flags, numbers, short texts, lists of numbers.

    `findings` are as the check names them; there are none where it failed, with its `reason`.
    """

    check: Id
    framework: Framework
    version: ShortText | None = None
    status: EntryStatus
    reason: Reason | None = None
    seconds: Seconds | None = None
    findings: dict[Id, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tool:
    """What wrote the document."""

    name: Id = "fw-advisor"
    version: Id = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything measured in one run on one machine.

    `resumed` is how many of its launches come from before an interruption, where there was one.
    """

    schema: Literal["fw-advisor/evidence@1"] = "fw-advisor/evidence@1"
    tool: Tool = field(default_factory=Tool)
    created: Id = ""
    settings: Literal["matched", "default"] = "matched"
    profile: Id = "standard"
    seed: int | None = None
    machine: Machine = field(default_factory=Machine)
    toolchains: list[Toolchain] = field(default_factory=list)
    selftest: Selftest | None = None
    probes: Annotated[list[Probe], Limits(max_length=5000)] = field(default_factory=list)
    works: Annotated[
        list[Annotated[Work, Checked(refuse_inconsistent)]], Limits(max_length=500)
    ] = field(default_factory=list)
    spent_s: dict[Id, Seconds] = field(default_factory=dict)
    attributions: Annotated[list[Attribution], Limits(max_length=50_000)] = field(
        default_factory=list
    )
    notices: list[Notice] = field(default_factory=list)
    behaviours: Annotated[list[Behaviour], Limits(max_length=1000)] = field(default_factory=list)
    resumed: Annotated[int, Limits(ge=0)] | None = None
    scaling: Annotated[
        list[Annotated[Scaling, Checked(refuse_baseless)]], Limits(max_length=500)
    ] = field(default_factory=list)


def to_data(part: Any) -> Any:
    """*part* as plain JSON values; its keys are the fields' names.

    An infinity or NaN, which JSON has no word for, is None: not known.
    """
    if isinstance(part, float) and not math.isfinite(part):
        return None
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return {f.name: to_data(getattr(part, f.name)) for f in dataclasses.fields(part)}
    if isinstance(part, Mapping):
        return {str(key): to_data(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [to_data(value) for value in part]
    return part
