"""What would change the decision: answers (one, then two), speed, weights, and time.

Candidates are found with a quick look; every flip is judged again in full before it is kept, and
what does not flip then is dropped. It must not know how a flip is worded.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge
from advisor.decide.waiting import AnswerChange, single_changes
from advisor.decision import CRITERIA, Flip
from advisor.knowledge.model import NEVER
from advisor.pair import FRAMEWORKS, Framework
from advisor.ratio import rounded

MOST_SINGLES = 14
MOST_PAIRS = 3
QUICK = 1000
_PAIRED = 12
_DATES = 6
OTHER_PROJECT = frozenset(
    {"task", "environment_kind", "transforms", "float64", "hardware.train", "model"}
)
"""Answers that say what is computed and on what: with another one it is another project."""

SPEEDS = (
    *(round(0.05 * k, 2) for k in range(1, 20)),
    *(round(1.0 + 0.1 * k, 1) for k in range(90)),
    *(float(k) for k in range(10, 33)),
)
"""Speed ratios that are tried, JAX as against PyTorch."""

WEIGHTS = tuple(round(0.05 * k, 2) for k in range(11))
"""Shares of the weights that are tried for one criterion: nobody has only one."""
_NEAR_FACTOR = 1.5
_NEAR_WEIGHT = 0.15
_REACHES = ("near", "uncertain", "own", "distant", "other_project")

Reach = Literal["uncertain", "own", "near", "distant", "other_project"]
Vary = Callable[[float], Situation]


class Search:
    """The search for flips around one judgement: quick looks, and judgements in full.

    Args:
        now: The decision's own judgement, in full.
        draws: Its draws.
        unconfirmed: Answers that nobody gave: defaults, and what was detected and not confirmed.
    """

    def __init__(self, now: Judgement, draws: Draws, unconfirmed: Iterable[str] = ()) -> None:
        self.now = now
        self.draws = draws
        self.unconfirmed = frozenset(unconfirmed)
        self.quick = draws.head(QUICK)
        self.rough = judge(now.situation, self.quick)

    @property
    def others(self) -> tuple[Framework, ...]:
        """The frameworks that are not recommended, by name."""
        return tuple(f for f in sorted(FRAMEWORKS) if f != self.now.framework)

    def look(self, situation: Situation) -> Judgement:
        """A quick look at *situation*."""
        return judge(situation, self.quick, self.rough)

    def flips(self, situation: Situation) -> Judgement | None:
        """The full judgement of *situation* if it recommends something else, or None."""
        then = self.judged(situation)
        return None if then.framework == self.now.framework else then

    def judged(self, situation: Situation) -> Judgement:
        """*situation* judged in full."""
        same_day = situation.today == self.now.situation.today
        return judge(situation, self.draws, self.now if same_day else None)

    def with_changes(self, changes: Sequence[AnswerChange]) -> Situation:
        """The situation with some answers changed."""
        values = {**self.now.situation.values, **{c.fact: c.value for c in changes}}
        return replace(self.now.situation, values=values)

    def reach_of(self, changes: Sequence[AnswerChange]) -> Reach:
        """How a team would get to these answers; of several, the furthest."""
        return max((self._reach(c) for c in changes), key=_REACHES.index)

    def _reach(self, change: AnswerChange) -> Reach:
        held = self.now.situation.values.get(change.fact)
        if change.fact == "must_use":
            return "own" if len(change.value) < len(held or ()) else "other_project"
        if change.fact == "hardware.same_as_here":
            return "distant"
        if change.fact not in self.now.situation.values or change.fact in self.unconfirmed:
            return "uncertain"
        if change.fact == "codebase":
            # Code that is there, or not, was written by then.
            return "distant"
        return "other_project" if change.fact in OTHER_PROJECT else "own"


def flips_of(now: Judgement, draws: Draws, unconfirmed: Iterable[str] = ()) -> list[Flip]:
    """Every flip, verified: answers, speed, weights, dates; the nearest to the team first."""
    if not now.feasible:
        # What to lift is said by rule; supposed answers would only say it again.
        return []
    search = Search(now, draws, unconfirmed)
    base, values = now.situation.base, now.situation.values
    looked = [(c, search.look(search.with_changes([c]))) for c in single_changes(base, values)]
    singles = list(_singles(search, looked))
    reached = {f.then for f in singles}
    pairs = [] if reached & set(search.others) else list(_pairs(search, looked))
    flips = [*singles, *pairs, *speed_flips(search), *weight_flips(search), *_dates(search)]
    return sorted(flips, key=_distance)


def _distance(flip: Flip) -> tuple[int, bool]:
    """How far a flip is: what the team can settle or do before what it weighs or waits for."""
    weighs = any(key == "today" or key.startswith("weight.") for key in flip.change)
    near = "own" if weighs and flip.reach == "near" else flip.reach
    return _REACHES.index(near), weighs


def flip_to(
    then: Judgement, change: Mapping[str, Any], now: Mapping[str, Any], reach: Reach
) -> Flip:
    """A flip that was judged in full."""
    return Flip(
        change=dict(change),
        now=dict(now),
        then=then.framework or then.status,
        then_status=then.status,
        reach=reach,
    )


def _singles(search: Search, looked: Sequence[tuple[AnswerChange, Judgement]]) -> Iterator[Flip]:
    """Flips by one answer, one per fact: towards another framework first, near values first."""
    # What leaves no option is nobody's way out; vetoes say what would rule the choice out.
    turned = [(c, j) for c, j in looked if j.feasible and j.framework != search.now.framework]
    turned.sort(key=lambda pair: (pair[1].framework is None, -_shift(search, pair[1])))
    nearest: dict[str, float] = {}
    for change, _ in turned:
        nearest[change.fact] = min(change.distance, nearest.get(change.fact, change.distance))
    turned.sort(key=lambda p: (p[1].framework is None, p[0].distance > nearest[p[0].fact]))
    facts: set[str] = set()
    for change, _ in turned:
        if change.fact in facts or len(facts) >= MOST_SINGLES:
            continue
        then = search.flips(search.with_changes([change]))
        if then is not None:
            facts.add(change.fact)
            yield _answers_flip(search, [change], then)


def _shift(search: Search, then: Judgement) -> float:
    return abs(then.gap - search.rough.gap)


def _answers_flip(search: Search, changes: Sequence[AnswerChange], then: Judgement) -> Flip:
    values = search.now.situation.values
    return flip_to(
        then,
        {c.fact: c.value for c in changes},
        {c.fact: values[c.fact] for c in changes if c.fact in values},
        search.reach_of(changes),
    )


def _pairs(search: Search, looked: Sequence[tuple[AnswerChange, Judgement]]) -> Iterator[Flip]:
    """Flips by two answers, tried where two single shifts together could be enough."""
    side = 1.0 if search.rough.gap < 0 else -1.0
    best: dict[str, tuple[float, AnswerChange]] = {}
    for change, then in looked:
        gain = side * (then.gap - search.rough.gap)
        if gain > best.get(change.fact, (0.0, change))[0]:
            best[change.fact] = (gain, change)
    strongest = sorted(best.values(), key=lambda pair: (-pair[0], pair[1].fact))[:_PAIRED]
    pairs = sorted(
        itertools.combinations(strongest, 2), key=lambda p: (-(p[0][0] + p[1][0]), p[0][1].fact)
    )
    kept = 0
    for (_, first), (_, second) in pairs[: 4 * _PAIRED]:
        situation = search.with_changes([first, second])
        if kept >= MOST_PAIRS or search.look(situation).framework not in search.others:
            continue
        verified = search.flips(situation)
        if verified is not None:
            kept += 1
            yield _answers_flip(search, [first, second], verified)


def speed_flips(search: Search) -> Iterator[Flip]:
    """The speed ratio from which on each other framework, or else neither, is recommended."""
    if len(search.now.feasible) < 2:
        return
    measured = search.now.speed
    start = measured.speedup.value if measured else 1.0

    def vary(ratio: float) -> Situation:
        return replace(search.now.situation, ratio=ratio)

    for target in search.others:
        rising = target == "jax"
        ahead = [s for s in SPEEDS if (s > start if rising else s < start)]
        reached = _first(search, ahead if rising else ahead[::-1], vary, target)
        if reached is not None:
            ratio, then = reached
            near = max(ratio / start, start / ratio) <= _NEAR_FACTOR
            now = {"measured.jax_speedup": rounded(start)} if measured else {}
            change = {"measured.jax_speedup": ratio}
            yield flip_to(then, change, now, "near" if near else "distant")


def weight_flips(search: Search) -> Iterator[Flip]:
    """The weight of one criterion from which on another framework is recommended."""
    if len(search.now.feasible) < 2:
        return
    for criterion in CRITERIA:
        now = float(search.now.sample.weights[criterion].mean())

        def vary(weight: float, criterion: str = criterion) -> Situation:
            return replace(search.now.situation, fixed_weight=(criterion, weight))

        for target in search.others:
            reached = _first(search, [w for w in WEIGHTS if w > now], vary, target)
            if reached is not None:
                weight, then = reached
                near = weight - now <= _NEAR_WEIGHT
                key = f"weight.{criterion}"
                reach: Reach = "near" if near else "distant"
                yield flip_to(then, {key: weight}, {key: round(now, 3)}, reach)


def _first(
    search: Search, grid: Sequence[float], vary: Vary, target: str
) -> tuple[float, Judgement] | None:
    """The threshold towards *target*; if there is none, the one away from what is recommended."""
    reached = _threshold(search, grid, vary, lambda then: then.framework == target)
    if reached is None and search.now.framework is not None:
        now = search.now.framework
        reached = _threshold(search, grid, vary, lambda then: then.framework != now)
    return reached


def _threshold(
    search: Search, grid: Sequence[float], vary: Vary, reached: Callable[[Judgement], bool]
) -> tuple[float, Judgement] | None:
    """Found roughly, then moved until it holds in full and one step before does not."""
    place = _bisected(grid, lambda value: reached(search.look(vary(value))))
    if place is None:
        return None
    full: dict[int, Judgement] = {}

    def holds(k: int) -> bool:
        if k not in full:
            full[k] = search.judged(vary(grid[k]))
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


def _dates(search: Search) -> Iterator[Flip]:
    """The first date on which expired claims would change what is recommended."""
    for day in expiry_days(search.now)[:_DATES]:
        then = search.flips(replace(search.now.situation, today=day))
        if then is not None:
            yield flip_to(then, {"today": day}, {"today": search.now.situation.today}, "near")
            return


def expiry_days(now: Judgement) -> list[str]:
    """The days after which rules that spoke will have expired, ascending, without the past."""
    return sorted(
        {
            _next_day(outcome.rule.expires)
            for outcome in now.outcomes
            if outcome.fires and outcome.rule.kind != "note"
            if now.situation.today <= outcome.rule.expires < NEVER
        }
    )


def _next_day(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def rests_on(now: Judgement, draws: Draws, candidates: Iterable[str]) -> list[str]:
    """The rules among *candidates* without whose group alone the status would be another."""
    groups: Mapping[str, str] = {o.rule.id: o.rule.group for o in now.outcomes}
    decisive: list[str] = []
    tried: set[str] = set()
    for rule in candidates:
        group = groups.get(rule)
        if group is None or group in tried:
            continue
        tried.add(group)
        without = frozenset(r for r, g in groups.items() if g == group)
        if judge(replace(now.situation, without=without), draws, now).outcome != now.outcome:
            decisive.append(rule)
    return decisive
