"""Intervals for ratios of times, from launches. Pure: numbers in, numbers out.

The unit of replication is the launch: alternating more blocks inside one launch pins the ratio
of that launch to a fraction of a percent, while the next launch lands several percent away. So
every interval here is a t-interval over one number per launch (Kalibera & Jones 2013, "Rigorous
benchmarking in reasonable time", argue for repeating at the level where the variance is).

Standard library only, since a bare node computes its verdicts too.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A mean of logs with its interval: ``low <= estimate <= high``, all natural logs."""

    estimate: float
    low: float
    high: float
    spread: float
    launches: int

    def negated(self) -> Interval:
        """The interval of the reversed ratio: exactly the mirror image."""
        return Interval(-self.estimate, -self.high, -self.low, self.spread, self.launches)


def pair_log_ratio(a_blocks_s: Sequence[float], b_blocks_s: Sequence[float]) -> float | None:
    """One launch's log(time of b / time of a): the median over its block pairs, or None.

    The arguments hold one median per block, in seconds; equal positions are one pair.
    """
    # A difference of logs changes its sign exactly when the sides are swapped; log(b / a) does not.
    logs = [math.log(b) - math.log(a) for a, b in zip(a_blocks_s, b_blocks_s, strict=True)]
    return statistics.median(logs) if logs else None


def t_interval(logs: Sequence[float], *, alpha: float, floor: float) -> Interval:
    """The two-sided t-interval of the mean of *logs*, one per launch.

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
    spread = max(deviation, floor)
    half = t_quantile(1 - alpha / 2, count - 1) * spread / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, spread, count)


@functools.lru_cache(maxsize=256)
def t_quantile(p: float, degrees: int) -> float:
    """The *p* quantile of Student's t with *degrees* of freedom, by bisection.

    Raises:
        ValueError: p outside (0, 1) or no degree of freedom.
    """
    if not 0 < p < 1 or degrees < 1:
        raise ValueError("a quantile needs 0 < p < 1 and at least one degree of freedom")
    if p < 0.5:
        return -t_quantile(1 - p, degrees)
    low, high = 0.0, 1.0
    while t_cdf(high, degrees) < p:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if t_cdf(middle, degrees) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_cdf(t: float, degrees: int) -> float:
    """Student's t distribution function, through the regularised incomplete beta function."""
    if t == 0:
        return 0.5
    x = degrees / (degrees + t * t)
    tail = 0.5 * incomplete_beta(degrees / 2, 0.5, x)
    return 1 - tail if t > 0 else tail


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), 0 <= x <= 1.

    By its continued fraction (Abramowitz & Stegun 26.5.8), evaluated with Lentz's method, on
    the side of the mean where it converges fast.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return math.exp(log_front) * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 + term * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + term / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def launches_needed(interval: Interval, margin: float, alpha: float) -> int | None:
    """How many launches would settle an open comparison, by its present spread.

    None where the estimate lies within a tenth of the spread of the margin: nothing settles
    that in a time anyone would wait.
    """
    gap = abs(abs(interval.estimate) - margin)
    if gap < 0.1 * interval.spread:
        return None
    for count in range(interval.launches + 1, 200):
        half = t_quantile(1 - alpha / 2, count - 1) * interval.spread / math.sqrt(count)
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
