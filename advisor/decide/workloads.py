"""The workloads that explain the speed: which stand for a task, and what each of them says.

Knows which workloads are the parts of a task (data of the rule base). Their weights say how much
of the task they are and make no ratio: times add, ratios do not. It must not know claims,
criteria or the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.knowledge.model import RuleBase, TaskWeights
from advisor.ratio import Ratio, mean
from advisor.reading.called import CalledComparison, LeftOut, SpeedReadings
from advisor.reading.crossover import WinnerChange, spanning, winner_changes, winners_differ
from advisor.reading.machines import fits

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
class Explanation:
    """What the workloads of a task say beside the model.

    Attributes:
        workloads: Those that were called; their weights add up to 1.
        left_out: What is not among them, and why.
        coverage: Share of the task's weights that was called (0 where none is named).
        device: Where they ran; None where there are none.
    """

    workloads: tuple[WorkloadSpeed, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    coverage: float = 0.0
    device: str | None = None


def explanation_for(
    readings: SpeedReadings, base: RuleBase, facts: Mapping[str, Any]
) -> Explanation:
    """What the workloads of the task say: each alone, with its share of the task."""
    weights = workload_weights(base, facts)
    here, elsewhere = _on_one_device(readings.comparisons, facts)
    beyond = largest_only(base, facts)
    named = on_most_cores(
        [c for c in here if c.workload in weights and (c.largest or c.workload not in beyond)]
    )
    spare = [c for c in here if c.workload not in {*_NOT_STEPS, *weights}]
    used = named or on_most_cores(spare)
    shares = weights if named else dict.fromkeys(sorted({c.workload for c in used}), 1.0)
    workloads = _by_workload(used, here, shares, workload_reasons(base, facts)) if used else ()
    return Explanation(
        workloads=workloads,
        left_out=_left_out(readings, workloads, weights, (here, elsewhere)),
        coverage=math.fsum(weights.get(w.workload, 0.0) for w in workloads),
        device=used[0].device if used else None,
    )


def _on_one_device(
    comparisons: Sequence[CalledComparison], facts: Mapping[str, Any]
) -> tuple[list[CalledComparison], list[CalledComparison]]:
    """Those of the device that counts, and the others: devices are never averaged."""

    def place(one: CalledComparison) -> tuple[bool, bool, str, tuple[str, ...]]:
        alike = fits(one.device, facts, one.kinds)
        return not alike, one.device.startswith("cpu"), one.device, one.kinds

    places = [(place(c), c) for c in comparisons]
    first = min((there for there, _ in places), default=None)
    kept = [c for there, c in places if there == first]
    return kept, [c for there, c in places if there != first]


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
    places: tuple[Sequence[CalledComparison], Sequence[CalledComparison]],
) -> tuple[LeftOut, ...]:
    """What is not among *workloads*; *places* are those of the device that counts, and others."""
    here, elsewhere = places
    counted = {w.workload for w in workloads}
    # Equal comparisons count or do not count together, so that each may stand for itself.
    used = {id(c) for w in workloads for c in w.comparisons}
    on_others = {LeftOut(c.workload, "other-device", (("device", c.device),)) for c in elsewhere}
    spare = {LeftOut(c.workload, "not-of-this-task") for c in here if c.workload not in counted}
    beside = {_beside(c) for c in here if c.workload in weights and id(c) not in used}
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


def workload_weights(base: RuleBase, facts: Mapping[str, Any]) -> dict[str, float]:
    """Which workloads stand for the task and its transforms; the weights add up to 1."""
    total: dict[str, float] = {}
    for entry in base.task_weights:
        if _says(entry, facts):
            for workload, weight in entry.weights.items():
                total[workload] = total.get(workload, 0.0) + weight
    whole = math.fsum(total.values())
    return {w: total[w] / whole for w in sorted(total)} if whole > 0 else {}


def largest_only(base: RuleBase, facts: Mapping[str, Any]) -> frozenset[str]:
    """The workloads of which the largest size alone stands for the task."""
    largest: set[str] = set()
    every: set[str] = set()
    for entry in base.task_weights:
        if _says(entry, facts):
            (largest if entry.sizes == "largest" else every).update(entry.weights)
    return frozenset(largest - every)


def _says(entry: TaskWeights, facts: Mapping[str, Any]) -> bool:
    said = facts.get(entry.fact)
    return said == entry.value or (isinstance(said, (list, tuple)) and entry.value in said)


def workload_reasons(base: RuleBase, facts: Mapping[str, Any]) -> dict[str, str]:
    """Why each workload stands for the task, in the words of the rule base."""
    reasons: dict[str, str] = {}
    for entry in base.task_weights:
        if _says(entry, facts):
            for workload, text in entry.because.items():
                reasons.setdefault(workload, text)
    return reasons
