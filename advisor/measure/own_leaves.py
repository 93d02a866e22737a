"""Two leaves of results or states: how far they are apart, which belong together, what moved.

Arrays are (steps, sample), as a worker took them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A sample up to this size holds a whole leaf, in order.
WHOLE = 4096
# Words of paths that name an optimizer's own numbers and not the parameters.
_OPTIMIZER = frozenset(
    ("mu", "nu", "trace", "momentum", "momenta", "velocity", "optimizer", "opt", "opt_state")
)
# How PyTorch's layouts are turned into JAX's: dense kernels and convolutions of 1 to 3 dimensions.
_TURNS = ((1, 0), (2, 1, 0), (2, 3, 1, 0), (2, 3, 4, 1, 0))


@dataclass(frozen=True)
class Difference:
    """The largest difference that matters: absolute, what is allowed there, and their quotient."""

    name: str
    max_abs: float
    limit: float
    of_limit: float


def difference_of(
    name: str, a: NDArray[Any], b: NDArray[Any], tolerance: float, *, at_least: float = 0.0
) -> Difference:
    """How far *b* is from *a*, element by element, each step against its own magnitude.

    An element may differ by *tolerance* times its magnitude or, where that is larger, the usual
    magnitude of its step and piece: one large value excuses no other. Whole numbers and truth
    values may differ in a share of *tolerance* of all elements. Floating ones may always differ by
    *at_least*.
    """
    if a.shape != b.shape:
        return Difference(name, np.inf, 0.0, np.inf)
    if a.dtype.kind in "iub" and b.dtype.kind in "iub":
        share = float(np.mean(a.astype(np.float64) != b.astype(np.float64))) if a.size else 0.0
        return Difference(name, share, tolerance, share / tolerance)
    x, y = a.astype(np.float64), b.astype(np.float64)
    if not x.size:
        return Difference(name, 0.0, tolerance, 0.0)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Difference(name, np.inf, 0.0, np.inf)
    usual: NDArray[np.float64] = tolerance * np.maximum(np.abs(x), _usual(x))
    limits = np.maximum(usual, at_least)
    apart: NDArray[np.float64] = np.abs(x - y)
    of_limits: NDArray[np.float64] = np.where(apart == 0, 0.0, apart / np.maximum(limits, 1e-300))
    at = np.unravel_index(int(np.argmax(of_limits)), of_limits.shape)
    return Difference(name, float(apart[at]), float(limits[at]), float(of_limits[at]))


def _usual(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """By step the usual magnitude: the median of what is not zero, of the step or of all steps.

    A thirtieth of the root mean square where that is more: sums round by the largest of them.
    """
    whole = _median(np.abs(x))
    if x.shape[1] == 1:
        return np.full((len(x), 1), whole)
    rows = [max(_median(row), float(np.sqrt(np.mean(row**2))) / 30) for row in np.abs(x)]
    return np.array(rows)[:, None]


def _median(magnitudes: NDArray[np.float64]) -> float:
    present = magnitudes[magnitudes > 0]
    return float(np.median(present)) if present.size else 0.0


def moved_by(a: NDArray[Any], tolerance: float, *, in_time: bool) -> float:
    """By how many tolerances the values of *a* are apart: over the steps, or over all of them.

    What is trained has to move in time; elsewhere it is enough that not all elements are equal.
    """
    x = a.astype(np.float64)
    if not x.size or not np.isfinite(x).all():
        return 0.0
    spans = x.max(axis=0) - x.min(axis=0) if in_time else np.array([x.max() - x.min()])
    scale = max(_median(np.abs(x)), 1e-300)
    return float(spans.max() / (tolerance * scale))


def usual_movement(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> float:
    """How far a leaf of a state moved: the root mean square of its elements, of the median leaf."""
    moves = [
        float(np.sqrt(np.mean((after[n].astype(np.float64) - before[n].astype(np.float64)) ** 2)))
        for n in before.keys() & after.keys()
        if before[n].shape == after[n].shape and after[n].size and after[n].dtype.kind == "f"
    ]
    finite = [move for move in moves if 0 < move < np.inf]
    return float(np.median(finite)) if finite else 0.0


# So many elements have to go their own ways before that looks like rounding, this alike at most.
_FEWEST, _MOST_ALIKE = 8, 0.8


def blown_up_rounding(mine: NDArray[Any], theirs: NDArray[Any], limit: float) -> bool:
    """Whether movements that differ by more than *limit* look like rounding that was blown up.

    A gradient that is zero but for rounding (of the bias of an attention's keys, which adds the
    same to all scores of a query) becomes steps of full length in an optimizer that scales: both
    sides move by about as much, in directions that have nothing to do with each other. What is
    wrong on one side looks otherwise: it stands still, goes the other way, or the same way by
    another length.
    """
    x, y = mine.astype(np.float64).ravel(), theirs.astype(np.float64).ravel()
    apart = np.abs(x - y) > limit
    if int(apart.sum()) < _FEWEST:
        return False
    x, y = x[apart], y[apart]
    lengths = sorted((float(np.linalg.norm(x)), float(np.linalg.norm(y))))
    if not lengths[0] > lengths[1] / 3:
        return False
    return abs(float(x @ y)) < _MOST_ALIKE * lengths[0] * lengths[1]


def alike(
    mine: Mapping[str, tuple[str, tuple[int, ...]]],
    theirs: Mapping[str, tuple[str, tuple[int, ...]]],
) -> dict[str, str]:
    """Leaves of two states that have the same name, by the name on the first side.

    Names are the same where one is the end of the other; a leaf without any name is none. Where
    several would do, those of an optimizer's own numbers do not.
    """
    found: dict[str, str] = {}
    for name, (_, shape) in mine.items():
        near = [n for n, (_, other) in theirs.items() if _same(name, n) and _turns(shape, other)]
        if len(near) > 1:
            near = [n for n in near if n == name] or [n for n in near if not _of_optimizer(n)]
        if len(near) == 1 and not _of_optimizer(name):
            found[name] = near[0]
    taken = list(found.values())
    return {name: other for name, other in found.items() if taken.count(other) == 1}


def _same(one: str, other: str) -> bool:
    a, b = (_bare(name) for name in (one, other))
    if not a or not b:
        return False
    short, long = sorted((a, b), key=len)
    return long[-len(short) :] == short


def _bare(name: str) -> list[str]:
    """The parts of a name without the places of tuples before it and Flax's ``value`` behind."""
    parts = name.split(".")
    while parts and parts[0].isdigit():
        parts = parts[1:]
    return parts[:-1] if parts[-1:] == ["value"] else parts


def _of_optimizer(name: str) -> bool:
    return bool(_OPTIMIZER & set(name.split(".")[:-1]))


def _turns(mine: tuple[int, ...], theirs: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The orders of axes in which *theirs* has the shape *mine*: as it is first."""
    orders = [tuple(range(len(theirs))), *(t for t in _TURNS if len(t) == len(theirs))]
    return [o for o in orders if tuple(theirs[n] for n in o) == mine]


def oriented(
    a: NDArray[Any], b: NDArray[Any], mine: tuple[int, ...], theirs: tuple[int, ...]
) -> NDArray[Any] | None:
    """*b* in the order of axes in which it is nearest to *a*; None where only samples are left.

    Both are (1, sample) of leaves of the shapes *mine* and *theirs*.
    """
    orders = _turns(mine, theirs)
    if a.size > WHOLE or a.size != int(np.prod(mine)) or b.size != a.size:
        straight = tuple(range(len(theirs)))
        # A square one may be turned or not: a sample does not tell.
        return b if orders == [straight] and a.shape == b.shape else None
    turned = [b.reshape(theirs).transpose(o).reshape(1, -1) for o in orders]
    return min(turned, key=lambda t: float(np.max(np.abs(a.astype(float) - t.astype(float)))))
