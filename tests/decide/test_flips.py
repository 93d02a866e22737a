"""What would change the decision: every flip flips when it is run again, nearest first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.judging import judge, situation_of
from advisor.inputs import Inputs
from advisor.knowledge.model import OneOf
from tests.decide.making import (
    base_of,
    broad,
    inputs_for,
    measured,
    policies,
    rule,
    skill_rules,
)

BASE = base_of(
    *broad("pytorch", "moderate", when=OneOf("task", ("image",))),
    *(
        replace(r, id=f"{r.id}-graph", group=f"{r.group}-graph")
        for r in broad("jax", "moderate", when=OneOf("task", ("graph",)))
    ),
    *skill_rules(),
    *policies(),
    rule("claim.mobile", ("jax", "deployment", "against", "strong"),
         when=OneOf("deployment", ("mobile",))),
    rule("claim.tpu", ("jax", "platform", "for", "strong"), ("jax", "ecosystem", "for", "strong"),
         when=OneOf("hardware.train", ("tpu",))),
)  # fmt: skip


VALUES: dict[str, Any] = {
    "task": "image",
    "team.pytorch": "some",
    "team.jax": "some",
    "hardware.train": "cpu",
    "deployment": "none",
    "exclude": [],
}


def made(values: dict[str, Any] | None = None, speed: float | None = 1.5) -> Inputs:
    evidence = (measured(speed),) if speed else ()
    return inputs_for(BASE, {**VALUES, **(values or {})}, *evidence)


def rerun(inputs: Inputs, change: dict[str, Any]) -> tuple[str, str | None]:
    """The outcome with *change* made to the inputs, by the ways a user has."""
    situation = situation_of(inputs)
    values = dict(inputs.answers.values)
    for key, value in change.items():
        if key == "measured.jax_speedup":
            situation = replace(situation, ratio=value)
        elif key.startswith("weight."):
            situation = replace(situation, fixed_weight=(key.removeprefix("weight."), value))
        elif key == "today":
            situation = replace(situation, today=value)
        else:
            values[key] = value
    situation = replace(situation, values=values)
    judgement = judge(situation, Draws(inputs.seed, inputs.samples))
    return judgement.status, judgement.framework


@pytest.mark.parametrize(
    "values", [{}, {"task": "graph"}, {"team.jax": "deep"}, {"hardware.train": "tpu"}]
)
@pytest.mark.parametrize("speed", [None, 0.5, 3.0])
def test_every_flip_flips_when_it_is_run_again(values: dict[str, Any], speed: float | None) -> None:
    inputs = made(values, speed)
    decision = decide(inputs)
    assert decision.flips
    for flip in decision.flips:
        status, framework = rerun(inputs, flip.change)
        assert status == flip.then_status
        assert (framework or status) == flip.then
        assert framework != decision.recommended.framework


def test_flips_in_answers_hold_for_whole_decisions() -> None:
    inputs = made()
    answered = [f for f in decide(inputs).flips if set(f.change) <= set(BASE.facts)][:6]
    assert answered
    for flip in answered:
        said = Answers(values={**inputs.answers.values, **flip.change})
        then = decide(replace(inputs, answers=said)) if set(flip.change) <= set(VALUES) else None
        if then is not None:
            assert then.status == flip.then_status


def test_one_step_before_a_speed_or_a_weight_that_flips_nothing_flips() -> None:
    said = {"team.jax": "deep", "team.pytorch": "none", "priorities": ["performance"]}
    inputs = made(said, 1.5)
    decision = decide(inputs)
    tried = 0
    for flip in decision.flips:
        ((key, value), *_) = flip.change.items()
        if key != "measured.jax_speedup" and not key.startswith("weight."):
            continue
        tried += 1
        step = 0.05 if key.startswith("weight.") or value <= 1 else 0.1 if value <= 10 else 1.0
        towards_jax = key == "measured.jax_speedup" and flip.then == "jax"
        rising = key.startswith("weight.") or towards_jax
        before = round(value - step if rising else value + step, 2)
        status, framework = rerun(inputs, {key: before})
        assert (framework or status) != flip.then
    assert tried >= 3


def test_two_answers_are_tried_where_one_is_not_enough() -> None:
    weak = base_of(
        *broad("pytorch", "moderate", when=OneOf("codebase", ("none",))),
        rule("claim.a", *(("jax", c, "for", "strong") for c in ("ecosystem", "risk", "iteration")),
             when=OneOf("hardware.train", ("tpu",))),
        rule("claim.b", *(("jax", c, "for", "strong") for c in ("team", "platform", "deployment")),
             when=OneOf("deployment", ("mobile",))),
    )  # fmt: skip
    values = {"codebase": "none", "hardware.train": "cpu", "deployment": "none"}
    inputs = inputs_for(replace(weak, task_weights=()), values)
    decision = decide(inputs)
    assert decision.recommended.framework == "pytorch"
    pairs = [f for f in decision.flips if len(f.change) == 2]
    assert pairs
    for flip in pairs:
        assert flip.then == "jax"
        assert rerun(inputs, flip.change)[1] == "jax"


def test_time_flips_where_the_claims_that_decide_expire() -> None:
    low = base_of(*broad("pytorch", "moderate", reliability="low", expires="2027-03-01")[:5])
    decision = decide(inputs_for(low))
    assert decision.recommended.framework == "pytorch"
    (flip,) = [f for f in decision.flips if "today" in f.change]
    assert flip.change == {"today": "2027-03-02"}
    assert decision.revisit[0].date == "2027-03-01"
    assert rerun(inputs_for(low), flip.change)[1] is None


def test_what_rests_on_one_claim_is_said() -> None:
    one = rule(
        "claim.only",
        *(("jax", c, "for", "strong") for c in ("team", "risk", "platform", "iteration")),
    )
    inputs = inputs_for(base_of(one, *broad("jax", "weak")))
    decision = decide(inputs)
    assert decision.recommended.framework == "jax"
    assert decision.rests_on == ["claim.only"]
    assert decide(inputs_for(base_of(*broad("jax", "strong")))).rests_on == []


def test_one_fact_gives_one_flip_and_names_what_stands_there_now() -> None:
    decision = decide(made())
    facts = [key for f in decision.flips if len(f.change) == 1 for key in f.change]
    answered = [key for key in facts if key in BASE.facts and key in VALUES]
    assert answered
    assert len(answered) == len(set(answered))
    for flip in decision.flips:
        assert {k: VALUES[k] for k in flip.change if k in VALUES} == {
            k: v for k, v in flip.now.items() if k in VALUES
        }


def test_what_the_team_can_reach_comes_before_another_project() -> None:
    order = ("speed", "uncertain", "own", "near", "distant", "other_project")
    said = {"team.pytorch": "none", "team.jax": "deep", "priorities": ["performance"]}
    inputs = made(said, 3.0)
    reaches = [
        "speed" if f.reach == "near" and "measured.jax_speedup" in f.change else f.reach
        for f in decide(inputs).flips
    ]
    assert reaches[0] == "speed"
    assert reaches == sorted(reaches, key=order.index)
    assert [f.reach for f in decide(inputs).flips if "task" in f.change] == ["other_project"]
    own = next(key for f in decide(inputs).flips if f.reach == "own" for key in f.change)
    answers = Answers(values=inputs.answers.values, sources={own: "default"})
    unsure = decide(replace(inputs, answers=answers))
    assert [f.reach for f in unsure.flips if own in f.change] == ["uncertain"]
