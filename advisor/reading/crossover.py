"""Where the winner of one kind of work changes, with its size or with the cores.

Knows called comparisons and the order of sizes. It must not know tasks, weights or words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from advisor.ratio import LEVEL, Ratio, t_quantile
from advisor.reading.called import CalledComparison, verdict_of
from advisor.reading.works import MeasuredWork


@dataclass(frozen=True)
class WinnerChange:
    """Two neighbouring comparisons of one workload with different winners.

    Attributes:
        by: ``size`` or ``cores``: the one thing in which they differ.
        below: The one with less work, or fewer cores.
        above: The other one.
        at: The key of the size and about where the two are equally fast, where the two differ
            in one number alone; else ``("flops", count)``; None where no work is counted.
            Interpolated in logs of both the ratio and the size: a straight line between two
            measurements, not a third one.
    """

    by: str
    below: CalledComparison
    above: CalledComparison
    at: tuple[str, float] | None = None


def winner_changes(comparisons: Iterable[CalledComparison]) -> tuple[WinnerChange, ...]:
    """Every change of winner between neighbours; what is practically equal has no winner."""
    decided = [c for c in comparisons if c.verdict != "equivalent"]
    by_size: dict[tuple[object, ...], list[CalledComparison]] = {}
    by_cores: dict[tuple[object, ...], list[CalledComparison]] = {}
    for one in decided:
        alike = (one.workload, one.source, one.device, one.kinds, one.precision)
        by_size.setdefault((*alike, one.cores), []).append(one)
        by_cores.setdefault((*alike, one.size), []).append(one)
    return (*_changes("size", by_size.values()), *_changes("cores", by_cores.values()))


def changes_of_models(works: Iterable[MeasuredWork]) -> tuple[WinnerChange, ...]:
    """The same for models that were measured at several sizes; what was not called is no winner."""
    return winner_changes(called for work in works if (called := _called(work)) is not None)


def _called(one: MeasuredWork) -> CalledComparison | None:
    work, verdict = one.work, verdict_of(one.speedup)
    if not work.called or verdict is None:
        return None
    times = [mode.step_s for mode in work.modes if mode.chosen]
    return CalledComparison(
        workload=work.model,
        source=one.source,
        device=work.device,
        kinds=one.kinds,
        cores=work.cores,
        precision=work.precision,
        size=work.name,
        shape=tuple(sorted(work.size.items())),
        speedup=one.speedup,
        torch_mode=work.a or "",
        verdict=verdict,
        together_s=math.fsum(times) if times else math.inf,
    )


def winners_differ(comparisons: Iterable[CalledComparison]) -> bool:
    """Whether each framework is faster in one of *comparisons*."""
    return {c.verdict for c in comparisons} >= {"jax_faster", "pytorch_faster"}


def spanning(comparisons: Sequence[CalledComparison]) -> Ratio:
    """One ratio whose 95 % interval reaches over all of *comparisons*: no average of opposites."""
    intervals = [c.speedup.log_interval() for c in comparisons]
    low, high = min(i[0] for i in intervals), max(i[1] for i in intervals)
    return Ratio((low + high) / 2, (high - low) / (2 * t_quantile(0.5 + LEVEL / 2, math.inf)))


def _changes(by: str, groups: Iterable[list[CalledComparison]]) -> Iterator[WinnerChange]:
    for group in groups:
        ordered = sorted(group, key=_amount if by == "size" else lambda c: c.cores or 0)
        for below, above in pairwise(ordered):
            if below.verdict != above.verdict:
                at = _meeting(below, above) if by == "size" else None
                yield WinnerChange(by, below, above, at)


def _amount(one: CalledComparison) -> tuple[float, float, str]:
    """How much work one is: counted where it can be, else by the time that it takes."""
    return one.flops or 0.0, one.together_s, one.size


def _meeting(below: CalledComparison, above: CalledComparison) -> tuple[str, float] | None:
    moved = _one_number(below, above)
    if moved is not None:
        key, low, high = moved
    elif below.flops and above.flops:
        key, low, high = "flops", below.flops, above.flops
    else:
        return None
    if low == high:
        return None
    share = below.speedup.log / (below.speedup.log - above.speedup.log)
    return key, math.exp(math.log(low) + share * (math.log(high) - math.log(low)))


def _one_number(
    below: CalledComparison, above: CalledComparison
) -> tuple[str, float, float] | None:
    a, b = dict(below.shape), dict(above.shape)
    keys = [k for k in {*a, *b} if a.get(k) != b.get(k)]
    if len(keys) != 1:
        return None
    values = a.get(keys[0]), b.get(keys[0])
    low, high = values
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and min(low, high) > 0:
        return keys[0], float(low), float(high)
    return None
