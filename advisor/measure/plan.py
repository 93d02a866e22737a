"""What will be measured, in which sizes and modes, and about how long it takes.

Makes a plan from the catalogue of workloads, the toolchains and the user's wishes. Measures
nothing; knows the profiles. The seconds are estimates from the reference machine (2 cores) and
only serve to cut a plan to a budget and to tell the time left.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from advisor.devices import info_of, is_cpu
from advisor.evidence import Notice, Reason
from advisor.measure.catalogue import OfferedWorkload
from advisor.measure.choosing import choice_key, items_of_model, surely_too_large
from advisor.measure.models import AskedModel
from advisor.measure.selection import chosen, items_of, on_one_core
from advisor.measure.verdicts import Looks, looks_of
from advisor.measure.wishes import Wishes, modes_left_out
from advisor.measure.work import Mode, Protocol, Series, ToolchainSpec, WorkItem
from advisor.pair import (
    CUDA_GRAPHS,
    FRAMEWORKS,
    GRAPH_EAGER,
    JAX_EAGER,
    JIT,
    TORCH_COMPILE,
    TORCH_EAGER,
)

PROTOCOLS = {
    "quick": Protocol(
        rounds=6, block_s=0.030, warm_min_s=0.10, warm_max_s=1.0, compile_alone=False
    ),
    "standard": Protocol(rounds=6, block_s=0.030, warm_min_s=0.10, warm_max_s=2.0),
    "thorough": Protocol(rounds=12, block_s=0.040, warm_min_s=0.30, warm_max_s=5.0),
}
# TF32 keeps 10 bits of a factor's fraction, float32 23; sums are float32 in both.
TF32_TIMES = 30.0
# How many of what a budget left out a notice names.
_MOST_NAMED = 30
# Where nothing can be called, so many launches show the times and how far they differ.
TIMES_LAUNCHES = 2
# Seconds: start of a worker; warm build of a mode; extra cold build of torch.compile.
_START_S = {"pytorch": 2.6, "jax": 1.1, "numpy": 0.4}
_BUILD_S = {TORCH_EAGER: 0.2, TORCH_COMPILE: 1.4, GRAPH_EAGER: 0.3, JIT: 0.6, JAX_EAGER: 3.0}
_COLD_S = {TORCH_COMPILE: 5.0, CUDA_GRAPHS: 5.0}
# What the standard profile of a task is to take at most, seconds.
BESIDE_S = 120.0
# The first torch.compile of a run also precompiles a header for all others.
_FIRST_COMPILE_S = 12.0


@dataclass(frozen=True)
class Cut:
    """One item of work that was left out of a plan, and why."""

    probe: str
    size: str
    cores: int
    reason: str


@dataclass(frozen=True)
class PlanRow:
    """One line of the plan, for people and scripts; `modes` are labels."""

    probe: str
    size: str
    device: str
    cores: int
    modes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Plan:
    """Series of launches, and what was left out and why.

    `fast_cpus` are those of the fast cores of a processor that has slow ones too.
    `models` are all that were asked for; `too_large` says by the key of its choice why one is not
    tried. What is measured on fewer cores beside all of them, and decides nothing, is left out
    where the run would take longer than `beside_s`; None where it takes what it takes.
    """

    profile: str
    settings: str
    seed: int
    series: tuple[Series, ...]
    looks: Looks
    protocol: Protocol
    toolchains: tuple[ToolchainSpec, ...]
    missing: Mapping[str, Reason] = field(default_factory=dict)
    left_out: tuple[Cut, ...] = ()
    budget_s: float | None = None
    beside_s: float | None = None
    memory_bytes: float | None = None
    fast_cpus: frozenset[int] = frozenset()
    models: tuple[AskedModel, ...] = ()
    too_large: Mapping[str, Reason] = field(default_factory=dict)

    def seconds(self) -> float:
        """About how long the plan takes: the first look of everything, cold builds once."""
        modes = {mode.name for s in self.series for item in s.items for mode in item.modes}
        once = _FIRST_COMPILE_S if TORCH_COMPILE in modes else 0.0
        return once + sum(series_seconds(s, self.protocol, self.looks) for s in self.series)


def make_plan(
    catalogue: Sequence[OfferedWorkload],
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    cpus: Sequence[int],
    missing: Mapping[str, Reason],
    *,
    spent_s: float = 0.0,
    models: Sequence[AskedModel] = (),
) -> Plan:
    """The plan for *wishes* on *cpus*, cut to what *spent_s* has left of its budget.

    *models* are what *wishes* ask for.

    Raises:
        UserError: a probe is asked for that does not exist.
    """
    workloads = chosen(catalogue, wishes)
    names = {workload.id for workload in workloads}
    too_large = {
        choice_key(model): reason
        for model in models
        if (
            reason := surely_too_large(
                model, wishes.profile, wishes.device, len(cpus), wishes.budget_s
            )
        )
    }
    tried = [model for model in models if choice_key(model) not in too_large]
    wishes = replace(wishes, values={n: v for n, v in wishes.values.items() if n in names})
    wanted = [t for t in toolchains if not wishes.frameworks or t.framework in wishes.frameworks]
    exclusive = info_of(wishes.device).exclusive
    of_task = bool(wishes.values or models) and not wishes.only
    bounded = wishes.profile == "standard" and not wishes.budget_s
    plan = Plan(
        profile=wishes.profile,
        settings=wishes.settings,
        seed=wishes.seed,
        series=_series_of(workloads, tried, wanted, wishes, cpus),
        looks=looks_of(
            wishes.profile,
            exclusive=exclusive,
            of_task=of_task,
        ),
        protocol=PROTOCOLS[wishes.profile],
        toolchains=tuple(wanted),
        missing=missing,
        budget_s=wishes.budget_s,
        beside_s=BESIDE_S if of_task and bounded else None,
        models=tuple(models),
        too_large=too_large,
    )
    return cut_to_budget(plan, wishes, spent_s) if wishes.budget_s else plan


def _series_of(
    workloads: Sequence[OfferedWorkload],
    models: Sequence[AskedModel],
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    cpus: Sequence[int],
) -> tuple[Series, ...]:
    """Launches on all *cpus*; on a CPU also on one of them alone, where that is worth it.

    Models are measured on all of them only.
    """
    # The last CPU: interrupts are mostly served by the first. An accelerator does the work
    # itself, however many CPUs feed it.
    alone = len(cpus) == 1 or not is_cpu(wishes.device)
    sets = [tuple(cpus)] if alone else [tuple(cpus), (cpus[-1],)]
    # On a CPU the cheapest first: one that is too large must not take the time of one that fits. On
    # an accelerator the one that was asked for first: what a CPU can take keeps it waiting.
    ordered = (
        sorted(models, key=lambda m: math.inf if m.flops is None else m.flops)
        if is_cpu(wishes.device)
        else models
    )
    of_models = [item for model in ordered for item in items_of_model(model, toolchains, wishes)]
    series = [
        Series(
            wishes.device,
            cpu_set,
            tuple(
                _at_precision(item, wishes.precision)
                for item in (
                    *(of_models if cpu_set == sets[0] else ()),
                    *(
                        item
                        for workload in workloads
                        if len(cpu_set) > 1 or alone or on_one_core(workload, wishes)
                        for item in items_of(
                            workload, toolchains, wishes, beside=len(cpu_set) < len(cpus)
                        )
                    ),
                )
            ),
            precision=wishes.precision,
            setup_cpus=_setup_sets(cpu_set, cpus),
            exclusive=info_of(wishes.device).exclusive,
        )
        for cpu_set in sets
    ]
    return tuple(one for one in series if one.items)


def _at_precision(item: WorkItem, precision: str) -> WorkItem:
    """*item* with its float32 products formed in *precision*, and as much further apart."""
    if item.precision != "float32" or precision == "float32":
        return item
    apart = {name: TF32_TIMES * most for name, most in item.tolerance.items()}
    return replace(item, precision=precision, tolerance=apart)


def _setup_sets(cpu_set: Sequence[int], cpus: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Where workers are set up: on all CPUs, or for one core each on a core of its own."""
    if len(cpu_set) > 1 or len(cpus) == 1:
        return (tuple(cpu_set),)
    return tuple((cpu,) for cpu in reversed(cpus))


def series_seconds(series: Series, protocol: Protocol, looks: Looks) -> float:
    """About how long the launches of *series* take up to the first look.

    The first launch sets its workers up one after the other, to time their compilers alone;
    later ones side by side.
    """
    setup: dict[str, float] = {}
    for item in series.items:
        for mode in item.modes:
            key = mode.toolchain.key
            setup.setdefault(key, _START_S.get(mode.toolchain.framework, 2.0))
            if not mode.few_samples:
                setup[key] += _BUILD_S.get(mode.name, 1.0) + protocol.warm_min_s
            if item.own_process:
                setup[key] += _START_S.get(mode.toolchain.framework, 2.0)
    if not setup:
        return 0.0
    timed = sum(_timed_seconds(item, protocol) for item in series.items)
    once = sum(_once_seconds(item) for item in series.items)
    # Workers are set up side by side, or one after the other where only one may live.
    together = sum(setup.values()) if series.exclusive else max(setup.values())
    later = (together + timed) * (_usual_launches(looks) - 1)
    return sum(setup.values()) + timed + once + later


def _usual_launches(looks: Looks) -> float:
    """About half of the comparisons are settled early, where there is an early look."""
    return (looks.launches[0] + (looks.early or looks.launches[0])) / 2


def item_seconds(item: WorkItem, protocol: Protocol) -> float:
    """About how long one launch spends on *item* alone, its workers being there."""
    modes = [mode for mode in item.modes if not mode.few_samples]
    builds = sum(_BUILD_S.get(mode.name, 1.0) + protocol.warm_min_s for mode in modes)
    if item.own_process:
        builds += sum(_START_S.get(mode.toolchain.framework, 2.0) for mode in modes)
    return builds + _timed_seconds(item, protocol)


def first_seconds(item: WorkItem, protocol: Protocol) -> float:
    """About how long the first launch spends on *item*: with cold compilers, and what is once."""
    return item_seconds(item, protocol) + _once_seconds(item)


def start_seconds(series: Series, *, first: bool) -> float:
    """About how long the workers of *series* take to start: side by side but in a first launch."""
    frameworks = {m.toolchain.key: m.toolchain.framework for i in series.items for m in i.modes}
    starts = [_START_S.get(framework, 2.0) for framework in frameworks.values()] or [0.0]
    return sum(starts) if first or series.exclusive else max(starts)


def first_build_seconds(mode: Mode) -> float:
    """About how long a first build of *mode* takes in a run, with cold compilers."""
    once_s = _FIRST_COMPILE_S if mode.name == TORCH_COMPILE else 0.0
    return once_s + _BUILD_S.get(mode.name, 1.0) + _COLD_S.get(mode.name, 0.0)


def _timed_seconds(item: WorkItem, protocol: Protocol) -> float:
    modes = sum(not mode.few_samples for mode in item.modes)
    rounds = protocol.few_blocks if item.one_off else protocol.rounds
    latency_s = protocol.latency_s if item.latency else 0.0
    return modes * (rounds * (protocol.block_s * 1.2 + protocol.gap_s + 0.01) + latency_s)


def _once_seconds(item: WorkItem) -> float:
    cold = sum(_COLD_S.get(mode.name, 0.0) for mode in item.modes)
    return cold + sum(_BUILD_S.get(mode.name, 1.0) for mode in item.modes if mode.few_samples)


def times_only(plan: Plan) -> Plan:
    """*plan* where no comparison can be called: two launches, for times with an interval."""
    return replace(plan, looks=Looks((TIMES_LAUNCHES,), plan.looks.alpha))


def cut_to_budget(plan: Plan, wishes: Wishes, spent_s: float = 0.0) -> Plan:
    """Keep what is worth most and fits, in that order; at least one item stays."""
    left_s = (plan.budget_s or math.inf) - spent_s
    candidates = [(series, item) for series in plan.series for item in series.items]
    ranked = sorted(candidates, key=lambda pair: -_worth(pair[0], pair[1], plan, wishes))
    kept: set[tuple[str, str]] = set()
    for series, item in ranked:
        trial = {*kept, (series.key, item.key)}
        fits = _only(plan, trial).seconds() <= left_s
        if not kept or item.asked is not None or fits:
            kept = trial
    left_out = tuple(
        Cut(item.workload, item.size_name, series.cores, "budget")
        for series, item in candidates
        if (series.key, item.key) not in kept
    )
    return replace(_only(plan, kept), left_out=left_out)


def _only(plan: Plan, kept: Collection[tuple[str, str]]) -> Plan:
    """The plan with nothing but the items named by (series, item)."""
    series = [
        replace(s, items=tuple(i for i in s.items if (s.key, i.key) in kept)) for s in plan.series
    ]
    return replace(plan, series=tuple(s for s in series if s.items))


def _worth(series: Series, item: WorkItem, plan: Plan, wishes: Wishes) -> float:
    """Value per second: the task's weight; first sizes and all cores before the others."""
    if item.asked is not None:
        # What the decision rests on is cut in depth and not left out.
        return math.inf
    value = wishes.values.get(item.workload, 1.0)
    same = [other for other in series.items if other.workload == item.workload]
    if same.index(item) > 0:
        value *= 0.15
    if series.cores == 1 and len(plan.series) > 1:
        value *= 0.5
    return value / (item_seconds(item, plan.protocol) + _once_seconds(item))


def listing(plan: Plan) -> list[PlanRow]:
    """The plan, an item of work a row."""
    return [row for series in plan.series for row in _series_rows(series, plan)]


def _series_rows(series: Series, plan: Plan) -> list[PlanRow]:
    # What happens once per plan is spread over all rows, so that they add up to it.
    series_s = sum(series_seconds(s, plan.protocol, plan.looks) for s in plan.series)
    total_s = series_seconds(series, plan.protocol, plan.looks) * plan.seconds() / series_s
    share = total_s / max(1e-9, sum(item_seconds(i, plan.protocol) for i in series.items))
    return [
        PlanRow(
            probe=item.workload,
            size=item.size_name,
            device=series.device,
            cores=series.cores,
            modes=tuple(mode.label for mode in item.modes),
            seconds=round(item_seconds(item, plan.protocol) * share, 1),
        )
        for item in series.items
    ]


def notices_of(plan: Plan) -> list[Notice]:
    """What *plan* leaves out: modes that may be the best, and work that had no time."""
    return [*_modes_left_out(plan), *_cut(plan)]


def _modes_left_out(plan: Plan) -> list[Notice]:
    """That PyTorch's compiler was not tried: its best mode may be another than what was timed."""
    torch = any(toolchain.framework == FRAMEWORKS[0] for toolchain in plan.toolchains)
    left_out = any(modes_left_out(plan.profile, series.device) for series in plan.series)
    return [Notice("compile-not-measured")] if left_out and torch else []


def _cut(plan: Plan) -> list[Notice]:
    if not plan.left_out:
        return []
    items = [
        {"probe": cut.probe, "size": cut.size, "cores": cut.cores}
        for cut in plan.left_out[:_MOST_NAMED]
    ]
    values = {"budget_s": plan.budget_s, "items": items}
    more = len(plan.left_out) - len(items)
    if more:
        return [Notice("cut-to-budget", case="and-more", values={**values, "more": more})]
    return [Notice("cut-to-budget", values=values)]
