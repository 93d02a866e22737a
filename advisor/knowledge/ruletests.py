"""Run the tests that rules carry: what fires, what stays silent, what waits, whom it favours.

Knows rules and their tests. It must not know how results are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.knowledge.conditions import ALWAYS
from advisor.knowledge.evaluate import outcome_of
from advisor.knowledge.model import STRENGTH, Outcome, Rule, RuleBase, RuleTest


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """What one test of one rule wanted and got; `passed` where these are equal."""

    __test__ = False

    rule: str
    name: str
    wanted: str
    got: str
    where: str

    @property
    def passed(self) -> bool:
        """Whether the rule did what its test says."""
        return self.wanted == self.got


def run_tests(base: RuleBase, rules: Iterable[Rule] | None = None) -> tuple[TestResult, ...]:
    """Every test of *rules* (all unless given), in the order of the rules."""
    chosen = base.rules if rules is None else tuple(rules)
    return tuple(_run(rule, test, base) for rule in chosen for test in rule.tests)


def _run(rule: Rule, test: RuleTest, base: RuleBase) -> TestResult:
    outcome = outcome_of(rule, test.given, today=rule.reviewed, versions=test.versions)
    got = _did(outcome)
    wanted: str = test.expect
    if test.favours is not None and test.expect == "fires":
        wanted = f"fires for {test.favours}"
        favoured = favours(rule, base)
        got = f"fires for {favoured or 'none'}" if got == "fires" else got
    return TestResult(rule=rule.id, name=test.name, wanted=wanted, got=got, where=rule.where)


def _did(outcome: Outcome) -> str:
    if outcome.inapplicable or outcome.truth == "false":
        return "silent"
    return "fires" if outcome.truth == "true" else "unknown"


def favours(rule: Rule, base: RuleBase) -> str | None:
    """The framework that *rule* speaks for, all in all; None where it speaks for none."""
    scores = dict.fromkeys(base.frameworks, 0.0)
    for effect in rule.effects:
        strength = STRENGTH[effect.strength]
        scores[effect.framework] += strength if effect.direction == "for" else -strength
    if rule.excludes is not None:
        scores[rule.excludes] = -1.0
    best = max(scores.values(), default=0.0)
    leaders = [name for name, score in scores.items() if score == best]
    return leaders[0] if len(leaders) == 1 else None


def missing_tests(rule: Rule) -> tuple[str, ...]:
    """Which of fires, silent and unknown no test of *rule* expects, though it can happen."""
    expected = {test.expect for test in rule.tests}
    possible = ("fires", "silent", "unknown") if rule.when != ALWAYS else ("fires",)
    return tuple(word for word in possible if word not in expected)
