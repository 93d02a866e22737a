"""How fast: one convention for the whole advisor, and how sure a ratio is.

A `Ratio` says how many times as fast one thing is as another: the natural logarithm of the time of
the *other* over the time of the *one*. Above 0 the one is faster. Of the pair the one is always
JAX, the other PyTorch. Everything inside counts so; it is converted at these borders only:

- evidence: ``time_ratio`` of ``a`` compared with ``b`` is time of b / time of a: a is the one;
- a decision: ``performance.ratio`` is the ratio itself, JAX being the one;
- value (`advisor.decide.valuation`): one unit is a step in half the time, a logarithm to base 2;
- words (`advisor.render.wording`): the faster one is named first.

Standard library only: a bare node computes its intervals too.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.95
"""The level of an interval that says no other."""

MARGIN = 1.05
"""What a ratio must exceed to matter to anybody's choice."""


@dataclass(frozen=True)
class Ratio:
    """How many times as fast the one is as the other.

    Attributes:
        log: Natural logarithm of (time of the other / time of the one).
        se: Its standard error.
        degrees: Degrees of freedom behind `se`; infinite for a normal distribution.
    """

    log: float
    se: float
    degrees: float = math.inf

    @property
    def value(self) -> float:
        """The ratio itself; above 1 the one is faster."""
        return math.exp(self.log)

    @property
    def spread(self) -> float:
        """Of a mean over launches: the standard deviation between them."""
        return self.se * math.sqrt(self.degrees + 1)

    @property
    def turned(self) -> Ratio:
        """The same with the two exchanged."""
        return Ratio(-self.log, self.se, self.degrees)

    def log_interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The two-sided interval of `log` by Student's t."""
        half = t_quantile(0.5 + level / 2, self.degrees) * self.se
        return self.log - half, self.log + half

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The same as ratios."""
        low, high = self.log_interval(level)
        return math.exp(low), math.exp(high)


def rounded(value: float, digits: int = 4) -> float:
    """*value* as a document holds it: with so many digits."""
    return float(f"{value:.{digits}g}")


def error_of(ci: tuple[float, float], *, level: float = LEVEL, degrees: float = math.inf) -> float:
    """The standard error of the logarithm of a ratio whose *level* interval is *ci*."""
    return math.log(ci[1] / ci[0]) / (2 * t_quantile(0.5 + level / 2, degrees))


def weighted_mean(parts: Sequence[Ratio], weights: Sequence[float]) -> Ratio:
    """The geometric mean of independent ratios.

    Its degrees of freedom are those of Welch (1947) and Satterthwaite (1946).
    """
    variances = [(w * p.se) ** 2 for p, w in zip(parts, weights, strict=True)]
    variance = math.fsum(variances)
    lost = math.fsum(v * v / p.degrees for v, p in zip(variances, parts, strict=True))
    return Ratio(
        math.fsum(w * p.log for p, w in zip(parts, weights, strict=True)),
        math.sqrt(variance),
        max(1.0, variance * variance / lost) if lost > 0 else math.inf,
    )


def mean(parts: Sequence[Ratio]) -> Ratio:
    """The geometric mean of independent ratios with equal weights."""
    return weighted_mean(parts, [1 / len(parts)] * len(parts))


@functools.lru_cache(maxsize=1024)
def t_quantile(p: float, degrees: float) -> float:
    """The *p* quantile of Student's t with *degrees* of freedom (the normal one where infinite).

    Raises:
        ValueError: p outside (0, 1) or less than one degree of freedom.
    """
    if not 0 < p < 1 or degrees < 1:
        raise ValueError("a quantile needs 0 < p < 1 and at least one degree of freedom")
    if math.isinf(degrees):
        return statistics.NormalDist().inv_cdf(p)
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


def t_cdf(t: float, degrees: float) -> float:
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
