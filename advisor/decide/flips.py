"""What would change the decision: answers (one, then two), speed, weights, and time.

Candidates are found with a quick look; every flip is judged again in full before it is told, and
what does not flip then is not told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from advisor.decide.alternatives import Change, single_changes
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge
from advisor.decide.search import Search
from advisor.decide.thresholds import speed_flips, weight_flips
from advisor.decide.words import value_text
from advisor.decision import Flip

MOST_PER_FACT = 2
MOST_SINGLES = 14
MOST_PAIRS = 3
_PAIRED = 12
_DATES = 6


def flips_of(now: Judgement, draws: Draws) -> list[Flip]:
    """Every flip found, verified: answers, speed, weights, dates."""
    search = Search(now, draws)
    looked = [(c, search.look(search.with_changes([c]))) for c in _changes(now)]
    singles = list(_singles(search, looked))
    reached = {f.then for f in singles}
    pairs = [] if reached & set(search.others) else list(_pairs(search, looked))
    return [*singles, *pairs, *speed_flips(search), *weight_flips(search), *_dates(search)]


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
        if told >= MOST_PAIRS or search.look(situation).framework not in search.others:
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
