"""What several runs of a step with random numbers of its own have in common: means by run.

A run is told in three numbers per result: the mean over its elements in the first quarter of the
steps, in the middle half and in the last quarter. Knows NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.own.leaves import Watched

STATISTICAL_RUNS = 8


def summary(runs: Sequence[Watched]) -> dict[str, NDArray[Any]]:
    """By result ``runs/NAME``, an array (runs, 3)."""
    names = [leaf.name for leaf in runs[0].steps[0]]
    return {f"runs/{name}": np.stack([_told(run, name) for run in runs]) for name in names}


def _told(run: Watched, name: str) -> NDArray[np.float64]:
    means = [
        float(np.mean(leaf.values.astype(np.float64)))
        for step in run.steps
        for leaf in step
        if leaf.name == name
    ]
    quarter = max(1, len(means) // 4)
    parts = (means[:quarter], means[quarter:-quarter] or means, means[-quarter:])
    return np.array([np.mean(part) for part in parts])
