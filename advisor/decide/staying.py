"""How likely the leader still leads once everything is answered.

A claim that waits for answers would move the gap between the two by a known amount, and the
vocabulary's priors say how likely each answer is beside those that were given: that is how far
the gap may still move. It is taken around the gap as it is: priors say what teams are like, and
to leave a question open speaks for neither side. Claims that wait for one fact are taken together,
value by value, since they often exclude each other; those that wait for several facts count by
themselves, where nothing else of their group waits. Knows priors and amounts, no thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Any

from advisor.decide.claims import RELIABILITY, is_speed, telling
from advisor.decide.valuation import Sample
from advisor.decide.waiting import beside_the_point, chance_of, is_answer, mentions, values_left
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import Outcome, Rule, RuleBase
from advisor.pair import sign_of

_LEAST_SD = 1e-9



def chance_of_staying(
    base: RuleBase,
    outcomes: Iterable[Outcome],
    facts: Mapping[str, Any],
    sample: Sample,
    gap: float,
) -> float:
    """The share of completions of the answers in which the side of *gap* stays ahead.

    Args:
        base: Vocabulary and questions; what is beside the point is not answered at all.
        outcomes: What every rule does with *facts*.
        facts: What is known.
        sample: The simulation, for the values and weights from which the amounts are counted.
        gap: Expected utility of JAX minus that of PyTorch.
    """
    alone, together = _waiting(base, outcomes, facts)
    variance = math.fsum(
        _spread(base, fact, waiting, facts, sample) for fact, waiting in sorted(alone.items())
    )
    counted = {outcome.rule.group for waiting in alone.values() for outcome in waiting}
    for outcome in together:
        if outcome.rule.group not in counted:
            chance = chance_of(base, outcome, facts)
            variance += chance * (1.0 - chance) * _amount(outcome.rule, sample) ** 2
    sd = math.sqrt(variance)
    return 1.0 if sd < _LEAST_SD else NormalDist().cdf(abs(gap) / sd)


def _waiting(
    base: RuleBase, outcomes: Iterable[Outcome], facts: Mapping[str, Any]
) -> tuple[dict[str, list[Outcome]], list[Outcome]]:
    """The claims that wait for one fact, by that fact, and those that wait for several."""
    pointless = beside_the_point(base, facts)
    alone: dict[str, list[Outcome]] = {}
    together: list[Outcome] = []
    for outcome in outcomes:
        if outcome.rule.kind != "claim" or outcome.truth != "unknown" or outcome.inapplicable:
            continue
        unknown = mentions(outcome.rule.when) - facts.keys()
        if any(fact in pointless or not is_answer(base, fact) for fact in unknown):
            continue
        if len(unknown) == 1:
            alone.setdefault(next(iter(unknown)), []).append(outcome)
        else:
            together.append(outcome)
    return alone, together


def _spread(
    base: RuleBase,
    fact: str,
    waiting: Iterable[Outcome],
    facts: Mapping[str, Any],
    sample: Sample,
) -> float:
    """The variance of what an answer about *fact* adds to the gap."""
    amounts = [(o.rule, _amount(o.rule, sample)) for o in waiting]
    terms = []
    for value, share in values_left(base, fact, facts):
        supposed = {**facts, fact: value}
        of_group: dict[str, float] = {}
        for rule, amount in amounts:
            if abs(amount) > abs(of_group.get(rule.group, 0.0)):
                if truth_of(rule.when, supposed) == "true":
                    of_group[rule.group] = amount
        terms.append((share, math.fsum(of_group.values())))
    mean = math.fsum(share * moved for share, moved in terms)
    return math.fsum(share * (moved - mean) ** 2 for share, moved in terms)


def _amount(rule: Rule, sample: Sample) -> float:
    """What *rule* would add to the gap if it fired, counted from the values as they are."""
    total = 0.0
    for (framework, criterion), units in telling(rule).items():
        if is_speed(rule.about) and sample.speed.share_measured == 1.0:
            continue
        weight = float(sample.weights[criterion].mean())
        value = float(sample.values[framework, criterion].mean())
        # The slope of the logistic scale at the value: a saturated criterion moves little.
        total += sign_of(framework) * weight * value * (1.0 - value) * units
    return total * RELIABILITY[rule.reliability]
