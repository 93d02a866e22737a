"""When a decision may be called what it is called, and how likely its leader still leads later.

The status is numbers in, one word out. How likely the leader still leads once everything is
answered is one of them: a claim that waits for answers would move the gap between the two by a
known amount, and the vocabulary's priors say how likely each answer is beside those that were
given. It is taken around the gap as it is: priors say what teams are like, and to leave a question
open speaks for neither side. Claims that wait for one fact are taken together, value by value,
since they often exclude each other; those that wait for several facts count by themselves, where
nothing else of their group waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from advisor.decide.claims import RELIABILITY, is_speed, telling
from advisor.decide.valuation import MARGIN, Sample
from advisor.decide.waiting import (
    Index,
    beside_the_point,
    chance_of,
    is_answer,
    related_to,
    said_of,
    values_left,
)
from advisor.decision import Status
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import Outcome, Rule, RuleBase
from advisor.pair import sign_of

RECOMMEND_FROM = 0.80
LEAN_FROM = 0.50
LEAN_OVER_OTHER = 2.5
TIE_ABOVE = 0.50
UNEVIDENCED_ABOVE = 0.50
STAYS_FROM = 0.80
MAY_TURN_BELOW = 0.60
SETTLES_FROM = 0.50
VETO_CHANCE_FROM = 0.25
_LEAST_SD = 1e-9


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What the status depends on.

    Attributes:
        feasible: How many frameworks no veto rules out.
        p_clear: How often the leader is clearly ahead.
        tie_mass: How often neither is.
        share_without_evidence: Weight of the criteria that nothing speaks to.
        stays: How likely the leader still leads once everything is answered.
        settles: How likely one of them is then ahead enough to lean on.
        veto_chance: How likely a veto on the leader is that waits for an answer.
    """

    feasible: int
    p_clear: float
    tie_mass: float
    samples: int
    share_without_evidence: float
    stays: float
    settles: float
    veto_chance: float


def classify(numbers: Numbers) -> tuple[Status, tuple[str, ...]]:
    """The status, and why the evidence is insufficient, or thin, where it is.

    A share within two Monte Carlo errors of a bound takes the lower class. A lean takes half of the
    samples, and two and a half times as many as the other framework has: where that held in the
    scenarios for development, 17 of the 18 who took one framework took that one. What is not
    answered counts by what it could change: where two in five completions would turn the leader
    round, too little is known; where fewer would, what is known is enough to lean on, and
    recommended only if it speaks to most of the criteria.
    Without a leader that is clear enough, the same says whether more answers would settle it or
    none would.
    """
    if numbers.feasible == 0:
        return "no_feasible_option", ()
    if numbers.feasible == 1:
        return "forced", ()
    p = numbers.p_clear
    safe = p - 2.0 * math.sqrt(p * (1.0 - p) / numbers.samples)
    other = max(1.0 - p - numbers.tie_mass, 0.0)
    leans = numbers.tie_mass <= TIE_ABOVE and safe >= LEAN_FROM and safe >= LEAN_OVER_OTHER * other
    why = _lacks(numbers)
    if "veto" in why or (leans and numbers.stays < MAY_TURN_BELOW):
        return "insufficient_evidence", why
    if not leans:
        lacks = "criteria" in why or numbers.settles >= SETTLES_FROM
        return ("insufficient_evidence", why) if lacks and why else ("no_clear_winner", ())
    return ("recommend" if safe >= RECOMMEND_FROM and not why else "lean"), why


def _lacks(numbers: Numbers) -> tuple[str, ...]:
    kinds = []
    if numbers.share_without_evidence > UNEVIDENCED_ABOVE:
        kinds.append("criteria")
    if numbers.stays < STAYS_FROM:
        kinds.append("answers")
    if numbers.veto_chance >= VETO_CHANCE_FROM:
        kinds.append("veto")
    return tuple(kinds)


@dataclass(frozen=True)
class Outlook:
    """What answering everything may do: the side that is ahead stays so; one is ahead enough.

    Both are shares of the completions of the answers.
    """

    stays: float
    settles: float


Moved = Callable[[Rule], float]
"""What a rule would add to the gap if it fired; JAX's side is above 0."""


def outlook_of(
    base: RuleBase,
    index: Index,
    outcomes: Iterable[Outcome],
    facts: Mapping[str, Any],
    sample: Sample,
) -> Outlook:
    """How far the gap between the two may still move, against where it is and where it would do.

    Args:
        base: Vocabulary and questions; what is beside the point is not answered at all.
        index: Of the rules of *base*; remembers what was worked out about them.
        outcomes: What every rule does with *facts*.
        facts: What is known.
        sample: The simulation, for the values and weights from which amounts are counted.
    """
    moved = _amounts(sample)
    alone, together = _waiting(base, index, outcomes, facts)
    variance = math.fsum(
        _spread(_by_value(base, index, fact, waiting, facts), moved)
        for fact, waiting in sorted(alone.items())
    )
    counted = {outcome.rule.group for waiting in alone.values() for outcome in waiting}
    for outcome in together:
        if outcome.rule.group not in counted:
            chance = chance_of(base, index, outcome, facts)
            variance += chance * (1.0 - chance) * moved(outcome.rule) ** 2
    gap = abs(sample.mean_utility("jax") - sample.mean_utility("pytorch"))
    needed = gap_needed(sample)
    sd = math.sqrt(variance)
    if sd < _LEAST_SD:
        return Outlook(1.0, 1.0 if gap >= needed else 0.0)
    normal = NormalDist(gap, sd)
    return Outlook(1.0 - normal.cdf(0.0), 1.0 - normal.cdf(needed) + normal.cdf(-needed))


def gap_needed(sample: Sample) -> float:
    """The expected gap from which a framework is clearly ahead often enough to lean on."""
    ahead = sample.utilities["jax"] - sample.utilities["pytorch"]
    return MARGIN + NormalDist().inv_cdf(LEAN_FROM) * float(ahead.std())


def _waiting(
    base: RuleBase, index: Index, outcomes: Iterable[Outcome], facts: Mapping[str, Any]
) -> tuple[dict[str, list[Outcome]], list[Outcome]]:
    """The claims that wait for one fact, by that fact, and those that wait for several."""
    pointless = beside_the_point(base, facts)
    alone: dict[str, list[Outcome]] = {}
    together: list[Outcome] = []
    for outcome in outcomes:
        if outcome.truth != "unknown" or outcome.rule.kind != "claim" or outcome.inapplicable:
            continue
        unknown = index.mentioned[outcome.rule.id] - facts.keys()
        if any(fact in pointless or not is_answer(base, fact) for fact in unknown):
            continue
        if len(unknown) == 1:
            alone.setdefault(next(iter(unknown)), []).append(outcome)
        else:
            together.append(outcome)
    return alone, together


_Firing = tuple[tuple[float, tuple[Rule, ...]], ...]
"""For each possible answer: its share, and which rules then fire."""


def _by_value(
    base: RuleBase,
    index: Index,
    fact: str,
    waiting: Iterable[Outcome],
    facts: Mapping[str, Any],
) -> _Firing:
    rules = [outcome.rule for outcome in waiting]
    ids = tuple(rule.id for rule in rules)
    place = ("about", fact, ids)
    if place not in index.remembered:
        mentioned = (index.mentioned[name] for name in ids)
        index.remembered[place] = related_to(base, index, fact).union(*mentioned)
    key = ("values", fact, ids, said_of(index.remembered[place], facts))
    if key not in index.remembered:
        index.remembered[key] = tuple(
            (
                share,
                tuple(r for r in rules if truth_of(r.when, {**facts, fact: value}) == "true"),
            )
            for value, share in values_left(base, index, fact, facts)
        )
    firing: _Firing = index.remembered[key]
    return firing


def _spread(firing: _Firing, moved: Moved) -> float:
    """The variance of what an answer adds to the gap; a group adds its weightiest rule."""
    terms = []
    for share, rules in firing:
        of_group: dict[str, float] = {}
        for rule in rules:
            amount = moved(rule)
            if abs(amount) > abs(of_group.get(rule.group, 0.0)):
                of_group[rule.group] = amount
        terms.append((share, math.fsum(of_group.values())))
    mean = math.fsum(share * amount for share, amount in terms)
    return math.fsum(share * (amount - mean) ** 2 for share, amount in terms)


def _amounts(sample: Sample) -> Moved:
    """Amounts counted from the values as they are: a saturated criterion moves little."""
    slopes = {}
    for (framework, criterion), values in sample.values.items():
        value = float(values.mean())
        weight = float(sample.weights[criterion].mean())
        slopes[framework, criterion] = sign_of(framework) * weight * value * (1.0 - value)
    measured = sample.speed.share_measured == 1.0
    counted: dict[str, float] = {}

    def amount(rule: Rule) -> float:
        if rule.id not in counted:
            replaced = measured and is_speed(rule.about)
            total = (
                0.0
                if replaced
                else math.fsum(slopes[place] * units for place, units in telling(rule).items())
            )
            counted[rule.id] = total * RELIABILITY[rule.reliability]
        return counted[rule.id]

    return amount
