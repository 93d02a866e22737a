"""The rule base survives being written and read; its hash names what decisions depend on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.serialise import from_data, rules_sha256, to_data


def without_places(base: RuleBase) -> RuleBase:
    return replace(base, rules=tuple(replace(rule, where="") for rule in base.rules))


@pytest.mark.parametrize("shipped", [True, False])
def test_what_was_written_is_read_back(root: Path, shipped: bool) -> None:
    base = load_rule_base() if shipped else load_rule_base(root=root)
    read = from_data(json.loads(json.dumps(to_data(base))))
    assert without_places(read) == without_places(base)
    assert rules_sha256(read) == rules_sha256(base)
    leaf_domains = [getattr(rule.when, "domain", ()) for rule in base.rules]
    assert [getattr(rule.when, "domain", ()) for rule in read.rules] == leaf_domains


def test_the_compact_form_holds_the_given_rules_alone(root: Path) -> None:
    base = load_rule_base(root=root)
    data = to_data(base, rules=["veto.jax.exclude"])
    read = from_data(data)
    assert [rule.id for rule in read.rules] == ["veto.jax.exclude"]
    assert read.version == base.version
    assert to_data(read, rules=["veto.jax.exclude"]) == data


def test_the_hash_ignores_what_changes_no_decision(root: Path) -> None:
    base = load_rule_base(root=root)
    rule = base.rules[0]
    for change in ({"where": "elsewhere"}, {"tests": ()}, {"pack": "other"}):
        other = replace(base, rules=(replace(rule, **change), *base.rules[1:]))  # type: ignore[arg-type]
        assert rules_sha256(other) == rules_sha256(base)
    for change in (
        {"expires": "2027-06-01"},
        {"group": "x"},
        {"effects": ()},
        {"when": base.rules[1].when},
    ):
        other = replace(base, rules=(replace(rule, **change), *base.rules[1:]))  # type: ignore[arg-type]
        assert rules_sha256(other) != rules_sha256(base)


def test_data_that_somebody_edited_is_refused(root: Path) -> None:
    data = json.loads(json.dumps(to_data(load_rule_base(root=root))))
    data["rules"][0]["effects"][0]["strength"] = "overwhelming"
    with pytest.raises(UserError, match="overwhelming"):
        from_data(data, name="decision.json")
    for wrong in ([], {"schema": "x"}, {"schema": "fw-advisor/rule-base@1", "rules": 1}):
        with pytest.raises(UserError):
            from_data(wrong)
