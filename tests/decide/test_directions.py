"""A change whose direction is obvious moves a decision there, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from advisor.answers import Answers
from advisor.decide.claims import items_of, telling
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decide.waiting import possible_values
from advisor.inputs import Inputs
from advisor.knowledge.conditions import ALWAYS
from advisor.knowledge.conflicts import clashes_in
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Effect, Outcome, Rule
from advisor.pair import FRAMEWORKS, rival_of

BASE = load_rule_base()
CHANGES = YAML(typ="safe").load((Path(__file__).parent / "directions.yaml").read_text("utf-8"))
TRIES = 200
SAMPLES = 400
ERROR = 0.02
DRAWS = Draws(0, SAMPLES)
VARIED = (
    "task", "stage", "team.pytorch", "team.jax", "codebase", "hardware.train", "hardware.os",
    "deployment", "pretrained", "shapes", "control_flow", "float64", "deadline_weeks",
)  # fmt: skip
Answer = dict[str, Any]
LISTS = ("transforms", "must_use", "prefer", "exclude")


def drawn(rng: random.Random, fact: str) -> Any:
    values = possible_values(BASE, BASE.facts[fact])
    return rng.choices([v for v, _ in values], [w for _, w in values])[0]


def project(rng: random.Random) -> dict[str, Any]:
    """Answers of a made-up project, some of them open."""
    values = {fact: drawn(rng, fact) for fact in VARIED if fact == "task" or rng.random() < 0.75}
    return {**values, **{fact: [] for fact in LISTS}}


def changed(values: Answer, change: Answer) -> tuple[Answer, Answer]:
    """Answers before and after *change*."""
    fact, to = change["fact"], change["to"]
    if fact in LISTS:
        return values, {**values, fact: [*values[fact], to]}
    return {**values, fact: change["from"]}, {**values, fact: to}


def judged(values: dict[str, Any]) -> Judgement:
    inputs = Inputs(answers=Answers(values=values), evidence=(), base=BASE, today="2026-11-26")
    return judge(situation_of(inputs), DRAWS)


def lead(now: Judgement, framework: str) -> float:
    """How far *framework* is ahead, by the share in which it is first."""
    return now.p_first[framework] - now.p_first[rival_of(framework)]


def test_two_hundred_random_changes_with_an_obvious_direction() -> None:
    rng = random.Random(20261126)
    violations, tried = [], 0
    while tried < TRIES:
        change = rng.choice(CHANGES)
        before, after = changed(project(rng), change)
        if clashes_in(BASE, before) or clashes_in(BASE, after):
            continue
        tried += 1
        towards = change["towards"]
        then = judged(after)
        moved = lead(then, towards) - lead(judged(before), towards)
        if then.feasible and moved < -ERROR:
            violations.append((change, round(moved, 3), before))
    assert violations == []


@pytest.mark.parametrize("change", [c for c in CHANGES if c["fact"] in LISTS], ids=str)
def test_every_package_and_policy_moves_where_it_must(change: dict[str, Any]) -> None:
    values = {"task": "general_research", **{fact: [] for fact in LISTS}}
    before, after = changed(values, change)
    assert lead(judged(after), change["towards"]) > lead(judged(before), change["towards"])


CLAIMS = [rule for rule in BASE.rules if rule.kind == "claim"]


def alike(rule: Rule) -> Rule:
    """*rule*, saying of both frameworks what it says of one."""
    told: dict[str, Effect] = {}
    for effect in rule.effects:
        told.setdefault(effect.criterion, effect)
    effects = [replace(e, framework=f) for e in told.values() for f in FRAMEWORKS]
    return replace(rule, effects=tuple(effects))


def test_what_holds_for_both_alike_moves_nothing_whatever_the_rule() -> None:
    """Nothing of it is left to be weighed, so that no share can move."""
    for rule in CLAIMS:
        assert telling(alike(rule)) == {}, rule.id
        assert items_of([Outcome(alike(rule), "true")]) == ()


def test_a_rule_and_its_mirror_image_move_nothing_together() -> None:
    """The same known of both frameworks is no evidence for either, whatever it is."""
    known = {
        "team.pytorch": "some", "team.jax": "some", "task": "image", "codebase": "none",
        "hardware.train": "nvidia", "hardware.os": "linux",
    }  # fmt: skip
    skills = {"skill-pytorch", "skill-jax"}
    assert skills & {item.group for item in judged({**known, "team.jax": "none"}).items}
    for level in ("none", "some", "deep"):
        same = judged({**known, "team.pytorch": level, "team.jax": level})
        assert not skills & {item.group for item in same.items}, level


def test_adding_what_both_share_changes_no_share() -> None:
    """Each claim of the rule base, made to hold for both and always, is added to a decision."""
    values = {"task": "language", "team.pytorch": "deep", "hardware.train": "nvidia"}
    inputs = Inputs(answers=Answers(values=values), evidence=(), base=BASE, today="2026-11-26")
    situation = situation_of(inputs)
    before = judge(situation, DRAWS)
    added = tuple(
        replace(alike(rule), id=f"{rule.id}-alike", when=ALWAYS, group=f"{rule.group}-alike")
        for rule in CLAIMS
    )
    more = replace(inputs, base=replace(inputs.base, rules=(*inputs.base.rules, *added)))
    after = judge(situation_of(more), DRAWS)
    assert after.p_first == before.p_first
    assert after.p_clear == before.p_clear
