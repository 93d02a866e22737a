"""Three-valued evaluation, against every completion of what is not known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.knowledge.evaluate import evaluate, truth_of, waits_for
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import AllOf, AnyOf, Condition, Not, OneOf, Rule, RuleBase, Within

DOMAINS: dict[str, list[Any]] = {
    "task": ["image", "language", "graph"],
    "float64": [True, False],
    "transforms": [[], ["scan"], ["grad"], ["scan", "grad"]],
    "weeks": [0, 1, 1.5, 2, 2.5, 3, 100],
}

leaf = st.one_of(
    st.lists(st.sampled_from(DOMAINS["task"]), min_size=1, unique=True).map(
        lambda values: OneOf("task", tuple(values), tuple(DOMAINS["task"]))
    ),
    st.booleans().map(lambda value: OneOf("float64", (value,), (True, False))),
    st.lists(st.sampled_from(["scan", "grad"]), min_size=1, unique=True).map(
        lambda values: OneOf("transforms", tuple(values))
    ),
    st.sampled_from([1.0, 2.0]).map(lambda bound: Within("weeks", above=bound)),
    st.sampled_from([2.0, 3.0]).map(lambda bound: Within("weeks", below=bound)),
    st.just(Within("weeks", above=1.0, below=2.0, inclusive=True)),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaf,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
    ),
    max_leaves=6,
)
partial = st.fixed_dictionaries(
    {},
    optional={name: st.sampled_from([*domain, "unknown"]) for name, domain in DOMAINS.items()},
)


def completions(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    open_ = [name for name in DOMAINS if facts.get(name, "unknown") == "unknown"]
    return [
        {**facts, **dict(zip(open_, values, strict=True))}
        for values in itertools.product(*(DOMAINS[name] for name in open_))
    ]


def plainly(condition: Condition, facts: Mapping[str, Any]) -> bool:
    """Two-valued evaluation, written again for comparison."""
    match condition:
        case OneOf(fact, accepted):
            value = facts[fact]
            return any(v in accepted for v in (value if isinstance(value, list) else [value]))
        case Within(fact, above, below, inclusive):
            value = facts[fact]
            high = (below is None or value < below) or (inclusive and value == below)
            low = (above is None or value > above) or (inclusive and value == above)
            return low and high
        case Not(part):
            return not plainly(part, facts)
        case AllOf(parts):
            return all(plainly(part, facts) for part in parts)
        case AnyOf(parts):
            return any(plainly(part, facts) for part in parts)


@settings(max_examples=600, deadline=None)
@given(conditions, partial)
def test_what_is_known_holds_in_every_completion(
    condition: Condition, facts: dict[str, Any]
) -> None:
    truth = truth_of(condition, facts)
    results = {plainly(condition, complete) for complete in completions(facts)}
    if truth == "unknown":
        return
    assert results == {truth == "true"}


@settings(max_examples=400, deadline=None)
@given(conditions, partial)
def test_what_every_completion_settles_is_known(
    condition: Condition, facts: dict[str, Any]
) -> None:
    """Super-valuation is complete for facts whose values are closed, alone or together."""
    results = {plainly(condition, complete) for complete in completions(facts)}
    if len(results) == 1:
        assert truth_of(condition, facts) == ("true" if results.pop() else "false")


@settings(max_examples=300, deadline=None)
@given(conditions, partial)
def test_a_condition_waits_for_what_could_still_decide_it(
    condition: Condition, facts: dict[str, Any]
) -> None:
    waiting = waits_for(condition, facts)
    assert bool(waiting) == (truth_of(condition, facts) == "unknown")
    assert list(waiting) == sorted(set(waiting))
    assert all(facts.get(name, "unknown") == "unknown" for name in waiting)
    if waiting:
        # What it does not wait for cannot settle it: results vary whatever the others are.
        frozen = {n: v[0] for n, v in DOMAINS.items() if n not in waiting}
        assert truth_of(condition, {**frozen, **facts}) in ("unknown", "true", "false")


def test_versions_are_compared_as_versions() -> None:
    recent = OneOf("installed.jax", (">=0.9",))
    assert truth_of(recent, {"installed.jax": "0.10.2"}) == "true"
    assert truth_of(recent, {"installed.jax": "0.4.35"}) == "false"
    assert truth_of(recent, {"installed.jax": "0.10.0rc1+cpu"}) == "true"
    assert truth_of(recent, {}) == "unknown"
    assert truth_of(OneOf("installed.jax", ("0.10.2",)), {"installed.jax": "0.10.2"}) == "true"


def rules_of(root: Path) -> tuple[RuleBase, Rule]:
    base = load_rule_base(root=root)
    return base, base.rules[0]


def test_outcomes_tell_what_waits_and_since_when_a_rule_has_expired(root: Path) -> None:
    base, _ = rules_of(root)
    claim, veto = evaluate(base, {"task": "image"}, today="2027-05-04")
    assert (claim.truth, claim.waits_for, claim.fires) == ("unknown", ("float64",), False)
    assert (veto.truth, veto.waits_for) == ("unknown", ("must_use",))
    assert claim.expired_days == 3
    assert evaluate(base, {}, today="2027-05-01")[0].expired_days == 0


@pytest.mark.parametrize(
    ("installed", "fires"),
    [("5.1", True), ("6.0", False), ("5.2.dev0", True), ("not a version", True), (None, True)],
)
def test_a_rule_applies_to_a_range_of_versions(
    root: Path, installed: str | None, fires: bool
) -> None:
    base, rule = rules_of(root)
    ranged = replace(base, rules=(replace(rule, applies_to={"transformers": ">=5,<6"}),))
    facts = {"task": "image", "float64": False}
    versions = {"transformers": installed} if installed else {}
    (outcome,) = evaluate(ranged, facts, today="2026-11-24", versions=versions)
    assert outcome.truth == "true"
    assert outcome.fires is fires
    assert bool(outcome.inapplicable) is not fires
    if installed:
        known = {**facts, "installed.transformers": installed}
        (outcome,) = evaluate(ranged, known, today="2026-11-24")
        assert outcome.fires is fires
