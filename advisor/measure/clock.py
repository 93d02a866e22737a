"""How long a run will still take, from what its own launches have taken so far.

What a plan guesses is right for the machine that the guesses were made on; after the first items
of the first launch this run's own seconds replace them. Knows series, items and seconds. It must
not know what is measured or decided.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.measure.choosing import choice_key
from advisor.measure.plan import first_seconds, item_seconds, start_seconds
from advisor.measure.work import Protocol, Series, WorkItem

# What is taken over its estimate for so long is about to end: this share of it is left.
_OVERDUE = 0.1
# The least that a later launch takes of the first one, before there was any.
_LEAST_WARM = 0.25
# What a later launch, with warm compilers and the chosen ways to write a model alone, takes of the
# launch that tried all of them.
WARM_SHARE = 0.35
# How far a whole machine may be from the one that the guesses were made on.
_FACTORS = (0.2, 20.0)


@dataclass(frozen=True)
class Step:
    """The start of a launch's workers (`item` is None), or one item of it."""

    series: Series
    item: WorkItem | None
    first: bool

    @property
    def key(self) -> tuple[str, str, bool]:
        """What it is remembered by."""
        return self.series.key, self.item.key if self.item else "", self.first


@dataclass(frozen=True)
class Owed:
    """So many further launches of one item, beyond the one that runs."""

    series: Series
    item: WorkItem
    launches: float


class Clock:
    """The seconds of a run's launches, by step; *now* is a clock that only grows."""

    def __init__(self, protocol: Protocol, now: Callable[[], float] = time.monotonic) -> None:
        self._protocol = protocol
        self._now = now
        self._took_s: dict[tuple[str, str, bool], float] = {}
        self._guess_s: dict[tuple[str, str, bool], float] = {}
        self._coming: list[Step] = []
        self._current: Step | None = None
        self._since_s = 0.0

    def begin(self, series: Series, items: Sequence[WorkItem], *, first: bool) -> None:
        """A launch begins; its workers are started first."""
        self._coming = [Step(series, item, first) for item in items]
        self._turn_to(Step(series, None, first))

    def turn_to(self, item_key: str) -> None:
        """The running launch is at this item now."""
        for place, step in enumerate(self._coming):
            if step.item is not None and step.item.key == item_key:
                self._coming = self._coming[place + 1 :]
                self._turn_to(step)
                return

    def end(self) -> None:
        """The running launch is over."""
        self._coming = []
        self._turn_to(None)

    def steps(self) -> list[list[Any]]:
        """What all steps so far took and were guessed to, as rows of plain values."""
        return [[*key, took_s, self._guess_s[key]] for key, took_s in self._took_s.items()]

    def take_up(self, steps: Iterable[Sequence[Any]]) -> None:
        """Know what `steps` told, of an earlier process."""
        for series, item, first, took_s, guess_s in steps:
            self._took_s[series, item, first] = took_s
            self._guess_s[series, item, first] = guess_s

    def _turn_to(self, step: Step | None) -> None:
        now_s = self._now()
        if self._current is not None:
            self._took_s[self._current.key] = now_s - self._since_s
            self._guess_s[self._current.key] = self._guessed_s(self._current)
        self._current, self._since_s = step, now_s

    def step_s(self, step: Step) -> float:
        """About how long *step* takes: as the last time, or as its likes did in this run."""
        seen_s = self._took_s.get(step.key)
        if seen_s is not None:
            return seen_s
        tried_s = self._choice_s(step)
        if tried_s is not None:
            return WARM_SHARE * tried_s
        guess_s = self._guessed_s(step)
        cold_s = self._took_s.get(Step(step.series, step.item, first=True).key)
        if step.first or cold_s is None:
            return guess_s * self._factor(first=step.first)
        share = self._warm_share()
        if share is not None:
            return cold_s * share
        # Compilers say nothing of what comes without them; how long workers took to start does.
        return min(cold_s, max(_LEAST_WARM * cold_s, guess_s * self._speed()))

    def _choice_s(self, step: Step) -> float | None:
        """How long the choice took whose model *step* estimates, if it does and that has been."""
        item = step.item
        if item is None or item.asked is None or item.role != "estimate":
            return None
        return self._took_s.get((step.series.key, choice_key(item.asked), True))

    def spent_s(self, step: Step) -> float:
        """What *step* took, or has taken so far where it is the one that runs; 0 before it."""
        if self._current is not None and self._current.key == step.key:
            return self._now() - self._since_s
        return self._took_s.get(step.key, 0.0)

    def left_s(self, owed: Sequence[Owed]) -> float:
        """The rest of the running launch, and all launches that are *owed* beyond it."""
        rest_s = math.fsum(self.step_s(step) for step in self._coming)
        if self._current is not None:
            whole_s = self.step_s(self._current)
            rest_s += max(_OVERDUE * whole_s, whole_s - (self._now() - self._since_s))
        starts: dict[str, tuple[Series, float]] = {}
        for one in owed:
            rest_s += one.launches * self.step_s(Step(one.series, one.item, first=False))
            before = starts.get(one.series.key, (one.series, 0.0))[1]
            starts[one.series.key] = one.series, max(before, one.launches)
        return rest_s + math.fsum(
            count * self.step_s(Step(series, None, first=False))
            for series, count in starts.values()
        )

    def _guessed_s(self, step: Step) -> float:
        if step.item is None:
            return start_seconds(step.series, first=step.first)
        if step.first:
            return first_seconds(step.item, self._protocol)
        return item_seconds(step.item, self._protocol)

    def _factor(self, *, first: bool) -> float:
        """How many times as long as guessed this run's launches take."""
        keys = [key for key in self._took_s if key[2] is first] or list(self._took_s)
        guessed_s = math.fsum(self._guess_s[key] for key in keys)
        if not guessed_s:
            return 1.0
        least, most = _FACTORS
        return min(most, max(least, math.fsum(self._took_s[key] for key in keys) / guessed_s))

    def _speed(self) -> float:
        """How many times as long as guessed workers took to start."""
        keys = [key for key in self._took_s if not key[1]]
        guessed_s = math.fsum(self._guess_s[key] for key in keys)
        return math.fsum(self._took_s[key] for key in keys) / guessed_s if guessed_s else 1.0

    def _warm_share(self) -> float | None:
        """What items take of their first time in later launches; None before there was one."""
        pairs = [((a, b, True), (a, b, False)) for a, b, first in self._took_s if first and b]
        both = [(cold, warm) for cold, warm in pairs if warm in self._took_s]
        cold_s = math.fsum(self._took_s[cold] for cold, _ in both)
        if not cold_s:
            return None
        return math.fsum(self._took_s[warm] for _, warm in both) / cold_s
