"""How likely the leader stays ahead: what open answers could change, not how many are open."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import OneOf
from tests.decide.making import base_of, broad, inputs_for, rule

SHIPPED = load_rule_base()


LEADS = rule("claim.leads", ("pytorch", "ecosystem", "for", "weak"))


def judged(base: Any, values: dict[str, Any]) -> Judgement:
    inputs = inputs_for(base, values)
    return judge(situation_of(inputs), Draws(inputs.seed, 1000))


def waiting(strength: str, framework: str = "jax") -> Any:
    when = OneOf("deployment", ("mobile",))
    return rule("claim.waits", (framework, "deployment", "for", strength), when=when)


def test_nothing_that_waits_leaves_the_leader_where_it_is() -> None:
    assert judged(base_of(*broad("pytorch")), {"task": "image"}).stays == 1.0


def test_what_could_change_more_makes_staying_less_likely() -> None:
    shares = [
        judged(base_of(LEADS, waiting(s)), {"task": "image"}).stays
        for s in ("weak", "moderate", "strong")
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] < 1.0


def test_many_open_answers_that_change_little_do_not_make_evidence_insufficient() -> None:
    """A clear case with one claim open, and the same with the claim answered."""
    base = base_of(*broad("pytorch"), waiting("weak"))
    unanswered, answered = (
        judged(base, {"task": "image"}),
        judged(base, {"task": "image", "deployment": "none"}),
    )
    assert unanswered.status == answered.status == "recommend"


def test_an_answer_that_was_given_is_no_longer_open() -> None:
    base = base_of(LEADS, waiting("strong"))
    before = judged(base, {"task": "image"}).stays
    assert judged(base, {"task": "image", "deployment": "none"}).stays > before


@pytest.mark.parametrize(
    "values",
    [
        {"task": "image", "deployment": "mobile", "codebase": "pytorch", "stage": "product"},
        {"task": "llm_pretraining", "hardware.train": "tpu_pod", "team.jax": "deep"},
    ],
)
def test_a_clear_case_is_told_although_most_is_open(values: dict[str, Any]) -> None:
    now = judged(SHIPPED, values)
    assert now.stays > 0.8
    assert now.framework is not None


def test_a_task_alone_is_not_enough() -> None:
    now = judged(SHIPPED, {"task": "scientific_computing"})
    assert now.status == "insufficient_evidence"
    assert "answers" in now.why_insufficient


def test_counterfactuals_near_another_judgement_count_the_same() -> None:
    values = {"task": "scientific_computing", "hardware.train": "cpu"}
    near = judged(SHIPPED, values)
    inputs = inputs_for(SHIPPED, {**values, "float64": True})
    draws = Draws(inputs.seed, 1000)
    fresh = judge(situation_of(inputs), draws)
    situation = situation_of(inputs)
    judge(situation_of(inputs_for(SHIPPED, values)), draws)
    assert judge(situation, draws, near).stays == fresh.stays
