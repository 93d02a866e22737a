"""A ratio of times with its uncertainty, and how a comparison of the evidence becomes one.

Knows comparisons. It must not know probes, tasks or weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.evidence import Comparison

_CALLED = ("a_faster", "b_faster", "equivalent")
Z95 = 1.959963984540054
_NARROWEST = 1e-4


@dataclass(frozen=True)
class Ratio:
    """A ratio of times in log2 units with its standard error."""

    log2: float
    se: float

    @property
    def ratio(self) -> float:
        """The ratio itself."""
        return math.exp2(self.log2)

    @property
    def ci(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return math.exp2(self.log2 - Z95 * self.se), math.exp2(self.log2 + Z95 * self.se)


def _called(comparison: Comparison) -> bool:
    return (
        comparison.verdict in _CALLED
        and comparison.time_ratio is not None
        and comparison.ci is not None
    )


def ratio_of(comparison: Comparison, *, slow: str) -> Ratio | None:
    """Time of *slow* over time of the other mode, or None where it was not called."""
    if not _called(comparison) or comparison.time_ratio is None or comparison.ci is None:
        return None
    log2 = math.log2(comparison.time_ratio)
    se = error_of(comparison.ci)
    return Ratio(log2 if slow == comparison.b else -log2, max(se, _NARROWEST))


def error_of(ci: tuple[float, float]) -> float:
    """The standard error, log2 units, of a ratio with the 95 % interval *ci*."""
    return math.log2(ci[1] / ci[0]) / (2 * Z95)
