"""The time left: from what this run has taken, on a clock that the tests turn."""

from __future__ import annotations

import math

import pytest

from advisor.cli.live import time_left
from advisor.measure.clock import Clock, Owed, Step
from advisor.measure.need import expected_launches
from advisor.measure.progress import Progress
from advisor.measure.verdicts import LOG_MARGIN, STANDARD, TASK, Looks
from advisor.measure.work import Series
from advisor.ratio import Ratio
from tests.fakes import kit

ITEMS = tuple(kit.item(f"w{n}") for n in range(5))
SERIES = Series("cpu", (0, 1), ITEMS)


class Walk:
    """A run of one series that takes what it is told to; keeps every estimate with the truth."""

    def __init__(self, *, start_s: float, cold_s: list[float], warm_s: list[float]) -> None:
        self.now_s = 0.0
        self.clock = Clock(kit.QUICK, now=lambda: self.now_s)
        self.start_s, self.cold_s, self.warm_s = start_s, cold_s, warm_s
        self.told: list[tuple[float, float]] = []

    def pass_time(self, seconds: float, owed: list[Owed]) -> None:
        for _ in range(4):
            self.told.append((self.now_s, self.clock.left_s(owed)))
            self.now_s += seconds / 4

    def launch(self, launches_left: int, *, first: bool) -> None:
        owed = [Owed(SERIES, item, launches_left) for item in ITEMS if launches_left]
        self.clock.begin(SERIES, ITEMS, first=first)
        self.pass_time(self.start_s, owed)
        for item, seconds in zip(ITEMS, self.cold_s if first else self.warm_s, strict=True):
            self.clock.turn_to(item.key)
            self.pass_time(seconds, owed)
        self.clock.end()

    def error_at(self, share: float) -> float:
        """How far the last estimate before this share of the run was off the time left."""
        at_s, left_s = [pair for pair in self.told if pair[0] <= share * self.now_s][-1]
        return left_s / (self.now_s - at_s) - 1


@pytest.mark.parametrize("slow", [0.5, 1.0, 6.0])
@pytest.mark.parametrize("cold", [1.2, 2.0])
def test_the_time_left_is_right_within_a_third(slow, cold):
    """Machines of any speed, and compilers that cost more than later launches do."""
    walk = Walk(
        start_s=3.7 * slow,
        cold_s=[x * cold * slow for x in (1.0, 0.8, 1.3, 1.0, 1.1)],
        warm_s=[x * slow for x in (1.0, 0.8, 1.3, 1.0, 1.1)],
    )
    for n in range(5):
        walk.launch(4 - n, first=n == 0)
    assert [abs(walk.error_at(share)) < 0.3 for share in (0.1, 0.5, 0.9)] == [True] * 3


def test_what_takes_longer_than_it_should_is_never_about_to_end_at_once():
    walk = Walk(start_s=2.0, cold_s=[1.0] * 5, warm_s=[1.0] * 5)
    walk.clock.begin(SERIES, ITEMS, first=True)
    walk.now_s = 500.0
    step_s = walk.clock.step_s(Step(SERIES, ITEMS[0], first=True))
    assert walk.clock.left_s([]) > 4 * step_s
    walk.clock.turn_to(ITEMS[0].key)
    # A start that took 500 s says what kind of machine this is.
    assert walk.clock.left_s([]) > 60
    assert "min left" in time_left(Progress(500.0, 500.0 + walk.clock.left_s([]), "building"))


def test_an_item_that_is_not_of_this_launch_turns_nothing():
    walk = Walk(start_s=1.0, cold_s=[1.0] * 5, warm_s=[1.0] * 5)
    walk.clock.begin(SERIES, ITEMS[:1], first=True)
    before_s = walk.clock.left_s([])
    walk.clock.turn_to("somebody/else")
    assert walk.clock.left_s([]) == before_s


def ratio(middle: float, spread: float, count: int) -> Ratio:
    """The mean of *count* launches with this spread."""
    return Ratio(middle, spread / math.sqrt(count), count - 1)


@pytest.mark.parametrize(
    ("middle", "spread", "good", "looks", "launches"),
    [
        (1.0, 0.02, 2, STANDARD, 3),
        (0.2, 0.02, 2, STANDARD, 5),
        (0.2, 0.02, 3, STANDARD, 5),
        (0.12, 0.06, 5, STANDARD, 8),
        # No look will settle it: it is left at the first.
        (0.06, 0.30, 2, STANDARD, 5),
        (0.0, 0.01, 2, TASK, 5),
        (0.2, 0.02, 5, TASK, 5),
    ],
)
def test_a_comparison_is_expected_to_end_at_the_look_that_settles_it(
    middle, spread, good, looks, launches
):
    assert expected_launches(good, ratio(middle, spread, good), looks, LOG_MARGIN) == launches


def test_before_two_launches_half_are_expected_to_end_early():
    assert expected_launches(0, None, STANDARD, LOG_MARGIN) == 4
    assert expected_launches(1, None, Looks((5,), 0.05), LOG_MARGIN) == 5
