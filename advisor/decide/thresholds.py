"""How far a number must move before something else is recommended: speed ratios and weights.

A threshold is found roughly on a fixed grid of printable values, then moved until it holds in full
and the value one step before does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from advisor.decide.judging import Judgement, Situation, judge
from advisor.decide.search import Search
from advisor.decide.speed import Speed
from advisor.decision import CRITERIA, Flip

SPEEDS = (
    *(round(0.05 * k, 2) for k in range(1, 20)),
    *(round(1.0 + 0.1 * k, 1) for k in range(90)),
    *(float(k) for k in range(10, 33)),
)
"""Speed ratios that are tried, JAX relative to PyTorch."""

WEIGHTS = tuple(round(0.05 * k, 2) for k in range(20))

Reached = Callable[[Judgement], bool]
Vary = Callable[[float], Situation]


def speed_flips(search: Search) -> Iterator[Flip]:
    """The speed ratio from which on each other framework, or else neither, is recommended."""
    if len(search.now.feasible) < 2:
        return
    measured = search.now.speed
    start = measured.speedup.ratio if measured else 1.0

    def vary(ratio: float) -> Situation:
        return replace(search.now.situation, ratio=ratio)

    for target in search.others:
        rising = target == "jax"
        ahead = [s for s in SPEEDS if (s > start if rising else s < start)]
        found = _first(search, ahead if rising else ahead[::-1], vary, target)
        if found is not None:
            ratio, then = found
            text = _speed_text(ratio, measured)
            yield search.told({"measured.jax_speedup": ratio}, text, then)


def weight_flips(search: Search) -> Iterator[Flip]:
    """The weight of one criterion from which on another framework is recommended."""
    if len(search.now.feasible) < 2:
        return
    for criterion in CRITERIA:
        now = float(search.now.sample.weights[criterion].mean())

        def vary(weight: float, criterion: str = criterion) -> Situation:
            return replace(search.now.situation, fixed_weight=(criterion, weight))

        for target in search.others:
            found = _first(search, [w for w in WEIGHTS if w > now], vary, target)
            if found is not None:
                weight, then = found
                shares = f"{100 * weight:.0f} % or more (now {100 * now:.0f} % on average)"
                text = f"If {criterion} counted {shares}"
                yield search.told({f"weight.{criterion}": weight}, text, then)


def _first(
    search: Search, grid: Sequence[float], vary: Vary, target: str
) -> tuple[float, Judgement] | None:
    """The threshold towards *target*; if there is none, the one away from what is recommended."""
    found = _threshold(search, grid, vary, lambda then: then.framework == target)
    if found is None and search.now.framework is not None:
        now = search.now.framework
        found = _threshold(search, grid, vary, lambda then: then.framework != now)
    return found


def _threshold(
    search: Search, grid: Sequence[float], vary: Vary, reached: Reached
) -> tuple[float, Judgement] | None:
    place = _bisected(grid, lambda value: reached(search.look(vary(value))))
    if place is None:
        return None
    full: dict[int, Judgement] = {}

    def holds(k: int) -> bool:
        if k not in full:
            full[k] = judge(vary(grid[k]), search.draws)
        return reached(full[k])

    while not holds(place) and place + 1 < len(grid):
        place += 1
    while holds(place) and place > 0 and holds(place - 1):
        place -= 1
    return (grid[place], full[place]) if holds(place) else None


def _bisected(grid: Sequence[float], reached: Callable[[float], bool]) -> int | None:
    """Where *grid* starts to be reached, if its end is; None otherwise."""
    if not grid or not reached(grid[-1]):
        return None
    low, high = -1, len(grid) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if reached(grid[middle]):
            high = middle
        else:
            low = middle
    return high


def _speed_text(ratio: float, measured: Speed | None) -> str:
    winner, factor = ("JAX", ratio) if ratio >= 1 else ("PyTorch", 1.0 / ratio)
    head = f"If {winner} were {factor:.3g} times as fast for this task"
    if measured is None:
        return f"{head} (not measured)"
    now = measured.speedup.ratio if ratio >= 1 else 1.0 / measured.speedup.ratio
    return f"{head} (measured {now:.2f})"
