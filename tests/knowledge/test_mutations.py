"""Mistakes planted in the shipped rules are noticed by the tests that the rules carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import AnyOf, Effect, Not, Rule
from advisor.knowledge.ruletests import run_tests


def _flipped(effect: Effect) -> Effect:
    return replace(effect, direction="against" if effect.direction == "for" else "for")


MUTANTS: dict[str, Callable[[Rule], Rule]] = {
    "the direction is flipped": lambda r: replace(r, effects=tuple(map(_flipped, r.effects))),
    "the condition is negated": lambda r: replace(r, when=Not(r.when)),
    "the rule never fires": lambda r: replace(r, when=AnyOf(())),
    "the effects are gone": lambda r: replace(r, effects=()),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_most_mutants_are_noticed(mutant: str) -> None:
    base = load_rule_base()
    claims = [rule for rule in base.rules if rule.kind == "claim"]
    noticed = [
        rule.id
        for rule in claims
        if any(not result.passed for result in run_tests(base, [MUTANTS[mutant](rule)]))
    ]
    assert len(noticed) >= 0.8 * len(claims)
