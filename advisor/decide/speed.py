"""From called comparisons to one speed ratio for a task, with what it leaves out.

Knows which workloads stand for a task (data of the rule base), devices and how well a measurement
on one carries over to another. It must not know claims or criteria.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.decide.task_weights import largest_only, workload_reasons, workload_weights
from advisor.decision import LeftOutPart, Performance, WinnerChangePart, WorkloadPart
from advisor.knowledge.model import RuleBase
from advisor.ratio import LEVEL, Ratio, mean, weighted_mean
from advisor.reading.called import CalledComparison, LeftOut, SpeedReadings
from advisor.reading.crossover import WinnerChange, spanning, winner_changes, winners_differ
from advisor.reading.machines import fits, is_part

TRANSFER_NAMED = math.log(1.5)
"""How far a probe of the task's own kind of work may be from the work itself (log, sd).

Two real models that the suite does not contain were off by factors of 1.6 and 1.9 on two CPU cores
(torch 2.13, jax 0.10.2, 2026-11-25; ``make bench ARGS=real-models``): less than two of these.
"""

TRANSFER_OTHER = math.log(2.0)
"""The same for other work, for another machine than the one that will train, and where no more than
a third of the task was called.

The last was seen with one of those models: its main kind of work was not settled, and what was
called of the rest named the other winner.
"""

A_THIRD = 1 / 3
_NOT_STEPS = frozenset({"cold_start", "memory", "export", "data_feed"})


@dataclass(frozen=True)
class WorkloadSpeed:
    """One workload on all cores: sizes and precisions combined with equal weights.

    Where the winner changes with one of these, nothing is averaged: the interval then reaches
    over all comparisons. `changes` says where, fewer cores included.
    """

    workload: str
    speedup: Ratio
    weight: float
    comparisons: tuple[CalledComparison, ...]
    changes: tuple[WinnerChange, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class Speed:
    """The task-weighted speed of JAX as against PyTorch.

    Attributes:
        speedup: Geometric mean.
        workloads: What it is made of; their weights add up to 1.
        left_out: What it leaves out, and why.
        transfer_sd: How far it may be from the team's own work, standard deviation of the log.
        matched: Whether it was measured on hardware like the one that will train.
        part: Whether it was measured on one device of the kind of which several will train.
        coverage: Share of the task's weights that was measured (0 where none is named).
    """

    speedup: Ratio
    workloads: tuple[WorkloadSpeed, ...]
    left_out: tuple[LeftOut, ...]
    transfer_sd: float
    matched: bool
    coverage: float
    device: str
    part: bool = False

    @property
    def partial(self) -> bool:
        """Whether no more than a third of the task was called."""
        return 0 < self.coverage <= A_THIRD

    @property
    def open(self) -> bool:
        """Whether the winner changes within what counts, and so for the task too."""
        low, high = self.speedup.interval()
        return low < 1 < high and any(winners_differ(w.comparisons) for w in self.workloads)


def speed_for(readings: SpeedReadings, base: RuleBase, facts: Mapping[str, Any]) -> Speed | None:
    """The task's speed ratio, or None where nothing counts."""
    weights = workload_weights(base, facts)
    here, elsewhere = _on_one_device(readings.comparisons, facts)
    beyond = largest_only(base, facts)
    named = on_most_cores(
        [c for c in here if c.workload in weights and (c.largest or c.workload not in beyond)]
    )
    spare = [c for c in here if c.workload not in {*_NOT_STEPS, *weights}]
    used = named or on_most_cores(spare)
    if not used:
        return None
    shares = weights if named else dict.fromkeys(sorted({c.workload for c in used}), 1.0)
    workloads = _by_workload(used, here, shares, workload_reasons(base, facts))
    coverage = math.fsum(weights.get(w.workload, 0.0) for w in workloads)
    alike = all(fits(c.device, facts, c.kinds) for c in used)
    part = alike and is_part(facts)
    matched = alike and not part
    return Speed(
        speedup=weighted_mean([w.speedup for w in workloads], [w.weight for w in workloads]),
        workloads=workloads,
        left_out=_left_out(readings, workloads, weights, elsewhere),
        transfer_sd=TRANSFER_NAMED if coverage > A_THIRD and matched else TRANSFER_OTHER,
        matched=matched,
        coverage=coverage,
        device=used[0].device,
        part=part,
    )


def _on_one_device(
    comparisons: Sequence[CalledComparison], facts: Mapping[str, Any]
) -> tuple[list[CalledComparison], list[CalledComparison]]:
    """Those of the device that counts, and the others: devices are never averaged."""

    def place(one: CalledComparison) -> tuple[bool, bool, str, tuple[str, ...]]:
        alike = fits(one.device, facts, one.kinds)
        return not alike, one.device.startswith("cpu"), one.device, one.kinds

    first = min((place(c) for c in comparisons), default=None)
    kept = [c for c in comparisons if place(c) == first]
    return kept, [c for c in comparisons if place(c) != first]


def _by_workload(
    counted: Sequence[CalledComparison],
    comparisons: Sequence[CalledComparison],
    shares: Mapping[str, float],
    because: Mapping[str, str],
) -> tuple[WorkloadSpeed, ...]:
    """Each workload from what counts of it; where its winner changes, from all *comparisons*."""
    grouped, every = by_workload(counted), by_workload(comparisons)
    whole = math.fsum(shares[w] for w in grouped)
    return tuple(
        WorkloadSpeed(
            workload,
            combined(grouped[workload]),
            shares[workload] / whole,
            tuple(grouped[workload]),
            winner_changes(every[workload]),
            because.get(workload, ""),
        )
        for workload in sorted(grouped)
    )


def by_workload(comparisons: Sequence[CalledComparison]) -> dict[str, list[CalledComparison]]:
    """*comparisons* by their workload, in its order."""
    grouped: dict[str, list[CalledComparison]] = {}
    for one in sorted(comparisons, key=lambda c: c.workload):
        grouped.setdefault(one.workload, []).append(one)
    return grouped


def on_most_cores(comparisons: Sequence[CalledComparison]) -> tuple[CalledComparison, ...]:
    """Those that count: on the most cores that their work was measured on.

    That is what a plain run gets; what one core says stands beside it, also where all cores
    were not called.
    """
    return tuple(c for c in comparisons if c.most_cores is None or (c.cores or 0) == c.most_cores)


def combined(comparisons: Sequence[CalledComparison]) -> Ratio:
    """What *comparisons* of one workload say together."""
    if winners_differ(comparisons):
        return spanning(comparisons)
    return mean([c.speedup for c in comparisons])


def _left_out(
    readings: SpeedReadings,
    workloads: Sequence[WorkloadSpeed],
    weights: Mapping[str, float],
    elsewhere: Sequence[CalledComparison],
) -> tuple[LeftOut, ...]:
    counted = {w.workload for w in workloads}
    here = [c for c in readings.comparisons if c not in elsewhere]
    on_others = {LeftOut(c.workload, "other-device", (("device", c.device),)) for c in elsewhere}
    spare = {LeftOut(c.workload, "not-of-this-task") for c in here if c.workload not in counted}
    beside = {
        _beside(c)
        for c in here
        if c.workload in weights and not any(c in w.comparisons for w in workloads)
    }
    mentioned = counted | {x.workload for x in (*readings.left_out, *on_others)}
    missing = {
        LeftOut(w, "not-measured", (("share", round(weights[w], 4)),))
        for w in weights
        if w not in mentioned
    }
    every = {*readings.left_out, *on_others, *spare, *beside, *missing}
    return tuple(sorted(every, key=lambda x: x.order))


def _beside(one: CalledComparison) -> LeftOut:
    """Why a called comparison of a workload that counts does not count itself."""
    if one.most_cores is not None and (one.cores or 0) < one.most_cores:
        return LeftOut(one.workload, "fewer-cores", (), one.source)
    return LeftOut(one.workload, "smaller-size", (("size", one.size),), one.source)


def performance_of(speed: Speed | None, readings: SpeedReadings) -> Performance:
    """The part ``performance`` of a decision."""
    if speed is None:
        return Performance(left_out=[_left_part(x) for x in readings.left_out])
    return Performance(
        ratio=_rounded(speed.speedup.value),
        ci=[_rounded(x) for x in speed.speedup.interval()],
        level=LEVEL,
        winner_open=speed.open,
        partial=speed.partial,
        device=speed.device,
        matched_hardware=speed.matched,
        one_of_several=speed.part,
        coverage=round(speed.coverage, 3),
        transfer_factor=_rounded(math.exp(speed.transfer_sd)),
        workloads=[_workload_part(w) for w in speed.workloads],
        left_out=[_left_part(x) for x in speed.left_out],
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _left_part(left: LeftOut) -> LeftOutPart:
    return LeftOutPart(
        workload=left.workload,
        reason=left.reason,
        values=dict(left.values),
        evidence=left.source,
    )


def _change_part(change: WinnerChange) -> WinnerChangePart:
    """Where the winner changes; *at* is interpolated between the two."""
    at = change.at
    return WinnerChangePart.model_validate(
        {
            "by": change.by,
            "between": [
                {"size": c.size, "cores": c.cores, "verdict": c.verdict}
                for c in (change.below, change.above)
            ],
            "at": None if at is None else {"key": at[0], "value": _rounded(at[1])},
        }
    )


def _workload_part(workload: WorkloadSpeed) -> WorkloadPart:
    return WorkloadPart(
        id=workload.workload,
        ratio=_rounded(workload.speedup.value),
        ci=[_rounded(x) for x in workload.speedup.interval()],
        weight=round(workload.weight, 4),
        because=workload.because,
        winners_differ=winners_differ(workload.comparisons),
        winner_changes=[_change_part(c) for c in workload.changes],
        cells=[
            {
                "evidence": c.source,
                "device": c.device,
                "cores": c.cores,
                "precision": c.precision,
                "size": c.size,
                "ratio": _rounded(c.speedup.value),
                "ci": [_rounded(x) for x in c.speedup.interval()],
                "against": c.torch_mode,
                "verdict": c.verdict,
                **({"best_at": [list(x) for x in c.best_at]} if c.best_at else {}),
            }
            for c in workload.comparisons
        ],
    )
