"""Several places where the model runs: decided together, and for each alone."""

from __future__ import annotations

from typing import Any

from advisor.decide.deciding import decide
from advisor.decide.facts import place_facts, places_in
from advisor.decision import Decision
from advisor.knowledge.loader import load_rule_base
from tests.decide.making import inputs_for

BASE = load_rule_base()
TEAM = {
    "task": "image", "hardware.train": "tpu", "stage": "product", "team.pytorch": "some",
    "team.jax": "some",
}  # fmt: skip


def decided(**more: Any) -> Decision:
    return decide(inputs_for(BASE, {**TEAM, **more}))


def test_one_place_is_no_list() -> None:
    assert decided(deployment="mobile").targets == []
    assert decided(targets=["mobile"]).targets == []
    assert decided(targets=["mobile"]).options == decided(deployment="mobile").options


def test_each_place_alone_is_decided_as_if_it_were_the_only_one() -> None:
    together = decided(deployment="mobile", targets=["tpu_serving"])
    assert [t.target for t in together.targets] == ["mobile", "tpu_serving"]
    for part in together.targets:
        alone = decided(deployment=part.target)
        assert (part.status, part.framework, part.leader) == (
            alone.status, alone.recommended.framework, alone.leader,
        )  # fmt: skip


def test_together_what_holds_for_any_place_holds() -> None:
    fired = set(decided(deployment="mobile", targets=["tpu_serving"]).rules_fired)
    assert {"claim.deployment.mobile", "claim.deployment.tpu-serving"} <= fired


def test_places_that_pull_apart_are_named() -> None:
    apart = decided(deployment="mobile", targets=["tpu_serving"], codebase="none")
    sides = {t.target: t.leader for t in apart.targets}
    named = [n for n in apart.notices if n.id == "targets-pull-apart"]
    assert bool(named) == (len(set(sides.values())) == 2)
    alike = decided(deployment="mobile", targets=["edge"])
    assert not [n for n in alike.notices if n.id == "targets-pull-apart"]


def test_order_and_repetition_do_not_matter() -> None:
    assert places_in({"deployment": "edge", "targets": ["edge", "mobile"]}) == ["edge", "mobile"]
    assert place_facts({"deployment": "edge"}) == {}
    assert place_facts({"targets": []}) == {}
    one, other = (
        decided(targets=["mobile", "tpu_serving"]),
        decided(targets=["tpu_serving", "mobile"]),
    )
    assert one.options == other.options
