"""Where the winner of one kind of work changes, with its size or with the cores.

Knows called cells and the order of sizes. It must not know tasks, weights or wording of reports.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from advisor.reading.called import Cell
from advisor.reading.ratios import Z95, Ratio


@dataclass(frozen=True)
class WinnerChange:
    """Two neighbouring cells of one workload with different winners.

    Attributes:
        by: ``size`` or ``cores``: the one thing in which they differ.
        below: The cell with less work, or fewer cores.
        above: The other one.
        at: The key of the size and about where the two are equally fast, where the cells differ
            in one number alone; else ``("flops", count)``; None where no work is counted.
            Interpolated in logs of both the ratio and the size: a straight line between two
            measurements, not a third one.
    """

    by: str
    below: Cell
    above: Cell
    at: tuple[str, float] | None = None


def winner_changes(cells: Iterable[Cell]) -> tuple[WinnerChange, ...]:
    """Every change of winner between neighbours; what is practically equal has no winner."""
    decided = [c for c in cells if c.verdict != "equivalent"]
    by_size: dict[tuple[object, ...], list[Cell]] = {}
    by_cores: dict[tuple[object, ...], list[Cell]] = {}
    for cell in decided:
        alike = (cell.workload, cell.source, cell.device, cell.kinds, cell.precision)
        by_size.setdefault((*alike, cell.cores), []).append(cell)
        by_cores.setdefault((*alike, cell.size), []).append(cell)
    return (*_changes("size", by_size.values()), *_changes("cores", by_cores.values()))


def winners_differ(cells: Iterable[Cell]) -> bool:
    """Whether each framework is faster in one of *cells*."""
    return {c.verdict for c in cells} >= {"jax_faster", "pytorch_faster"}


def spanning(cells: Sequence[Cell]) -> Ratio:
    """One ratio whose 95 % interval reaches over all of *cells*: no average of opposites."""
    low = min(c.speedup.log2 - Z95 * c.speedup.se for c in cells)
    high = max(c.speedup.log2 + Z95 * c.speedup.se for c in cells)
    return Ratio((low + high) / 2, (high - low) / (2 * Z95))


def _changes(by: str, groups: Iterable[list[Cell]]) -> Iterator[WinnerChange]:
    for group in groups:
        ordered = sorted(group, key=_amount if by == "size" else lambda c: c.cores or 0)
        for below, above in pairwise(ordered):
            if below.verdict != above.verdict:
                at = _meeting(below, above) if by == "size" else None
                yield WinnerChange(by, below, above, at)


def _amount(cell: Cell) -> tuple[float, float, str]:
    """How much work a cell is: counted where it can be, else by the time that it takes."""
    return cell.flops or 0.0, cell.together_s, cell.size


def _meeting(below: Cell, above: Cell) -> tuple[str, float] | None:
    moved = _one_number(below, above)
    if moved is not None:
        key, low, high = moved
    elif below.flops and above.flops:
        key, low, high = "flops", below.flops, above.flops
    else:
        return None
    if low == high:
        return None
    share = below.speedup.log2 / (below.speedup.log2 - above.speedup.log2)
    return key, math.exp(math.log(low) + share * (math.log(high) - math.log(low)))


def _one_number(below: Cell, above: Cell) -> tuple[str, float, float] | None:
    a, b = dict(below.shape), dict(above.shape)
    keys = [k for k in {*a, *b} if a.get(k) != b.get(k)]
    if len(keys) != 1:
        return None
    values = a.get(keys[0]), b.get(keys[0])
    low, high = values
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and min(low, high) > 0:
        return keys[0], float(low), float(high)
    return None
