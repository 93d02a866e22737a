"""From blocks of steps on one device and on several to efficiency and overhead. Pure.

The launch is the unit of replication, as everywhere: one number per launch, Student's t over them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advisor.measure.statistics import pair_log_ratio, ratio_of_launches
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.ratio import t_quantile
from advisor.scaling import ScalingLaunch, ScalingPoint

LEVEL = 0.95


def with_figures(point: ScalingPoint, launches: Sequence[ScalingLaunch]) -> ScalingPoint:
    """*point* with what its *launches* say: step time, efficiency, overhead, intervals at 95 %."""
    steps_s = [statistics.median(one.steps_s) for one in launches if one.steps_s]
    if not steps_s:
        return point
    step_s = math.exp(statistics.fmean(map(math.log, steps_s)))
    made = replace(
        point,
        step_s=step_s,
        step_ci=_log_interval(list(map(math.log, steps_s))),
        launches=list(launches),
        disturbed=2 * sum(one.disturbed for one in launches) > len(launches),
    )
    if point.devices == 1:
        return made
    paired = [one for one in launches if one.steps_s and len(one.steps_s) == len(one.single_s)]
    # Sharing a batch, one device would do so many times the work of each.
    share = point.devices if point.kind == "strong" else 1
    logs = [
        log - math.log(share)
        for one in paired
        if (log := pair_log_ratio(one.steps_s, one.single_s)) is not None
    ]
    beyond_s = [
        statistics.median(one.steps_s) - statistics.median(one.single_s) / share for one in paired
    ]
    if not logs:
        return made
    floor_s = ASSUMED_SPREAD * step_s
    return replace(
        made,
        efficiency=math.exp(statistics.fmean(logs)),
        efficiency_ci=_log_interval(logs),
        overhead_s=statistics.fmean(beyond_s),
        overhead_ci=_interval(beyond_s, floor_s),
    )


def _log_interval(logs: Sequence[float]) -> tuple[float, float] | None:
    if len(logs) < 2:
        return None
    return ratio_of_launches(logs, floor=ASSUMED_SPREAD).interval(LEVEL)


def _interval(values: Sequence[float], floor: float) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    spread = max(statistics.stdev(values), floor) / math.sqrt(len(values))
    half = t_quantile(0.5 + LEVEL / 2, len(values) - 1) * spread
    mean = statistics.fmean(values)
    return mean - half, mean + half


def grad_max_relative(found: dict[str, object], reference: dict[str, object]) -> float:
    """The largest difference of a gradient over the largest value of that gradient.

    Infinite where names or shapes differ, or a number is none.
    """
    if set(found) != set(reference):
        return math.inf
    worst = 0.0
    for name, value in found.items():
        one = np.asarray(value, np.float64)
        other = np.asarray(reference[name], np.float64)
        if one.shape != other.shape or not np.isfinite(one).all() or not np.isfinite(other).all():
            return math.inf
        difference, scale = np.abs(one - other).max(initial=0.0), np.abs(other).max(initial=0.0)
        if difference > 0:
            worst = max(worst, float(difference / scale) if scale > 0 else math.inf)
    return worst
