"""When a decision is called what it is called, and what vetoes do."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decide.status import Numbers, classify
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

CALM = Numbers(
    feasible=2,
    p_clear=0.9,
    tie_mass=0.05,
    samples=10_000,
    share_without_evidence=0.1,
    stays=0.95,
    settles=0.9,
    veto_chance=0.0,
)


def status(**changes: Any) -> str:
    from dataclasses import replace

    return classify(replace(CALM, **changes))[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "recommend"),
        ({"p_clear": 0.81}, "recommend"),
        ({"p_clear": 0.805}, "lean"),
        ({"p_clear": 0.79}, "lean"),
        ({"p_clear": 0.52, "tie_mass": 0.3}, "lean"),
        ({"p_clear": 0.505, "tie_mass": 0.3}, "no_clear_winner"),
        ({"p_clear": 0.56, "tie_mass": 0.2}, "no_clear_winner"),
        ({"p_clear": 0.5}, "no_clear_winner"),
        ({"tie_mass": 0.51}, "no_clear_winner"),
        ({"share_without_evidence": 0.51}, "lean"),
        ({"share_without_evidence": 0.51, "p_clear": 0.5}, "insufficient_evidence"),
        ({"stays": 0.79}, "lean"),
        ({"stays": 0.79, "p_clear": 0.5}, "insufficient_evidence"),
        ({"stays": 0.6, "settles": 0.4, "p_clear": 0.5}, "no_clear_winner"),
        ({"stays": 0.61}, "lean"),
        ({"stays": 0.59}, "insufficient_evidence"),
        ({"veto_chance": 0.3}, "insufficient_evidence"),
        ({"feasible": 1, "stays": 0.5}, "forced"),
        ({"feasible": 0, "stays": 0.5}, "no_feasible_option"),
    ],
)
def test_borders(changes: dict[str, Any], expected: str) -> None:
    assert status(**changes) == expected


def test_broad_support_is_recommended_and_nothing_is_worded_yet() -> None:
    decision = decide(inputs_for(base_of(*broad("pytorch"))))
    assert (decision.status, decision.recommended.framework) == ("recommend", "pytorch")
    assert decision.leader == "pytorch"
    assert decision.confidence_text + decision.headline == ""


def test_equal_teams_and_equal_speed_have_no_winner_but_a_labelled_tie_break() -> None:
    base = base_of(*broad("pytorch", "moderate"), *broad("jax", "moderate"), *skill_rules())
    values = {"task": "image", "team.pytorch": "some", "team.jax": "some", "hardware.train": "cpu"}
    evidence = measured(1.0)
    decision = decide(inputs_for(base, values, evidence))
    assert decision.status == "no_clear_winner"
    assert decision.recommended.framework is None
    assert decision.recommended.tie_break in ("pytorch", "jax")
    assert decision.recommended.tie_break_because


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"codebase": "jax", "team.pytorch": "deep"}, "jax"),
        ({"codebase": "none", "team.jax": "some", "team.pytorch": "none"}, "jax"),
        ({"team.jax": "some", "team.pytorch": "deep"}, "pytorch"),
    ],
)
def test_the_tie_break_is_what_is_easiest_to_keep(values: dict[str, Any], expected: str) -> None:
    base = base_of(*broad("pytorch", "moderate"), *broad("jax", "moderate"))
    decision = decide(inputs_for(base, {"task": "image", **values}))
    assert decision.status == "no_clear_winner"
    assert decision.recommended.tie_break == expected


def test_too_little_known_is_said_with_what_to_find_out_first() -> None:
    base = base_of(*skill_rules(), rule("claim.one", ("jax", "risk", "for", "weak")))
    decision = decide(inputs_for(base))
    assert decision.status == "insufficient_evidence"
    assert decision.recommended.framework is None
    facts = [u.fact for u in decision.unknowns if u.fact]
    assert {"team.jax", "team.pytorch"} <= set(facts)
    assert any(u.probe == "model:resnet" for u in decision.unknowns)
    worth = [u.value_of_information for u in decision.unknowns]
    assert worth == sorted(worth, reverse=True)


def test_a_veto_forces_the_other_and_shows_its_price() -> None:
    base = base_of(*broad("jax"), *policies())
    decision = decide(inputs_for(base, {"task": "image", "exclude": ["jax"]}))
    assert (decision.status, decision.recommended.framework) == ("forced", "pytorch")
    (veto,) = [v for v in decision.vetoes if v.status == "active"]
    assert veto.rule == "veto.policy.jax"
    assert veto.price is not None
    assert veto.price > 0.1
    assert veto.lifts == "change the policy"


def test_a_veto_on_the_loser_costs_nothing() -> None:
    base = base_of(*broad("pytorch"), *policies())
    decision = decide(inputs_for(base, {"task": "image", "exclude": ["jax"]}))
    assert [v.price for v in decision.vetoes if v.status == "active"] == [0.0]


def test_nothing_left_names_the_smallest_sets_to_lift() -> None:
    hardware = rule("veto.hardware", kind="veto", when=OneOf("hardware.train", ("tpu",)),
                    excludes="jax", lifts="buy another")  # fmt: skip
    base = base_of(*broad("jax"), *policies(), hardware)
    values = {"task": "image", "exclude": ["pytorch", "jax"], "hardware.train": "tpu"}
    decision = decide(inputs_for(base, values))
    assert decision.status == "no_feasible_option"
    lifts = [f.change["lift"] for f in decision.flips if "lift" in f.change]
    assert lifts == [["veto.policy.pytorch"], ["veto.hardware", "veto.policy.jax"]]


def test_an_expired_veto_only_warns() -> None:
    base = base_of(*broad("jax"), *policies())
    values = {"task": "image", "exclude": ["jax"]}
    decision = decide(inputs_for(base, values, today="2028-01-01"))
    assert [v.status for v in decision.vetoes] == ["expired"]
    assert all(o.feasible for o in decision.options)
    assert any(n.id == "veto-expired" for n in decision.notices)


def test_a_veto_that_waits_for_an_answer_is_shown_and_blocks_only_if_likely() -> None:
    likely = rule("veto.likely", kind="veto", when=OneOf("hardware.train", ("cpu", "nvidia")),
                  excludes="jax", lifts="x")  # fmt: skip
    unlikely = rule("veto.unlikely", kind="veto", when=OneOf("hardware.train", ("tpu",)),
                    excludes="jax", lifts="x")  # fmt: skip
    rare = decide(inputs_for(base_of(*broad("jax"), unlikely)))
    often = decide(inputs_for(base_of(*broad("jax"), likely)))
    assert rare.status == "recommend"
    assert next(o for o in rare.options if o.framework == "jax").conditional
    assert often.status == "insufficient_evidence"


def test_a_policy_that_nobody_stated_is_waited_for_by_nothing() -> None:
    decision = decide(inputs_for(base_of(*broad("jax"), *policies())))
    assert decision.status == "recommend"
    assert not any(option.conditional for option in decision.options)
    assert decision.notices == [n for n in decision.notices if n.id != "veto-conditional"]


def test_unknown_packages_are_listed() -> None:
    known = rule("claim.pkg", ("jax", "ecosystem", "for", "strong"),
                 when=OneOf("must_use", ("diffrax",)))  # fmt: skip
    values = {"task": "image", "must_use": ["diffrax", "nobody-knows"]}
    decision = decide(inputs_for(base_of(known), values))
    unknown = [n.values for n in decision.notices if n.id == "unknown-package"]
    assert unknown == [{"package": "nobody-knows"}]
