"""Properties of whole decisions: order, duplicates, monotony, seeds, vetoes (T5 to T13)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decision import CRITERIA, Decision
from advisor.inputs import Inputs
from advisor.jsonio import canonical_bytes
from advisor.knowledge.model import OneOf, Rule, RuleBase
from tests.decide.making import (
    base_of,
    broad,
    comparison,
    evidence_with,
    inputs_for,
    policies,
    probe,
    rule,
    skill_rules,
)
from tests.decide.making import (
    measured as measured_at,
)

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONDITIONS = {
    "task": ("image", "graph"),
    "hardware.train": ("cpu", "nvidia", "tpu"),
    "deployment": ("none", "mobile"),
}
LEVELS = ("none", "some", "deep")


@st.composite
def claims(draw: Any) -> Rule:
    fact = draw(st.sampled_from(sorted(CONDITIONS)))
    number = draw(st.integers(0, 999))
    criterion = draw(st.sampled_from(CRITERIA))
    about = draw(st.sampled_from((None, "speed", "speed.conv_train")))
    return rule(
        f"claim.{number:03d}",
        (
            draw(st.sampled_from(("pytorch", "jax"))),
            criterion,
            draw(st.sampled_from(("for", "against"))),
            draw(st.sampled_from(("weak", "moderate", "strong"))),
        ),
        when=OneOf(fact, (draw(st.sampled_from(CONDITIONS[fact])),)),
        group=f"group-{number % 7}",
        reliability=draw(st.sampled_from(("high", "medium", "low"))),
        about=about if criterion == "performance" else None,
    )


rule_lists = st.lists(claims(), min_size=1, max_size=12, unique_by=lambda r: r.id)
answers = st.fixed_dictionaries(
    {},
    optional={
        **{k: st.sampled_from(v) for k, v in CONDITIONS.items()},
        "team.pytorch": st.sampled_from(LEVELS),
        "team.jax": st.sampled_from(LEVELS),
        "exclude": st.sampled_from(([], ["jax"], ["pytorch"])),
    },
)
speeds = st.one_of(st.none(), st.floats(0.1, 10))


def full(rules: list[Rule]) -> RuleBase:
    return base_of(*rules, *skill_rules(), *policies())


def measured(speed: float | None) -> tuple[Any, ...]:
    return () if speed is None else (measured_at(speed),)


def judged(inputs: Inputs) -> Judgement:
    return judge(situation_of(inputs), Draws(inputs.seed, 600))


def bytes_of(decision: Decision) -> bytes:
    return canonical_bytes(decision.to_dict())


@SLOW
@given(rules=rule_lists, values=answers, speed=speeds, seed=st.integers(0, 5))
def test_the_order_of_rules_answers_and_probes_changes_no_byte(
    rules: list[Rule], values: dict[str, Any], speed: float | None, seed: int
) -> None:
    base = full(rules)
    shuffled = list(base.rules)
    random.Random(seed).shuffle(shuffled)
    one = inputs_for(base, values, *measured(speed), samples=500, seed=seed)
    other = inputs_for(
        replace(base, rules=tuple(shuffled)),
        dict(reversed(values.items())),
        *measured(speed),
        samples=500,
        seed=seed,
    )
    assert bytes_of(decide(one)) == bytes_of(decide(other))


def test_the_order_of_probes_and_evidence_changes_no_number() -> None:
    probes = [probe("conv_train", comparison(2.0)), probe("matmul", comparison(0.7))]
    base = full([])
    together = judged(inputs_for(base, None, evidence_with(*probes)))
    reverse = judged(inputs_for(base, None, evidence_with(*reversed(probes))))
    apart = judged(inputs_for(base, None, evidence_with(probes[1]), evidence_with(probes[0])))
    assert together.p_first == reverse.p_first == apart.p_first


@SLOW
@given(rules=rule_lists, values=answers)
def test_a_copy_of_a_claim_in_its_group_changes_no_number(
    rules: list[Rule], values: dict[str, Any]
) -> None:
    copies = [replace(r, id=f"{r.id}-copy") for r in rules]
    once, twice = (judged(inputs_for(full(r), values)) for r in (rules, [*rules, *copies]))
    assert once.p_first == twice.p_first
    assert once.p_clear == twice.p_clear
    assert once.gap == twice.gap


@SLOW
@given(rules=rule_lists, values=answers, slow=st.floats(0.1, 5), gain=st.floats(1.0, 5))
def test_a_faster_jax_never_lowers_jax(
    rules: list[Rule], values: dict[str, Any], slow: float, gain: float
) -> None:
    before, after = (
        judged(inputs_for(full(rules), {**values, "exclude": []}, *measured(speed)))
        for speed in (slow, slow * gain)
    )
    assert after.p_first["jax"] >= before.p_first["jax"]
    assert after.p_clear["jax"] >= before.p_clear["jax"]


@SLOW
@given(rules=rule_lists, values=answers, framework=st.sampled_from(("pytorch", "jax")))
def test_more_skill_never_lowers_what_the_team_knows(
    rules: list[Rule], values: dict[str, Any], framework: str
) -> None:
    chances = []
    for level in LEVELS:
        said = {**values, f"team.{framework}": level, "exclude": []}
        chances.append(judged(inputs_for(full(rules), said)).p_first[framework])
    assert chances == sorted(chances)


@SLOW
@given(
    rules=rule_lists, values=answers, more=claims(), direction=st.sampled_from(("for", "against"))
)
def test_a_claim_for_never_lowers_and_a_claim_against_never_raises(
    rules: list[Rule], values: dict[str, Any], more: Rule, direction: Any
) -> None:
    effect = replace(more.effects[0], framework="jax", direction=direction)
    added = replace(more, id="claim.added", effects=(effect,))
    said = {**values, "exclude": []}
    before, after = (
        judged(inputs_for(full(r), said)).p_first["jax"] for r in (rules, [*rules, added])
    )
    assert after >= before if direction == "for" else after <= before


@SLOW
@given(rules=rule_lists, values=answers, speed=speeds)
def test_what_is_vetoed_is_never_recommended(
    rules: list[Rule], values: dict[str, Any], speed: float | None
) -> None:
    for gone in (["jax"], ["pytorch"], ["jax", "pytorch"]):
        said = {**values, "exclude": gone}
        judgement = judged(inputs_for(full(rules), said, *measured(speed)))
        assert judgement.framework not in gone
        assert judgement.leader not in gone


def test_seeds_agree_within_sampling_error() -> None:
    rules = [*broad("pytorch", "moderate"), *skill_rules()]
    values = {"task": "image", "team.jax": "deep"}
    shares = []
    for seed in range(20):
        inputs = inputs_for(base_of(*rules), values, seed=seed)
        judgement = judge(situation_of(inputs), Draws(seed, 10_000))
        shares.append(judgement.p_clear["pytorch"])
    assert max(shares) - min(shares) <= 4 * 0.005


def test_a_judgement_near_another_is_the_same_as_alone() -> None:
    base = full([*broad("jax", "moderate")])
    first = inputs_for(base, {"task": "image"})
    draws = Draws(0, 500)
    near = judge(situation_of(first), draws)
    for values in ({"task": "graph"}, {"task": "image", "team.jax": "deep", "exclude": ["jax"]}):
        situation = situation_of(inputs_for(base, values))
        with_help, alone = judge(situation, draws, near), judge(situation, draws)
        assert with_help.p_clear == alone.p_clear
        assert with_help.outcomes == alone.outcomes
        assert with_help.outcome == alone.outcome
