"""The numbers: blocks, launches and entries that were timed; and what was compared, as ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from advisor.bounds import Bytes, Count, Id, Limits, Seconds, ShortText, TimeRatio
from advisor.evidence.setting import Gate
from advisor.pair import CALLED, Framework
from advisor.ratio import LEVEL, Ratio, error_of
from advisor.reason import Reason

EntryStatus = Literal["ok", "skipped", "failed", "timeout", "invalid", "interrupted"]
VerdictWord = Literal["a_faster", "b_faster", "equivalent", "inconclusive", "invalid"]
UNTRIED = "way-untried"
"""The reason of a way to write a model for which a budget had no time."""
NARROWEST = 1e-4
"""The least standard error of a measured ratio: what is written is rounded."""


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

    @property
    def untried(self) -> bool:
        """Whether it is one of several ways to write a model that a budget had no time to try."""
        return self.reason is not None and self.reason.id == UNTRIED


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
class UntriedWays:
    """Ways to write the model that were not tried, for want of time or by the profile.

    `a_gained` and `b_gained` are how many times as fast such ways have made the side of `a` or `b`
    elsewhere, at most; 1 where every way of that framework was tried.
    """

    modes: list[Id] = field(default_factory=list)
    a_gained: TimeRatio = 1.0
    b_gained: TimeRatio = 1.0


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
    not; `usual` what the ordinary ways to write it gave where a rewrite was faster; `untried` which
    of them were not tried, None where all were; `carry_over` how far the ratio may be from the
    team's own work, as a factor (one standard deviation), and which table says so.
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
    untried: UntriedWays | None = None
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
