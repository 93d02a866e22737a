"""The speed that a decision rests on: the ratio of one model, and the workloads that explain it.

Knows which workloads are the parts of a task (data of the rule base). Their weights say how much
of the task they are and make no ratio: times add, ratios do not. It must not know claims or
criteria.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.decide.task_weights import largest_only, workload_reasons, workload_weights
from advisor.decide.work_part import work_part
from advisor.decide.works import WorkSpeed, work_for
from advisor.decision import LeftOutPart, Performance, WinnerChangePart, WorkloadPart
from advisor.knowledge.model import RuleBase
from advisor.ratio import LEVEL, Ratio, mean
from advisor.reading.called import CalledComparison, LeftOut, SpeedReadings
from advisor.reading.crossover import WinnerChange, spanning, winner_changes, winners_differ
from advisor.reading.machines import fits
from advisor.reading.works import PREFIX, MeasuredWork

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


@dataclass(frozen=True)
class Speed:
    """The speed of JAX as against PyTorch: that of the one model that stands for the answers."""

    work: WorkSpeed

    @property
    def speedup(self) -> Ratio:
        """JAX as against PyTorch, by launches."""
        return self.work.speedup

    @property
    def transfer_sd(self) -> float:
        """How far it may be from the team's own work, standard deviation of the log."""
        return self.work.transfer_sd

    @property
    def matched(self) -> bool:
        """Whether it was measured on hardware like the one that will train."""
        return self.work.matched

    @property
    def part(self) -> bool:
        """Whether it was measured on one device of the kind of which several will train."""
        return self.work.part

    @property
    def replaces(self) -> bool:
        """Whether it stands for the work so well that no claim about speed counts beside it."""
        return self.matched and self.work.kind != "other"

    @property
    def device(self) -> str:
        """Where it was measured."""
        return self.work.chosen.work.device

    @property
    def name(self) -> str:
        """The model as a probe is called."""
        return probe_name(self.work.chosen)

    @property
    def open(self) -> bool:
        """Whether no winner can be named: it depends on the size, or the interval reaches both."""
        low, high = self.speedup.interval()
        unsettled = self.work.depends or not self.work.chosen.settled
        return low < 1 < high and unsettled


def probe_name(measured: MeasuredWork) -> str:
    """What a measured model is called where workloads are called by their ids."""
    return measured.work.model if measured.own else f"{PREFIX}{measured.work.model}"


def speed_for(readings: SpeedReadings, base: RuleBase, facts: Mapping[str, Any]) -> Speed | None:
    """The measured speed of the model that stands for the answers, or None where there is none."""
    work = work_for(readings.works, base, facts)
    return None if work is None else Speed(work)


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


def performance_of(
    speed: Speed | None, explained: Explanation, facts: Mapping[str, Any] | None = None
) -> Performance:
    """The part ``performance`` of a decision; *facts* may say how long a run is."""
    parts = Performance(
        coverage=round(explained.coverage, 3) if explained.workloads else None,
        workloads=[_workload_part(w) for w in explained.workloads],
        left_out=[_left_part(x) for x in explained.left_out],
    )
    if speed is None:
        return parts
    return parts.model_copy(
        update={
            "ratio": _rounded(speed.speedup.value),
            "ci": [_rounded(x) for x in speed.speedup.interval()],
            "level": LEVEL,
            "winner_open": speed.open,
            "device": speed.device,
            "matched_hardware": speed.matched,
            "one_of_several": speed.part,
            "transfer_factor": _rounded(speed.work.factor),
            "work": work_part(speed.work, facts or {}),
        }
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
