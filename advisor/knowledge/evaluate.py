"""Three-valued evaluation: what each rule does with a set of facts, in no particular order.

A fact that is not known makes a test unknown, never false (strong Kleene logic). Where every value
that an unknown fact could still have gives the same result, that result is taken: ``a or not a`` is
true (super-valuation). No rule writes a fact. Pure: no files, no clock.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from advisor.knowledge.conditions import leaves
from advisor.knowledge.model import (
    AnyOf,
    Condition,
    Not,
    OneOf,
    Outcome,
    Rule,
    RuleBase,
    Scalar,
    Truth,
    Within,
)
from advisor.knowledge.vocabulary import UNKNOWN

MAX_CASES = 1024
"""At most this many combinations of unknown values are tried to settle one condition."""

_OPERATORS = ("<", ">", "=", "!", "~")
_WORDS: dict[bool | None, Truth] = {True: "true", False: "false", None: "unknown"}


def truth_of(condition: Condition, facts: Mapping[str, Any]) -> Truth:
    """Whether *condition* holds; ``unknown`` where the facts do not settle it yet.

    A fact is not known where it is absent, None or the word ``unknown``.
    """
    truth = _kleene(condition, facts)
    if truth is None:
        truth = _settled_by_cases(condition, facts)
    return _WORDS[truth]


def waits_for(condition: Condition, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The unknown facts that could still decide *condition*, sorted; none where it is settled."""
    if truth_of(condition, facts) != "unknown":
        return ()
    return tuple(sorted(set(_waiting(condition, facts))))


def evaluate(
    base: RuleBase,
    facts: Mapping[str, Any],
    *,
    today: str,
    versions: Mapping[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """What every rule of *base* does with *facts*, sorted by the rules' ids.

    Args:
        base: The rules.
        facts: Values by fact; absent where not known.
        today: ISO date; only decides by how many days a rule has expired.
        versions: Installed versions by package; `facts` named ``installed.<package>`` serve where
            a package is absent here.
    """
    known = versions or {}
    return tuple(outcome_of(rule, facts, today=today, versions=known) for rule in base.rules)


def outcome_of(
    rule: Rule, facts: Mapping[str, Any], *, today: str, versions: Mapping[str, str]
) -> Outcome:
    """What *rule* does with *facts*."""
    truth = truth_of(rule.when, facts)
    waiting = tuple(sorted(set(_waiting(rule.when, facts)))) if truth == "unknown" else ()
    return Outcome(
        rule,
        truth,
        waiting,
        _inapplicable(rule, facts, versions) if rule.applies_to else "",
        days_between(rule.expires, today) if rule.expires < today else 0,
    )


@lru_cache(maxsize=4096)
def days_between(first: str, second: str) -> int:
    """Days from the ISO date *first* to the ISO date *second*."""
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def _inapplicable(rule: Rule, facts: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    for package, wanted in rule.applies_to.items():
        installed = versions.get(package) or facts.get(f"installed.{package}")
        if isinstance(installed, str) and _version_holds(wanted, installed) is False:
            return f"{package} {installed} is installed, and this holds for {wanted}"
    return ""


@lru_cache(maxsize=4096)
def _version_holds(wanted: str, installed: str) -> bool | None:
    """Whether *installed* lies in the range *wanted*; None where it is no version."""
    try:
        range_ = SpecifierSet(wanted if wanted.startswith(_OPERATORS) else f"=={wanted}")
        return range_.contains(Version(installed), prereleases=True)
    except (InvalidVersion, InvalidSpecifier):
        return None


def _kleene(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    kind = type(condition)
    if kind is OneOf or kind is Within:
        return _leaf(condition, facts)  # type: ignore[arg-type]
    if kind is Not:
        inner = _kleene(condition.part, facts)  # type: ignore[union-attr]
        return None if inner is None else not inner
    deciding = kind is AnyOf
    result: bool | None = not deciding
    for part in condition.parts:  # type: ignore[union-attr]
        truth = _kleene(part, facts)
        if truth is deciding:
            return deciding
        if truth is None:
            result = None
    return result


def _leaf(leaf: OneOf | Within, facts: Mapping[str, Any]) -> bool | None:
    value = facts.get(leaf.fact)
    if value is None or value == UNKNOWN:
        return True if isinstance(leaf, OneOf) and _is_all(leaf.accepted, leaf.domain) else None
    if isinstance(leaf, Within):
        return _inside(leaf, value)
    if isinstance(value, (list, tuple)):
        return any(item in leaf.accepted for item in value)
    if value in leaf.accepted:
        return True
    return isinstance(value, str) and any(
        _version_holds(accepted, value) is True for accepted in _ranges(leaf.accepted)
    )


@lru_cache(maxsize=4096)
def _is_all(accepted: tuple[Scalar, ...], domain: tuple[Scalar, ...]) -> bool:
    return bool(domain) and all(value in accepted for value in domain)


@lru_cache(maxsize=4096)
def _ranges(accepted: tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(a for a in accepted if isinstance(a, str) and a.startswith(_OPERATORS))


def _inside(leaf: Within, value: Any) -> bool | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    low, high = leaf.above, leaf.below
    if leaf.inclusive:
        return (low is None or value >= low) and (high is None or value <= high)
    return (low is None or value > low) and (high is None or value < high)


def _waiting(condition: Condition, facts: Mapping[str, Any]) -> list[str]:
    if isinstance(condition, (OneOf, Within)):
        return [condition.fact] if _leaf(condition, facts) is None else []
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    waiting: list[str] = []
    for part in parts:
        if _kleene(part, facts) is None:
            waiting.extend(_waiting(part, facts))
    return waiting


def _settled_by_cases(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    """Try every value of the unknown facts that stand more than once.

    Kleene's logic is exact for facts that stand once, so only repeated ones can be settled here.
    """
    if isinstance(condition, (OneOf, Within)):
        return None
    tests = list(leaves(condition))
    if len({leaf.fact for leaf in tests}) == len(tests):
        return None
    counts = Counter(leaf.fact for leaf in tests if _leaf(leaf, facts) is None)
    repeated = sorted(fact for fact, count in counts.items() if count > 1)
    if not repeated:
        return None
    cases = [_cases(fact, [x for x in tests if x.fact == fact]) for fact in repeated]
    total = 1
    for case in cases:
        total *= len(case)
    if not 0 < total <= MAX_CASES:
        return None
    results: set[bool | None] = set()
    for combination in itertools.product(*cases):
        assumed = {**facts, **dict(zip(repeated, combination, strict=True))}
        results.add(_kleene(condition, assumed))
        if len(results) > 1 or None in results:
            return None
    return results.pop()


def _cases(fact: str, tests: Sequence[OneOf | Within]) -> list[Any]:
    """Values of *fact* that stand for all that it can have, as far as *tests* can tell them."""
    if any(isinstance(test, Within) for test in tests):
        return _numeric_cases(tests)
    domain = next((t.domain for t in tests if isinstance(t, OneOf) and t.domain), ())
    if domain:
        return list(domain)
    mentioned = sorted({v for t in tests if isinstance(t, OneOf) for v in t.accepted}, key=str)
    if any(isinstance(v, (bool, float, int)) for v in mentioned):
        return _numeric_cases(tests)
    if fact.startswith("installed.") or any(str(v).startswith(_OPERATORS) for v in mentioned):
        return []
    if len(mentioned) > 8:
        return []
    # A list, or one word of an open set: subsets cover both, the empty one is any other word.
    return [
        list(chosen)
        for size in range(len(mentioned) + 1)
        for chosen in itertools.combinations(mentioned, size)
    ]


def _numeric_cases(tests: Sequence[OneOf | Within]) -> list[float]:
    bounds: set[float] = set()
    for test in tests:
        given = test.accepted if isinstance(test, OneOf) else (test.above, test.below)
        bounds |= {float(b) for b in given if b is not None}
    marks = sorted(bounds)
    between = [(low + high) / 2 for low, high in itertools.pairwise(marks)]
    return [marks[0] - 1.0, *marks, *between, marks[-1] + 1.0] if marks else []
