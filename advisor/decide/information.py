"""What knowing something would be worth, by what it can do to the decision.

EVPI(q) = E_q[max_f E(U_f | q)] - max_f E_q[E(U_f | q)], q enumerated with the vocabulary's priors
among the values that fit the other answers (for a probe: five quantiles of what is believed about
its ratio). To it comes the chance that the outcome, status or framework, would be another: an
answer that turns a recommendation into a tie matters, whoever leads. It ranks; it is not money.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge, situation_of
from advisor.decide.valuation import PRIOR_SD, believed_speed
from advisor.decide.waiting import importance_of, values_left, waited_for
from advisor.decide.workloads import workload_weights
from advisor.decision import Unknown
from advisor.inputs import Inputs
from advisor.knowledge.standards import standard_for
from advisor.pair import FRAMEWORKS
from advisor.reading.works import PREFIX

_QUANTILES = (-1.2816, -0.5244, 0.0, 0.5244, 1.2816)
_MOST_VALUES = 14
_ANY_PROBE = "matmul"

CANNOT_MATTER = -1.0
"""Less than nothing: nobody is asked for it, however important it is elsewhere."""

FOR_INSTALLING = frozenset({"task", "hardware.train", "hardware.os", "python", "model"})
"""Answers that say what to install and measure, whatever is decided."""

OUTCOME = 0.02
"""What it is worth, in utility, to see an outcome coming that would be another."""


@dataclass(frozen=True)
class Worth:
    """What knowing something is worth, and how likely it changes the outcome."""

    gain: float = 0.0
    chance: float = 0.0

    @property
    def value(self) -> float:
        """Both in one number, in utility."""
        return self.gain + OUTCOME * self.chance


def rank_questions(
    inputs: Inputs, keys: Sequence[str], *, samples: int = 1000
) -> list[tuple[str, float]]:
    """The value of information of each of *keys*, highest first, ties by key.

    After a veto has decided, an answer that changes nothing and installs nothing is worth
    `CANNOT_MATTER`.

    Args:
        inputs: What is known so far.
        keys: Answers that could be asked for.
        samples: Samples per supposed answer; a few hundred rank well enough.
    """
    draws = Draws(inputs.seed, samples)
    now = judge(situation_of(inputs), draws)
    decided = len(now.feasible) < len(FRAMEWORKS)
    worth = []
    for key in sorted(set(keys)):
        worthy = value_of_answer(now, key, draws)
        idle = decided and worthy.chance == 0.0 and key not in FOR_INSTALLING
        worth.append((key, CANNOT_MATTER if idle else worthy.value))
    return sorted(worth, key=lambda pair: (-pair[1], pair[0]))


def is_clear(inputs: Inputs, *, samples: int = 1000) -> bool:
    """Whether the answers so far recommend one framework, or leave one only."""
    now = judge(situation_of(inputs), Draws(inputs.seed, samples))
    return now.status in ("recommend", "forced")


def value_of_answer(now: Judgement, key: str, draws: Draws) -> Worth:
    """What one unanswered fact is worth."""
    fact = now.situation.base.facts.get(key)
    if fact is None or fact.kind == "ranking":
        return Worth()
    values = values_left(now.situation.base, now.situation.index, key, now.facts)[:_MOST_VALUES]
    supposed = [
        (replace(now.situation, values={**now.situation.values, key: value}), share)
        for value, share in values
    ]
    return _worth(supposed, now, draws)


def value_of_probe(now: Judgement, draws: Draws) -> Worth:
    """What it is worth to measure the speed of the task's own kind of work."""
    believed = believed_speed(now.items)
    supposed = [
        (replace(now.situation, ratio=2.0 ** (believed + q * PRIOR_SD)), 1.0 / len(_QUANTILES))
        for q in _QUANTILES
    ]
    return _worth(supposed, now, draws)


def _worth(supposed: Iterable[tuple[Situation, float]], now: Judgement, draws: Draws) -> Worth:
    informed, terms = [], []
    chance = 0.0
    for situation, share in supposed:
        then = judge(situation, draws, now)
        chance += share if then.outcome != now.outcome else 0.0
        utilities = _utilities(then)
        informed.append(share * max(utilities.values()))
        terms.append((share, utilities))
    if not terms:
        return Worth()
    uninformed = max(math.fsum(share * u[f] for share, u in terms) for f in FRAMEWORKS)
    return Worth(max(math.fsum(informed) - uninformed, 0.0), chance)


def _utilities(judgement: Judgement) -> Mapping[str, float]:
    """Expected utilities; a framework that is ruled out is worth nothing."""
    return {
        f: judgement.sample.mean_utility(f) if f in judgement.feasible else 0.0 for f in FRAMEWORKS
    }


def unknowns_of(now: Judgement, draws: Draws, *, most: int = 12) -> list[Unknown]:
    """What is not known and what knowing it would be worth, most valuable first.

    What nothing can be decided without comes before all else.
    What is worth nothing by itself follows in the order of importance: together, several such
    answers can still matter. Where a veto decides, only what could lift or add one is left.
    """
    base = now.situation.base
    weight = importance_of(base)
    decided = len(now.feasible) < len(FRAMEWORKS)
    pending = waited_for(base, now.outcomes, now.facts)
    required = {q.key for q in base.questions if q.required}
    ranked: list[tuple[float, float, str, Unknown]] = []
    for key, waiting in pending.items():
        if key in now.situation.values:
            # It was answered, and cannot be true: another answer is asked for beside it.
            continue
        worthy = value_of_answer(now, key, draws)
        if decided and worthy.chance == 0.0:
            continue
        worth = round(worthy.value, 4)
        ranked.append(
            (
                -math.inf if key in required else -worth,
                -weight.get(key, 0.0),
                key,
                Unknown(
                    fact=key,
                    value_of_information=worth,
                    chance_of_change=round(worthy.chance, 3),
                    rules_waiting=len(waiting),
                ),
            )
        )
    if now.speed is None and not decided:
        worthy = value_of_probe(now, draws)
        worth = round(worthy.value, 4)
        probe = _probe_to_run(now.situation, now.facts)
        unknown = Unknown(
            probe=probe, value_of_information=worth, chance_of_change=round(worthy.chance, 3)
        )
        ranked.append((-worth, -0.01, probe, unknown))
    return [entry[3] for entry in sorted(ranked, key=lambda e: e[:3])][:most]


def _probe_to_run(situation: Situation, facts: Mapping[str, Any]) -> str:
    """The model that stands for the task; where there is none, a workload that explains it."""
    family = facts.get("model")
    if family is not None and family in situation.base.families:
        return f"{PREFIX}{family}"
    standard = standard_for(situation.base, facts)
    if standard is not None:
        return f"{PREFIX}{standard.model}"
    weights = workload_weights(situation.base, facts)
    return max(weights, key=lambda w: (weights[w], w), default=_ANY_PROBE)
