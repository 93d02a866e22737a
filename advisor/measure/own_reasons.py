"""Why two curves that should be one are not: the mistake that they look like.

A guess helps whoever has to find it; what was seen is said beside it. Pure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.evidence import Reason
from advisor.measure.own_leaves import Difference

_NEAR = 1e-2
_STILL = 1e-5


def explained(
    name: str, a: NDArray[Any], b: NDArray[Any], worst: Difference, labels: tuple[str, str]
) -> Reason:
    """The reason for which *b* of the second label is not *a* of the first."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    seen = {"piece": name, "difference": worst.max_abs, "limit": worst.limit}
    case, more = _look(x, y, labels)
    return Reason("differs", case, {**seen, **more})


def _look(
    x: NDArray[np.float64], y: NDArray[np.float64], labels: tuple[str, str]
) -> tuple[str, dict[str, Any]]:
    scale = float(np.max(np.abs(x))) or 1.0
    if np.max(np.abs(x + y)) < _NEAR * scale:
        return "negated", {}
    steps = len(x)
    if steps > 2:
        changes = [float(np.max(np.abs(z - z[:1]))) / scale for z in (x, y)]
        if min(changes) < _STILL * max(1.0, *changes) and max(changes) > _NEAR**2:
            still = changes.index(min(changes))
            return "stays", {"still": labels[still], "moving": labels[1 - still]}
        late = _lag(x, y, scale)
        if late is not None:
            return "late", {"late": labels[late]}
        if _opposite(x, y):
            return "opposite", {}
    if np.max(np.abs(x[0] - y[0])) < 1e-4 * scale:
        return "later-steps", {}
    return "too-far", {}


def _lag(x: NDArray[np.float64], y: NDArray[np.float64], scale: float) -> int | None:
    """Which of two curves is the other one a step later; None where neither is."""
    for late, (early, behind) in enumerate(((y, x), (x, y))):
        if np.max(np.abs(early[:-1] - behind[1:])) < 1e-4 * scale:
            return late
    return None


def _opposite(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether both begin alike and one falls where the other rises: at once, or in the end.

    What climbs may leave all bounds in a few steps, so that its end tells nothing.
    """
    return any(_turned(x, y, to) for to in (1, -1))


def _turned(x: NDArray[np.float64], y: NDArray[np.float64], to: int) -> bool:
    dx, dy = float(np.mean(x[to] - x[0])), float(np.mean(y[to] - y[0]))
    smaller, larger = sorted((abs(dx), abs(dy)))
    alike = abs(float(np.mean(x[0] - y[0]))) < 0.1 * max(larger, 1e-30)
    return alike and dx * dy < 0 and smaller > 0.1 * larger
