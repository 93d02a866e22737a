"""The shipped rule base and the model together: monotony in skill and speed, flips that flip."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decide.waiting import possible_values
from advisor.inputs import Inputs
from advisor.knowledge.families import StandardModel
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.personas import evidence_of, load_personas
from tests.decide.making import TODAY, evidence_with, work

BASE = load_rule_base()
PERSONAS = load_personas(BASE)
DRAWS = Draws(0, 400)


def somebody(dice: random.Random) -> dict[str, Any]:
    """Random answers by the vocabulary's priors, each known in six of ten cases."""
    values = {}
    for key, fact in sorted(BASE.facts.items()):
        if fact.origin != "answer" or key in ("priorities", "exclude") or dice.random() > 0.6:
            continue
        pairs = possible_values(BASE, fact)
        if not pairs or key == "model":
            continue
        values[key] = dice.choices([v for v, _ in pairs], [w for _, w in pairs])[0]
    return values


def judged(values: dict[str, Any], *evidence: Any) -> Judgement:
    inputs = Inputs(answers=Answers(values=values), evidence=evidence, base=BASE, today=TODAY)
    return judge(situation_of(inputs), DRAWS)


@pytest.mark.parametrize("framework", ["pytorch", "jax"])
def test_more_skill_never_lowers_its_framework(framework: str) -> None:
    dice = random.Random(f"skill {framework}")
    for _ in range(40):
        values = somebody(dice)
        chances = [
            judged({**values, f"team.{framework}": level}).p_first[framework]
            for level in ("none", "some", "deep")
        ]
        assert chances == sorted(chances), values


def test_a_faster_jax_never_lowers_jax() -> None:
    dice = random.Random("speed")
    for _ in range(40):
        values = somebody(dice)
        standard = dice.choice(BASE.standards)
        values["task"] = standard.task
        slow = dice.uniform(0.2, 4.0)
        chances = [
            judged(values, evidence_with(works=[_model(standard, speed)])).p_first["jax"]
            for speed in (slow, 1.3 * slow, 3.0 * slow)
        ]
        assert chances == sorted(chances), (values, standard, slow)


def _model(standard: StandardModel, speed: float) -> dict[str, Any]:
    return work(speed, model=standard.model, name=standard.preset)


@pytest.mark.parametrize("persona", PERSONAS[::5], ids=lambda p: p.id)
def test_flips_in_answers_flip_whole_decisions(persona: Any) -> None:
    evidence = evidence_of(persona, BASE)
    inputs = Inputs(
        answers=Answers(values=dict(persona.answers)),
        evidence=() if evidence is None else (evidence,),
        base=BASE,
        today=TODAY,
    )
    decision = decide(inputs)
    for flip in decision.flips:
        if not set(flip.change) <= set(BASE.facts) or "measured.jax_speedup" in flip.change:
            continue
        said = Answers(values={**persona.answers, **flip.change})
        then = judge(situation_of(replace(inputs, answers=said)), Draws(0, inputs.samples))
        assert (then.status, then.framework or then.status) == (flip.then_status, flip.then)
        assert then.framework != decision.recommended.framework
