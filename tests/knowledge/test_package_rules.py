"""A package that no rule names still says which framework it needs."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.answers import Answers
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.package_rules import canonical_names, names_in_rules, with_package_rules
from advisor.knowledge.packages import bound_to
from advisor.record import Record, freeze, replay_findings, thaw
from advisor.render.decision_words import word_decision, worded_record

BASE = load_rule_base()
FRAMEWORKS = tuple(BASE.frameworks)
UNNAMED = [
    package
    for package in BASE.packages
    if package.name not in names_in_rules(BASE) and len(bound_to(package, FRAMEWORKS)) == 1
]


def decided(*names: str) -> Record:
    values: dict[str, Any] = {"task": "image", "must_use": list(names)}
    return worded_record(
        Inputs(
            answers=Answers(values=values), evidence=(), base=BASE, today="2026-11-25", samples=500
        )
    )


@pytest.mark.parametrize("name", ["ultralytics", "detectron2", "jaxlie", "brainpy"])
def test_the_framework_that_it_needs_is_ahead_and_nothing_is_called_unknown(name: str) -> None:
    record = decided(name)
    (native,) = bound_to(next(p for p in BASE.packages if p.name == name), FRAMEWORKS)
    assert record.decision.leader == native
    assert f"claim.ecosystem.needs-{name}" in record.decision.rules_fired
    assert "unknown-package" not in {notice.id for notice in record.decision.notices}


def test_a_name_that_nobody_knows_is_called_unknown() -> None:
    record = decided("a-package-of-ours")
    assert "unknown-package" in {notice.id for notice in record.decision.notices}


def test_a_record_with_such_a_package_replays() -> None:
    record = decided("ultralytics", "a-package-of-ours")
    again = thaw(freeze(record), "decision.json")
    assert replay_findings(again, word_decision) == []
    kept = {package.name for package in again.inputs.base.packages}
    assert kept == {"ultralytics"}


def test_rules_are_made_once_and_claims_only_for_what_no_rule_names() -> None:
    names = ["ultralytics", "YOLO", "transformers", "numpy", "a-package-of-ours"]
    base = with_package_rules(BASE, names)
    assert [rule.id for rule in base.rules[len(BASE.rules) :]] == [
        "veto.package.ultralytics",
        "claim.ecosystem.needs-ultralytics",
        "veto.package.transformers",
    ]
    assert with_package_rules(base, names) == base


def test_names_are_read_as_rules_spell_them() -> None:
    assert canonical_names(BASE, ["torch_geometric", "PyG"]) == ["torch-geometric"]
    assert canonical_names(BASE, ["a-package-of-ours"]) == ["a-package-of-ours"]


@pytest.mark.parametrize("package", UNNAMED, ids=lambda package: package.name)
def test_every_such_package_makes_a_rule_with_a_source(package: Any) -> None:
    base = with_package_rules(BASE, [package.name])
    rule = base.rules[-1]
    assert rule.when.accepted == (package.name,)  # type: ignore[union-attr]
    assert all(name in base.sources for name in rule.sources)
    (native,) = bound_to(package, FRAMEWORKS)
    assert {e.framework for e in rule.effects if e.direction == "for"} == {native}
