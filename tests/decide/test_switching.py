"""What changing the framework takes: person-weeks that grow with the code and shrink with skill."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decide.facts import effort_facts
from advisor.decide.judging import outcomes_of, situation_of
from advisor.decide.recommendation import switching_of
from advisor.decision import SwitchingPart
from advisor.knowledge.loader import load_rule_base
from tests.decide.making import inputs_for

BASE = load_rule_base()
CODE = {"task": "scientific_computing", "codebase": "pytorch", "stage": "product"}
SIZES = ("small", "medium", "large")


def facts(values: dict[str, Any]) -> dict[str, Any]:
    return outcomes_of(situation_of(inputs_for(BASE, values)))[0]


def to(framework: str, values: dict[str, Any]) -> SwitchingPart:
    return next(p for p in switching_of(BASE, facts(values)) if p.to == framework)


def fired(values: dict[str, Any]) -> set[str]:
    _, outcomes = outcomes_of(situation_of(inputs_for(BASE, values)))
    return {o.rule.id for o in outcomes if o.fires}


def test_more_code_takes_more_weeks_and_counts_more() -> None:
    parts = [to("jax", {**CODE, "code_size": size}) for size in SIZES]
    for less, more in itertools.pairwise(parts):
        assert less.low_weeks < more.low_weeks
        assert less.high_weeks < more.high_weeks
    gaps = [
        decide(inputs_for(BASE, {**CODE, "code_size": size})).options[1].p_clear for size in SIZES
    ]
    assert gaps == sorted(gaps, reverse=True)


def test_code_of_unknown_size_has_the_widest_range() -> None:
    unknown = to("jax", CODE)
    assert unknown.low_weeks <= to("jax", {**CODE, "code_size": "medium"}).low_weeks
    assert unknown.high_weeks > to("jax", {**CODE, "code_size": "medium"}).high_weeks


@pytest.mark.parametrize("size", SIZES)
def test_each_size_fires_one_claim_about_the_code(size: str) -> None:
    about = {r for r in fired({**CODE, "code_size": size}) if r.startswith("claim.team.move-to-")}
    assert about == {f"claim.team.move-to-jax-{size}"}


def test_a_scan_beats_what_was_told() -> None:
    told = {"codebase": "pytorch", "code_size": "small", "migration.to_jax": "large"}
    assert effort_facts(told) == {"switching.to_jax": "large"}


def test_a_counterpart_makes_the_port_one_class_less() -> None:
    told = {"codebase": "jax", "code_size": "large", "counterpart": "whole"}
    assert effort_facts(told) == {"switching.to_pytorch": "medium"}
    assert effort_facts({**told, "code_size": "small"}) == {"switching.to_pytorch": "small"}
    assert effort_facts({"codebase": "jax", "counterpart": "whole"}) == {
        "switching.to_pytorch": "not_known"
    }


@pytest.mark.parametrize("code", ["none", "numpy", "tensorflow", None])
def test_code_of_neither_framework_is_moved_to_none(code: str | None) -> None:
    assert effort_facts({"codebase": code}) == {}


def test_learning_is_part_of_it_and_skill_is_not_bought_again() -> None:
    steps = [s.what for s in to("jax", {**CODE, "team.jax": "none"}).steps]
    assert steps == ["port", "prove", "learn"]
    assert [s.what for s in to("jax", {**CODE, "team.jax": "deep"}).steps] == ["port", "prove"]
    assert to("pytorch", {**CODE, "team.pytorch": "deep"}).steps == []


def test_the_code_and_the_skill_that_wrote_it_count_once() -> None:
    both = {**CODE, "team.pytorch": "deep", "code_size": "medium"}
    _, outcomes = outcomes_of(situation_of(inputs_for(BASE, both)))
    groups = {o.rule.id: o.rule.group for o in outcomes if o.fires}
    assert groups["claim.team.move-to-jax-medium"] == groups["claim.team.pytorch-deep"]


def test_every_figure_says_that_it_is_a_judgement_and_when() -> None:
    assert BASE.switching
    assert all(cost.source.startswith("judgement:") and cost.date for cost in BASE.switching)
    parts = decide(inputs_for(BASE, CODE)).switching
    assert {p.to for p in parts} == {"pytorch", "jax"}
    assert all(p.low_weeks <= p.high_weeks and p.leaving[0] <= p.leaving[1] for p in parts)


def test_the_class_is_derived_and_not_answered() -> None:
    situation = situation_of(inputs_for(BASE, CODE))
    assert facts(CODE)["switching.to_jax"] == "not_known"
    assert "switching.to_jax" not in situation.values
