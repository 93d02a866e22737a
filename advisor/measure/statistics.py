"""Ratios of times and how sure they are, from launches. Pure: numbers in, numbers out.

The unit of replication is the launch: alternating more blocks inside one launch pins the ratio
of that launch to a fraction of a percent, while the next launch lands several percent away. So
every ratio here is the mean of one number per launch, with Student's t (Kalibera & Jones 2013,
"Rigorous benchmarking in reasonable time", argue for repeating at the level where the variance is).

Standard library only, since a bare node computes its verdicts too.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from advisor.ratio import Ratio, t_quantile

DIGITS = 5
"""How many digits of a ratio evidence holds."""
LONE_SPREAD, LONE_DEGREES = 0.15, 4.0
"""What stands for the spread between launches where there is one alone: see `lone_ratio`."""


def pair_log_ratio(a_blocks_s: Sequence[float], b_blocks_s: Sequence[float]) -> float | None:
    """One launch's log(time of b / time of a): the median over its block pairs, or None.

    The arguments hold one median per block, in seconds; equal positions are one pair.
    """
    # A difference of logs changes its sign exactly when the sides are swapped; log(b / a) does not.
    logs = [math.log(b) - math.log(a) for a, b in zip(a_blocks_s, b_blocks_s, strict=True)]
    return statistics.median(logs) if logs else None


def equal_code_log(blocks_s: Sequence[float]) -> float | None:
    """log(time / time) of one mode against itself: the median over pairs of neighbouring blocks.

    None where there are fewer than two blocks. Without a disturbance it is about 0.
    """
    return pair_log_ratio(blocks_s[: len(blocks_s) // 2 * 2 : 2], blocks_s[1::2])


def equal_code_spread(logs: Sequence[float]) -> float:
    """The spread that a launch's ratio has from its blocks alone, by `equal_code_log` of each.

    The root of their mean square, over the root of two: those medians are of half as many pairs.
    """
    return math.sqrt(math.fsum(x * x for x in logs) / len(logs) / 2) if logs else 0.0


def ratio_of_launches(logs: Sequence[float], *, floor: float) -> Ratio:
    """The mean of *logs*, one per launch; its interval is Student's t.

    `floor` bounds the spread from below, so that a lucky run of equal launches cannot produce a
    narrow interval: the spread used is ``max(sd, floor)``.

    Raises:
        ValueError: fewer than two launches.
    """
    count = len(logs)
    if count < 2:
        raise ValueError("an interval over launches needs at least two of them")
    mean = math.fsum(logs) / count
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (count - 1))
    return Ratio(mean, max(deviation, floor) / math.sqrt(count), count - 1)


def lone_ratio(log: float) -> Ratio:
    """The ratio of a single launch, whose logarithm is *log*, as wide as such ones were seen to be.

    In 19 of the 20 files of rules/library that hold a whole model at the size asked for (2 CPUs of
    two kinds, 2026-11-26 and -27), the launch that chose among the ways to write it lay within 1.5
    of what the launches after it gave; the root of the mean square is 1.22. In the other one a step
    over a graph takes JAX 1.5 or 3.7 ms, by process. Student's t reaches to 1.5 at 95 %.
    """
    return Ratio(log, LONE_SPREAD, LONE_DEGREES)


def level_of(alpha: float) -> float:
    """The two-sided level of an interval that misses with the chance *alpha*."""
    return round(1 - alpha, 9)


def launches_needed(ratio: Ratio, margin: float, alpha: float) -> int | None:
    """How many launches would settle an open comparison, by its present spread.

    None where the mean lies within a tenth of the spread of the margin: nothing settles
    that in a time anyone would wait.
    """
    gap = abs(abs(ratio.log) - margin)
    if gap < 0.1 * ratio.spread:
        return None
    for count in range(int(ratio.degrees) + 2, 200):
        half = t_quantile(1 - alpha / 2, count - 1) * ratio.spread / math.sqrt(count)
        if half < gap:
            return count
    return None


def quantile(values: Sequence[float], p: float) -> float:
    """The *p* quantile of *values* with linear interpolation between order statistics."""
    ordered = sorted(values)
    place = p * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
