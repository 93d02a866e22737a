"""Steps with random numbers of their own, compared by the means of several runs. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.evidence import Reason

# How many standard errors two means may be apart: 3 numbers per result, one chance in 300 each.
_ERRORS = 3.5
# Largest share of what a result is that its means may be uncertain by.
MOST_UNCERTAIN = 0.10


def compare_runs(
    mine: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]], tolerance: float
) -> tuple[list[Reason], float, float]:
    """What is wrong, by how many tolerances the means move, and the worst share of what is allowed.

    Arrays are (runs, 3): means early, midway and late. A side with one run is one draw of the
    other's spread.
    """
    problems: list[Reason] = []
    moved = worst = 0.0
    if mine.keys() != theirs.keys() and not len(mine) == len(theirs) == 1:
        names = {"names": sorted(theirs), "reference_names": sorted(mine)}
        return [Reason("differs", "names", names)], 0.0, 0.0
    for (name, a), b in zip(sorted(mine.items()), (theirs[k] for k in sorted(theirs)), strict=True):
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            problems.append(Reason("differs", "not-finite", {"piece": name}))
            continue
        spread = float(max(a.std(axis=0, ddof=1).max(), _spread(b)))
        error = spread * math.sqrt(1 / len(a) + 1 / len(b))
        centre = a.mean(axis=0)
        scale = float(np.max(np.abs(centre))) or 1.0
        limit = max(_ERRORS * error, tolerance * scale)
        apart = float(np.max(np.abs(centre - b.mean(axis=0))))
        worst = max(worst, apart / limit)
        span = float(np.ptp(centre))
        moved = max(moved, span / (tolerance * scale) if span > limit else 0.0)
        if _ERRORS * error > MOST_UNCERTAIN * scale:
            values = {"piece": name, "share": _ERRORS * error / scale, "runs": len(a)}
            problems.append(Reason("differs", "too-noisy", values))
        elif apart > limit:
            values = {"piece": name, "difference": apart, "limit": limit, "runs": len(a)}
            problems.append(Reason("differs", "means", values))
    return problems, moved, worst


def _spread(b: NDArray[Any]) -> float:
    return float(b.std(axis=0, ddof=1).max()) if len(b) > 1 else 0.0
