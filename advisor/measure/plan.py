"""What will be measured, in which sizes and modes, and about how long it takes.

Makes a plan from the catalogue of workloads, the toolchains and the user's wishes. Measures
nothing; knows the profiles. The seconds are estimates from the reference machine (2 cores) and
only serve to cut a plan to a budget and to tell the time left.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.measure.work import Cell, Protocol, Series, ToolchainSpec
from advisor.measure.selection import CUDA_GRAPHS, Wishes, cells_of, chosen, on_one_core
from advisor.measure.verdicts import Looks, looks_of

PROTOCOLS = {
    "quick": Protocol(
        rounds=6, block_s=0.030, warm_min_s=0.10, warm_max_s=1.0, compile_alone=False
    ),
    "standard": Protocol(rounds=6, block_s=0.030, warm_min_s=0.10, warm_max_s=2.0),
    "thorough": Protocol(rounds=12, block_s=0.040, warm_min_s=0.30, warm_max_s=5.0),
}
# Device words whose devices belong to the process that opened them, so that a second one finds
# them busy: https://github.com/google/gvisor/issues/11545 and
# https://github.com/googlecolab/colabtools/issues/4567 (TPU); Neuron is taken to be alike.
EXCLUSIVE_DEVICES = ("tpu", "neuron")
# Seconds: start of a worker; warm build of a mode; extra cold build of torch.compile.
_START_S = {"pytorch": 2.6, "jax": 1.1, "numpy": 0.4}
_BUILD_S = {"pytorch.eager": 0.2, "pytorch.compile": 1.4, "jax.jit": 0.6, "jax.eager": 3.0}
_COLD_S = {"pytorch.compile": 5.0, CUDA_GRAPHS: 5.0}
# The first torch.compile of a run also precompiles a header for all others.
_FIRST_COMPILE_S = 12.0


@dataclass(frozen=True)
class Plan:
    """Series of launches, and what was left out and why."""

    profile: str
    settings: str
    seed: int
    series: tuple[Series, ...]
    looks: Looks
    protocol: Protocol
    toolchains: tuple[ToolchainSpec, ...]
    missing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: tuple[Mapping[str, str], ...] = ()
    budget_s: float | None = None

    def seconds(self) -> float:
        """About how long the plan takes: the first look of everything, cold builds once."""
        modes = {mode.name for s in self.series for cell in s.cells for mode in cell.modes}
        once = _FIRST_COMPILE_S if "pytorch.compile" in modes else 0.0
        return once + sum(series_seconds(s, self.protocol, self.looks) for s in self.series)


def make_plan(
    catalogue: Sequence[Mapping[str, Any]],
    toolchains: Sequence[ToolchainSpec],
    wishes: Wishes,
    cpus: Sequence[int],
    missing: Mapping[str, Mapping[str, str]],
) -> Plan:
    """The plan for *wishes* on *cpus*, cut to its budget.

    Raises:
        UserError: a probe is asked for that does not exist.
    """
    workloads = chosen(catalogue, wishes)
    names = {workload["id"] for workload in workloads}
    wishes = replace(wishes, values={n: v for n, v in wishes.values.items() if n in names})
    wanted = [t for t in toolchains if not wishes.frameworks or t.framework in wishes.frameworks]
    kind = wishes.device.partition(":")[0]
    exclusive = kind in EXCLUSIVE_DEVICES
    # The last CPU: interrupts are mostly served by the first. An accelerator does the work
    # itself, however many CPUs feed it.
    alone = len(cpus) == 1 or kind != "cpu"
    sets = [tuple(cpus)] if alone else [tuple(cpus), (cpus[-1],)]
    series = []
    for cpu_set in sets:
        cells = [
            cell
            for workload in workloads
            if len(cpu_set) > 1 or alone or on_one_core(workload, wishes)
            for cell in cells_of(workload, wanted, wishes, beside=len(cpu_set) < len(cpus))
        ]
        if cells:
            series.append(
                Series(
                    wishes.device,
                    cpu_set,
                    tuple(cells),
                    setup_cpus=_setup_sets(cpu_set, cpus),
                    exclusive=exclusive,
                )
            )
    plan = Plan(
        profile=wishes.profile,
        settings=wishes.settings,
        seed=wishes.seed,
        series=tuple(series),
        looks=looks_of(
            wishes.profile,
            exclusive=exclusive,
            of_task=bool(wishes.values) and not wishes.only,
        ),
        protocol=PROTOCOLS[wishes.profile],
        toolchains=tuple(wanted),
        missing=missing,
        budget_s=wishes.budget_s,
    )
    return cut_to_budget(plan, wishes) if wishes.budget_s else plan


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
    for cell in series.cells:
        for mode in cell.modes:
            key = mode.toolchain.key
            setup.setdefault(key, _START_S.get(mode.toolchain.framework, 2.0))
            if not mode.few_samples:
                setup[key] += _BUILD_S.get(mode.name, 1.0) + protocol.warm_min_s
            if cell.own_process:
                setup[key] += _START_S.get(mode.toolchain.framework, 2.0)
    if not setup:
        return 0.0
    timed = sum(_timed_seconds(cell, protocol) for cell in series.cells)
    once = sum(_once_seconds(cell) for cell in series.cells)
    # Workers are set up side by side, or one after the other where only one may live.
    together = sum(setup.values()) if series.exclusive else max(setup.values())
    later = (together + timed) * (_usual_launches(looks) - 1)
    return sum(setup.values()) + timed + once + later


def _usual_launches(looks: Looks) -> float:
    """About half of the comparisons are settled early, where there is an early look."""
    return (looks.launches[0] + (looks.early or looks.launches[0])) / 2


def cell_seconds(cell: Cell, protocol: Protocol) -> float:
    """About how long one launch spends on *cell* alone, its workers being there."""
    modes = [mode for mode in cell.modes if not mode.few_samples]
    builds = sum(_BUILD_S.get(mode.name, 1.0) + protocol.warm_min_s for mode in modes)
    if cell.own_process:
        builds += sum(_START_S.get(mode.toolchain.framework, 2.0) for mode in modes)
    return builds + _timed_seconds(cell, protocol)


def _timed_seconds(cell: Cell, protocol: Protocol) -> float:
    modes = sum(not mode.few_samples for mode in cell.modes)
    rounds = protocol.few_blocks if cell.one_off else protocol.rounds
    latency_s = protocol.latency_s if cell.latency else 0.0
    return modes * (rounds * (protocol.block_s * 1.2 + protocol.gap_s + 0.01) + latency_s)


def _once_seconds(cell: Cell) -> float:
    cold = sum(_COLD_S.get(mode.name, 0.0) for mode in cell.modes)
    return cold + sum(_BUILD_S.get(mode.name, 1.0) for mode in cell.modes if mode.few_samples)


def cut_to_budget(plan: Plan, wishes: Wishes) -> Plan:
    """Keep what is worth most and fits, in that order; at least one cell stays."""
    candidates = [(series, cell) for series in plan.series for cell in series.cells]
    ranked = sorted(candidates, key=lambda sc: -_worth(sc[0], sc[1], plan, wishes))
    kept: set[tuple[str, str]] = set()
    for series, cell in ranked:
        trial = {*kept, (series.key, cell.key)}
        if not kept or _only(plan, trial).seconds() <= (plan.budget_s or math.inf):
            kept = trial
    left_out = tuple(
        {
            "probe": cell.probe,
            "size": cell.size_name,
            "cores": str(series.cores),
            "reason": "budget",
        }
        for series, cell in candidates
        if (series.key, cell.key) not in kept
    )
    return replace(_only(plan, kept), left_out=left_out)


def _only(plan: Plan, kept: Collection[tuple[str, str]]) -> Plan:
    """The plan with nothing but the cells named by (series, cell)."""
    series = [
        replace(s, cells=tuple(c for c in s.cells if (s.key, c.key) in kept)) for s in plan.series
    ]
    return replace(plan, series=tuple(s for s in series if s.cells))


def _worth(series: Series, cell: Cell, plan: Plan, wishes: Wishes) -> float:
    """Value per second: the task's weight; first sizes and all cores before the others."""
    value = wishes.values.get(cell.probe, 1.0)
    same = [c for c in series.cells if c.probe == cell.probe]
    if same.index(cell) > 0:
        value *= 0.15
    if series.cores == 1 and len(plan.series) > 1:
        value *= 0.5
    return value / (cell_seconds(cell, plan.protocol) + _once_seconds(cell))


def listing(plan: Plan) -> list[dict[str, Any]]:
    """The plan as rows of probe, modes and seconds, for people and scripts."""
    return [row for series in plan.series for row in _series_rows(series, plan)]


def _series_rows(series: Series, plan: Plan) -> list[dict[str, Any]]:
    # What happens once per plan is spread over all rows, so that they add up to it.
    series_s = sum(series_seconds(s, plan.protocol, plan.looks) for s in plan.series)
    total_s = series_seconds(series, plan.protocol, plan.looks) * plan.seconds() / series_s
    share = total_s / max(1e-9, sum(cell_seconds(c, plan.protocol) for c in series.cells))
    return [
        {
            "probe": cell.probe,
            "size": cell.size_name,
            "device": series.device,
            "cores": series.cores,
            "modes": [mode.label for mode in cell.modes],
            "seconds": round(cell_seconds(cell, plan.protocol) * share, 1),
        }
        for cell in series.cells
    ]
