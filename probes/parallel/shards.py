"""Which part of a batch a rank computes: shared inputs in, the same with a part of the batch out.

Arrays that hold batches have the shape (batches, batch, ...); their second axis is shared out in
equal parts, in the order of the ranks. Weights are the same for all. Knows no framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from probes.model import Model
from probes.workload import Arrays


class SplitError(ValueError):
    """A batch that cannot be shared out, or a family that is not offered so."""


@dataclass(frozen=True)
class Built:
    """A program, and the parts that it was made of."""

    program: Any
    parts: Any
    wide: bool = False


def widened(arrays: Arrays) -> Arrays:
    """*arrays* with float64 for float32, in which no rounding carries a ReLU across zero."""
    narrow = {name for name, array in arrays.items() if array.dtype == np.float32}
    return {n: a.astype(np.float64) if n in narrow else a for n, a in arrays.items()}


def part_of(model: Model, arrays: Arrays, rank: int, ranks: int) -> Arrays:
    """*arrays* with the part of every batch that belongs to *rank* of *ranks*.

    Raises:
        SplitError: the family is not offered so, or its batch is no multiple of *ranks*.
    """
    if not model.split:
        raise SplitError(f"{model.id} is not offered over several devices")
    return {
        name: _part(name, array, rank, ranks) if name in model.split else array
        for name, array in arrays.items()
    }


def _part(name: str, array: Any, rank: int, ranks: int) -> Any:
    batch = array.shape[1]
    if batch % ranks:
        raise SplitError(f"{name} has a batch of {batch}, which is no multiple of {ranks}")
    each = batch // ranks
    return array[:, rank * each : (rank + 1) * each]
