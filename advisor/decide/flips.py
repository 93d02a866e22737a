"""What would change the decision: answers (one, then two), speed, weights, and time.

Candidates are found with a quick look; every flip is judged again in full before it is told, and
what does not flip then is not told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from advisor.decide.changes import Change, single_changes
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge
from advisor.decide.speed import Speed
from advisor.decide.words import TITLES, value_text
from advisor.decision import CRITERIA, Flip

QUICK = 1000
MOST_PER_FACT = 2
MOST_SINGLES = 14
MOST_PAIRS = 3
_PAIRED = 12
_DATES = 6
_SPEEDS = (
    *(round(0.05 * k, 2) for k in range(1, 20)),
    *(round(1.0 + 0.1 * k, 1) for k in range(90)),
    *(float(k) for k in range(10, 33)),
)
_WEIGHTS = tuple(round(0.05 * k, 2) for k in range(20))


class Search:
    """The search for flips around one judgement.

    Args:
        now: The decision's own judgement, in full.
        draws: Its draws.
    """

    def __init__(self, now: Judgement, draws: Draws) -> None:
        self.now = now
        self.draws = draws
        self.quick = draws.head(QUICK)
        self.rough = judge(now.situation, self.quick)

    def look(self, situation: Situation) -> Judgement:
        """A quick look at *situation*."""
        return judge(situation, self.quick, self.rough)

    def flips(self, situation: Situation) -> Judgement | None:
        """The full judgement of *situation* if it recommends something else, or None."""
        then = judge(situation, self.draws)
        return None if then.framework == self.now.framework else then

    def with_changes(self, changes: Sequence[Change]) -> Situation:
        """The situation with some answers changed."""
        values = {**self.now.situation.values, **{c.fact: c.value for c in changes}}
        return replace(self.now.situation, values=values)

    def told(self, change: dict[str, Any], text: str, then: Judgement) -> Flip:
        """A verified flip."""
        return Flip(
            change=change,
            then=then.framework or then.status,
            then_status=then.status,
            text=f"{text}: {outcome_text(then)}",
        )


def outcome_text(then: Judgement) -> str:
    """What a counterfactual would end in, as the end of a sentence."""
    name = TITLES.get(then.framework or "", "")
    return {
        "recommend": f"{name} would be recommended",
        "lean": f"it would lean towards {name}",
        "forced": f"only {name} would be left",
        "no_clear_winner": "there would be no clear winner",
        "insufficient_evidence": "too little would be known to recommend either",
        "no_feasible_option": "no option would be left",
    }[then.status]


def flips_of(now: Judgement, draws: Draws) -> list[Flip]:
    """Every flip found, verified: answers, speed, weights, dates."""
    search = Search(now, draws)
    looked = [(c, search.look(search.with_changes([c]))) for c in _changes(now)]
    singles = list(_singles(search, looked))
    reached = {f.then for f in singles}
    pairs = [] if reached & _others(now) else list(_pairs(search, looked))
    return [*singles, *pairs, *_speeds(search), *_weights(search), *_dates(search)]


def _others(now: Judgement) -> set[str]:
    return set(TITLES) - {now.framework or ""}


def _changes(now: Judgement) -> Iterator[Change]:
    return single_changes(now.situation.base, now.situation.values)


def _singles(search: Search, looked: Sequence[tuple[Change, Judgement]]) -> Iterator[Flip]:
    """Flips by one answer: towards another framework first, near values first."""
    turned = [(c, j) for c, j in looked if j.framework != search.now.framework]
    turned.sort(key=lambda pair: (pair[1].framework is None, -_shift(search, pair[1])))
    nearest: dict[str, float] = {}
    for change, _ in turned:
        nearest[change.fact] = min(change.distance, nearest.get(change.fact, change.distance))
    turned.sort(key=lambda p: (p[1].framework is None, p[0].distance > nearest[p[0].fact]))
    per_fact: dict[str, int] = {}
    told = 0
    for change, _ in turned:
        if per_fact.get(change.fact, 0) >= MOST_PER_FACT or told >= MOST_SINGLES:
            continue
        then = search.flips(search.with_changes([change]))
        if then is not None:
            per_fact[change.fact] = per_fact.get(change.fact, 0) + 1
            told += 1
            yield search.told({change.fact: change.value}, _if_answers(search, [change]), then)


def _shift(search: Search, then: Judgement) -> float:
    return abs(then.gap - search.rough.gap)


def _pairs(search: Search, looked: Sequence[tuple[Change, Judgement]]) -> Iterator[Flip]:
    """Flips by two answers, tried where two single shifts together could be enough."""
    side = 1.0 if search.rough.gap < 0 else -1.0
    best: dict[str, tuple[float, Change]] = {}
    for change, then in looked:
        gain = side * (then.gap - search.rough.gap)
        if gain > best.get(change.fact, (0.0, change))[0]:
            best[change.fact] = (gain, change)
    strongest = sorted(best.values(), key=lambda pair: (-pair[0], pair[1].fact))[:_PAIRED]
    pairs = sorted(
        itertools.combinations(strongest, 2), key=lambda p: (-(p[0][0] + p[1][0]), p[0][1].fact)
    )
    told = 0
    for (_, first), (_, second) in pairs[: 4 * _PAIRED]:
        situation = search.with_changes([first, second])
        if told >= MOST_PAIRS or search.look(situation).framework not in _others(search.now):
            continue
        verified = search.flips(situation)
        if verified is not None:
            told += 1
            both = {first.fact: first.value, second.fact: second.value}
            yield search.told(both, _if_answers(search, [first, second]), verified)


def _if_answers(search: Search, changes: Sequence[Change]) -> str:
    base, values = search.now.situation.base, search.now.situation.values
    parts = []
    for change in changes:
        title = base.facts[change.fact].title
        value = value_text(base, change.fact, change.value)
        known = change.fact in values
        now = f"now {value_text(base, change.fact, values[change.fact])}" if known else "unanswered"
        parts.append(f"“{title}” were {value} ({now})")
    return "If " + " and ".join(parts)


def _boundary(
    grid: Sequence[float], reached: Callable[[float], bool], *, rising: bool
) -> float | None:
    """The first value of *grid* that is reached, where all beyond it are too; None if none is."""
    ordered = list(grid) if rising else list(reversed(grid))
    if not ordered or not reached(ordered[-1]):
        return None
    low, high = -1, len(ordered) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if reached(ordered[middle]):
            high = middle
        else:
            low = middle
    return ordered[high]


def _speeds(search: Search) -> Iterator[Flip]:
    """The speed ratio at which each other framework would be recommended."""
    if len(search.now.feasible) < 2:
        return
    measured = search.now.speed
    start = measured.speedup.ratio if measured else 1.0
    for target in sorted(_others(search.now)):
        rising = target == "jax"
        grid = [s for s in _SPEEDS if (s > start if rising else s < start)]

        def situation(ratio: float) -> Situation:
            return replace(search.now.situation, ratio=ratio)

        found = _verified(search, grid, situation, target, rising=rising)
        if found is not None:
            ratio, then = found
            text = _speed_text(ratio, measured)
            yield search.told({"measured.jax_speedup": ratio}, text, then)


def _verified(
    search: Search,
    grid: Sequence[float],
    situation: Callable[[float], Situation],
    target: str,
    *,
    rising: bool,
) -> tuple[float, Judgement] | None:
    """The boundary found roughly, then moved until it holds in full and one step before not."""

    def roughly(value: float) -> bool:
        return search.look(situation(value)).framework == target

    value = _boundary(grid, roughly, rising=rising)
    if value is None:
        return None
    ordered = list(grid) if rising else list(reversed(grid))
    place = ordered.index(value)
    full = {k: judge(situation(ordered[k]), search.draws) for k in (place,)}

    def holds(k: int) -> bool:
        if k not in full:
            full[k] = judge(situation(ordered[k]), search.draws)
        return full[k].framework == target

    while not holds(place) and place + 1 < len(ordered):
        place += 1
    while holds(place) and place > 0 and holds(place - 1):
        place -= 1
    return (ordered[place], full[place]) if holds(place) else None


def _speed_text(ratio: float, measured: Speed | None) -> str:
    winner, factor = ("JAX", ratio) if ratio >= 1 else ("PyTorch", 1.0 / ratio)
    head = f"If {winner} were {factor:.3g} times as fast for this task"
    if measured is None:
        return f"{head} (not measured)"
    now = measured.speedup.ratio if ratio >= 1 else 1.0 / measured.speedup.ratio
    return f"{head} (measured {now:.2f})"


def _weights(search: Search) -> Iterator[Flip]:
    """The weight of one criterion from which on another framework would be recommended."""
    if len(search.now.feasible) < 2:
        return
    for criterion in CRITERIA:
        now = float(search.now.sample.weights[criterion].mean())
        for target in sorted(_others(search.now)):
            grid = [w for w in _WEIGHTS if w > now]

            def situation(weight: float, criterion: str = criterion) -> Situation:
                return replace(search.now.situation, fixed_weight=(criterion, weight))

            found = _verified(search, grid, situation, target, rising=True)
            if found is not None:
                weight, then = found
                text = f"If {criterion} counted {weight:.0%} or more (now {now:.0%} on average)"
                yield search.told({f"weight.{criterion}": weight}, text, then)


def _dates(search: Search) -> Iterator[Flip]:
    """The first date on which expired claims would change what is recommended."""
    for day in expiry_days(search.now)[:_DATES]:
        then = search.flips(replace(search.now.situation, today=day))
        if then is not None:
            yield search.told({"today": day}, f"If nothing is reviewed until {day}", then)
            return


def expiry_days(now: Judgement) -> list[str]:
    """The days after which rules that spoke will have expired, ascending, without the past."""
    return sorted(
        {
            _next_day(outcome.rule.expires)
            for outcome in now.outcomes
            if outcome.fires and outcome.rule.kind != "note"
            if outcome.rule.expires >= now.situation.today
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
    found, tried = [], set()
    for rule in candidates:
        group = groups.get(rule)
        if group is None or group in tried:
            continue
        tried.add(group)
        without = frozenset(r for r, g in groups.items() if g == group)
        if judge(replace(now.situation, without=without), draws, now).outcome != now.outcome:
            found.append(rule)
    return found
