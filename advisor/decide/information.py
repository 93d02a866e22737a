"""What knowing something would be worth: expected value of perfect information, in utility.

EVPI(q) = E_q[max_f E(U_f | q)] - max_f E_q[E(U_f | q)], q enumerated with the vocabulary's priors
(for a probe: five quantiles of what is believed about its ratio). It ranks; it is not money.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge, situation_of
from advisor.decide.task_weights import workload_weights
from advisor.decide.valuation import PRIOR_SD, believed_speed
from advisor.decide.waiting import importance_of, possible_values, waited_for
from advisor.decision import Unknown
from advisor.inputs import Inputs
from advisor.pair import FRAMEWORKS

_QUANTILES = (-1.2816, -0.5244, 0.0, 0.5244, 1.2816)
_MOST_VALUES = 14
_ANY_PROBE = "matmul"


def rank_questions(
    inputs: Inputs, keys: Sequence[str], *, samples: int = 1000
) -> list[tuple[str, float]]:
    """The value of information of each of *keys*, highest first, ties by key.

    Args:
        inputs: What is known so far.
        keys: Answers that could be asked for.
        samples: Samples per supposed answer; a few hundred rank well enough.
    """
    draws = Draws(inputs.seed, samples)
    now = judge(situation_of(inputs), draws)
    worth = [(key, value_of_answer(now, key, draws)) for key in sorted(set(keys))]
    return sorted(worth, key=lambda pair: (-pair[1], pair[0]))


def value_of_answer(now: Judgement, key: str, draws: Draws) -> float:
    """EVPI of one unanswered fact."""
    fact = now.situation.base.facts.get(key)
    if fact is None or fact.kind == "ranking":
        return 0.0
    values = possible_values(now.situation.base, fact)[:_MOST_VALUES]
    supposed = [
        (replace(now.situation, values={**now.situation.values, key: value}), share)
        for value, share in values
    ]
    return _evpi(supposed, now, draws)


def value_of_probe(now: Judgement, draws: Draws) -> float:
    """EVPI of measuring the speed of the task's own kind of work."""
    believed = believed_speed(now.items)
    supposed = [
        (replace(now.situation, ratio=2.0 ** (believed + q * PRIOR_SD)), 1.0 / len(_QUANTILES))
        for q in _QUANTILES
    ]
    return _evpi(supposed, now, draws)


def _evpi(supposed: Iterable[tuple[Situation, float]], now: Judgement, draws: Draws) -> float:
    informed, terms = [], []
    for situation, share in supposed:
        utilities = _utilities(judge(situation, draws, now))
        informed.append(share * max(utilities.values()))
        terms.append((share, utilities))
    if not terms:
        return 0.0
    uninformed = max(math.fsum(share * u[f] for share, u in terms) for f in FRAMEWORKS)
    return max(math.fsum(informed) - uninformed, 0.0)


def _utilities(judgement: Judgement) -> Mapping[str, float]:
    """Expected utilities; a framework that is ruled out is worth nothing."""
    return {
        f: judgement.sample.mean_utility(f) if f in judgement.feasible else 0.0 for f in FRAMEWORKS
    }


def unknowns_of(now: Judgement, draws: Draws, *, most: int = 12) -> list[Unknown]:
    """What is not known and what knowing it would be worth, most valuable first.

    What nothing can be decided without comes before all else.
    What is worth nothing by itself follows in the order of importance: together, several such
    answers can still matter.
    """
    base = now.situation.base
    weight = importance_of(base)
    pending = waited_for(base, now.outcomes, now.facts)
    required = {q.key for q in base.questions if q.required}
    ranked: list[tuple[float, float, str, Unknown]] = []
    for key, waiting in pending.items():
        if key in now.situation.values:
            # It was answered, and cannot be true: another answer is asked for beside it.
            continue
        worth = round(value_of_answer(now, key, draws), 4)
        ranked.append(
            (
                -math.inf if key in required else -worth,
                -weight.get(key, 0.0),
                key,
                Unknown(fact=key, value_of_information=worth, rules_waiting=len(waiting)),
            )
        )
    if now.speed is None:
        worth = round(value_of_probe(now, draws), 4)
        probe = _probe_to_run(now.situation, now.facts)
        unknown = Unknown(probe=probe, value_of_information=worth)
        ranked.append((-worth, -0.01, probe, unknown))
    return [entry[3] for entry in sorted(ranked, key=lambda e: e[:3])][:most]


def _probe_to_run(situation: Situation, facts: Mapping[str, Any]) -> str:
    weights = workload_weights(situation.base, facts)
    return max(weights, key=lambda w: (weights[w], w), default=_ANY_PROBE)
