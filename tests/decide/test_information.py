"""Questions are ranked by what knowing their answer could change."""

from __future__ import annotations

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.information import rank_questions, value_of_answer
from advisor.decide.judging import judge, situation_of
from advisor.decision import CRITERIA
from advisor.interview.questions import most_valuable
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import OneOf
from tests.decide.making import base_of, broad, inputs_for, policies, rule, skill_rules


def test_questions_are_ranked_by_what_they_can_change() -> None:
    settled = inputs_for(base_of(*broad("jax"), *skill_rules(), *policies()))
    ranking = dict(rank_questions(settled, ["team.jax", "codebase", "exclude"], samples=500))
    assert ranking["codebase"] == 0
    assert ranking["exclude"] > 0
    open_ = inputs_for(base_of(*skill_rules()), {"task": "image", "team.pytorch": "some"})
    order = rank_questions(open_, ["team.jax", "codebase"], samples=500)
    assert order[0][0] == "team.jax"
    assert order[0][1] > order[1][1]


def test_what_turns_a_recommendation_into_a_tie_is_worth_knowing() -> None:
    """The leader stays the same whatever is answered, and the status does not."""
    rest = [c for c in CRITERIA if c != "performance"]
    base = base_of(
        *broad("pytorch", "moderate"),
        rule("claim.phone", *(("jax", c, "for", "moderate") for c in rest),
             when=OneOf("deployment", ("mobile",))),
    )  # fmt: skip
    now = decide(inputs_for(base))
    (unknown,) = [u for u in now.unknowns if u.fact == "deployment"]
    assert unknown.chance_of_change > 0
    assert unknown.value_of_information > 0


def test_after_a_veto_only_what_can_change_the_outcome_is_offered() -> None:
    base = base_of(*broad("jax"), *skill_rules(), *policies())
    forced = decide(inputs_for(base, {"task": "image", "exclude": ["jax"]}))
    assert forced.status == "forced"
    assert forced.unknowns == []


def test_values_that_do_not_fit_the_other_answers_are_not_supposed() -> None:
    """Nobody asks a team with TPUs for its system because it could be Windows."""
    base = load_rule_base()
    answers = {"task": "llm_pretraining", "hardware.train": "tpu_pod", "team.jax": "deep"}
    draws = Draws(0, 300)
    now = judge(situation_of(inputs_for(base, answers, samples=300)), draws)
    worth = value_of_answer(now, "hardware.os", draws)
    assert (worth.gain, worth.chance) == (0.0, 0.0)


def test_nobody_is_asked_what_cannot_matter_after_a_veto() -> None:
    base = load_rule_base()
    forced = inputs_for(base, {"task": "image", "exclude": ["jax"]}, samples=300)
    ranking = dict(rank_questions(forced, ["team.jax", "priorities", "hardware.train"]))
    assert ranking["team.jax"] < 0
    assert ranking["priorities"] < 0
    assert ranking["hardware.train"] >= 0
    questions = [(q, 0.5) for q in base.questions if q.key in ranking]
    chosen = most_valuable(questions, ranking.items())
    assert chosen is not None
    assert chosen.key == "hardware.train"
