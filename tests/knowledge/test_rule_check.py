"""What misleads in rules that load is found, with its place; what is sound is left in peace."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.knowledge.boxes import always_true, boxes, can_meet, never_true
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import AllOf, AnyOf, Condition, Fact, Not, OneOf, Within
from advisor.knowledge.rule_check import check
from advisor.knowledge.rule_findings import RuleFinding
from advisor.knowledge.ruletests import favours, run_tests

TODAY = "2026-11-24"
RULE = """\
  - id: {id}
    kind: claim
    title: T
    when: {when}
    effects: [{{framework: {framework}, criterion: {criterion}, direction: {way}, strength: weak}}]
    group: {group}
    reliability: medium
    sources: [{source}]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-05-01
    rationale: R
    revisit_when: S
"""


def rule(name: str, when: str, **changes: str) -> str:
    values = {
        "framework": "pytorch",
        "criterion": "team",
        "way": "for",
        "group": name,
        "source": "guide",
    }
    return RULE.format(id=f"claim.{name}.x", when=when, **{**values, **changes})


def found(root: Path, pack: Path, *rules: str, today: str = TODAY) -> list[RuleFinding]:
    text = "schema: fw-advisor/rules@1\nrules:\n" + "".join(rules)
    (pack / "own.yaml").write_text(text, encoding="utf-8")
    return list(check(load_rule_base([pack], root=root), today=today))


def of_kind(findings: list[RuleFinding], kind: str) -> list[RuleFinding]:
    return [finding for finding in findings if finding.id == kind]


def test_expired_rules_are_errors_from_the_day_after(root: Path, pack: Path) -> None:
    one = rule("a", "{float64: true}")
    assert not of_kind(found(root, pack, one, today="2027-05-01"), "expired")
    expired = of_kind(found(root, pack, one, today="2027-05-02"), "expired")
    assert {f.rules[0] for f in expired} >= {"claim.a.x"}
    (mine,) = (f for f in expired if f.rules == ("claim.a.x",))
    assert mine.severity == "error"
    assert mine.where == f"{pack}/own.yaml:3:5"
    assert "1 day ago" in mine.text


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ("{all_of: [{task: image}, {task: graph}]}", "never-true"),
        ("{task: image, not: {task: [image, graph]}}", "never-true"),
        ("{all_of: [{deadline_weeks: {below: 3}}, {deadline_weeks: {above: 3}}]}", "never-true"),
        ("{deadline_weeks: {above: 520}}", "never-true"),
        ("{transforms: long_scan, not: {transforms: [long_scan, per_sample_grad]}}", "never-true"),
        ("{all_of: [{must_use: vllm}, {not: {must_use: vllm}}]}", "never-true"),
        ("{task: [image, language, graph]}", "always-true"),
        ("{any_of: [{float64: true}, {float64: false}]}", "always-true"),
        ("{deadline_weeks: {between: [0, 520]}}", "always-true"),
        ("{not: {all_of: [{task: image}, {task: graph}]}}", "always-true"),
        ("{all_of: [{transforms: long_scan}, {transforms: per_sample_grad}]}", ""),
        ("{all_of: [{deadline_weeks: {above: 2}}, {deadline_weeks: {below: 3}}]}", ""),
        ("{}", ""),
    ],
)
def test_dead_conditions_are_found(root: Path, pack: Path, when: str, kind: str) -> None:
    findings = found(root, pack, rule("a", when))
    dead = [f for f in findings if f.id in ("never-true", "always-true")]
    assert [f.id for f in dead] == ([kind] if kind else [])
    assert all(f.severity == "error" and f.where == f"{pack}/own.yaml:3:5" for f in dead)


def test_opposite_claims_that_can_meet_are_found(root: Path, pack: Path) -> None:
    one = rule("a", "{task: [image, graph]}")
    other = rule("b", "{task: [graph, language]}", way="against")
    (finding,) = of_kind(found(root, pack, one, other), "opposite")
    assert finding.rules == ("claim.a.x", "claim.b.x")
    assert finding.severity == "warning"

    apart = rule("b", "{task: language}", way="against")
    assert not of_kind(found(root, pack, one, apart), "opposite")
    elsewhere = rule("b", "{task: graph}", way="against", framework="jax")
    assert not of_kind(found(root, pack, one, elsewhere), "opposite")
    allowed = other + "    conflicts_ok: [claim.a.x]\n"
    assert not of_kind(found(root, pack, one, allowed), "opposite")


def test_opposite_claims_for_different_reasons_are_told_apart(root: Path, pack: Path) -> None:
    one = rule("a", "{must_use: vllm}")
    for when in ("{task: image}", "{must_use: numpyro}"):
        findings = found(root, pack, one, rule("b", when, way="against"))
        assert not of_kind(findings, "opposite")
        (told,) = of_kind(findings, "opposite-for-different-reasons")
        assert (told.severity, told.rules) == ("info", ("claim.a.x", "claim.b.x"))
    same = rule("b", "{must_use: [vllm, numpyro]}", way="against")
    assert of_kind(found(root, pack, one, same), "opposite")


def test_one_statement_in_two_groups_counts_twice(root: Path, pack: Path) -> None:
    one = rule("a", "{task: [image, graph]}")
    (finding,) = of_kind(
        found(root, pack, one, rule("b", "{task: [image, graph]}")), "double-counting"
    )
    assert finding.rules == ("claim.a.x", "claim.b.x")
    for other in (
        rule("b", "{task: [image, graph]}", group="a"),
        rule("b", "{task: [image, graph]}", way="against"),
        rule("b", "{task: language}"),
        rule("b", "{float64: true}"),
    ):
        assert not of_kind(found(root, pack, one, other), "double-counting")


def test_rules_without_tests_are_errors(root: Path, pack: Path) -> None:
    findings = found(root, pack, rule("a", "{float64: true}"))
    (finding,) = (f for f in of_kind(findings, "no-tests") if f.rules == ("claim.a.x",))
    assert finding.severity == "error"
    tested = rule("a", "{float64: true}") + (
        "    tests: [{name: n, given: {float64: false}, expect: silent}]\n"
    )
    findings = found(root, pack, tested)
    assert [f.severity for f in of_kind(findings, "no-fires-test")] == ["error"]
    assert [f.severity for f in of_kind(findings, "no-unknown-test")] == ["warning"]


def test_what_no_rule_speaks_to_is_told(root: Path, pack: Path) -> None:
    findings = found(root, pack, rule("a", "{float64: true}"))
    told = " ".join(f.text for f in of_kind(findings, "silent-value"))
    assert "task: language" in told
    assert "deadline_weeks: any value" in told
    assert "float64" not in told
    assert "priorities" not in told
    assert not of_kind(findings, "silent-criterion")
    (root / "claims/all.yaml").unlink()
    findings = found(root, pack, rule("a", "{float64: true}"))
    assert [f.text for f in of_kind(findings, "silent-criterion")] == [
        "no rule speaks to the criterion ecosystem (Libraries)"
    ]


def test_the_tests_of_rules_are_run(root: Path, pack: Path) -> None:
    tests = """\
    tests:
      - {name: right, given: {float64: true}, expect: fires, favours: pytorch}
      - {name: wrong, given: {float64: false}, expect: fires}
      - {name: wrong way, given: {float64: true}, expect: fires, favours: jax}
      - {name: waits, given: {float64: unknown}, expect: unknown}
      - {name: other version, given: {float64: true}, versions: {torch: "1.0"}, expect: silent}
    applies_to: {torch: ">=2"}
"""
    text = "schema: fw-advisor/rules@1\nrules:\n" + rule("a", "{float64: true}") + tests
    (pack / "own.yaml").write_text(text, encoding="utf-8")
    base = load_rule_base([pack], root=root)
    (mine,) = (r for r in base.rules if r.id == "claim.a.x")
    results = run_tests(base, [mine])
    assert [(r.name, r.passed) for r in results] == [
        ("right", True),
        ("wrong", False),
        ("wrong way", False),
        ("waits", True),
        ("other version", True),
    ]
    assert (results[2].wanted, results[2].got) == ("fires for jax", "fires for pytorch")
    assert [favours(r, base) for r in base.rules] == ["pytorch", "pytorch", "pytorch"]


FACTS = {
    fact.id: fact
    for fact in (
        Fact(id="task", kind="choice", origin="answer", title="T", values=dict.fromkeys("abc", "")),
        Fact(id="flag", kind="flag", origin="answer", title="F"),
        Fact(id="list", kind="choices", origin="answer", title="L", values=dict.fromkeys("xy", "")),
        Fact(id="weeks", kind="number", origin="answer", title="W", minimum=0, maximum=4),
    )
}
VALUES: dict[str, list[Any]] = {
    "task": ["a", "b", "c"],
    "flag": [True, False],
    "list": [[], ["x"], ["y"], ["x", "y"]],
    "weeks": [0, 0.5, 1, 2, 2.5, 3, 3.5, 4],
}
leaf = st.one_of(
    st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(
        lambda words: OneOf("task", tuple(words), ("a", "b", "c"))
    ),
    st.booleans().map(lambda value: OneOf("flag", (value,), (True, False))),
    st.lists(st.sampled_from("xy"), min_size=1, unique=True).map(
        lambda words: OneOf("list", tuple(words))
    ),
    st.sampled_from([1.0, 3.0]).map(lambda bound: Within("weeks", above=bound)),
    st.sampled_from([1.0, 3.0]).map(lambda bound: Within("weeks", below=bound)),
    st.sampled_from([(1.0, 3.0), (1.0, 1.0), (0.0, 4.0)]).map(
        lambda pair: Within("weeks", pair[0], pair[1], inclusive=True)
    ),
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, unique=True).map(
        lambda numbers: OneOf("weeks", tuple(numbers))
    ),
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
CASES = [dict(zip(VALUES, case, strict=True)) for case in itertools.product(*VALUES.values())]


def holds_in(condition: Condition) -> set[int]:
    return {i for i, case in enumerate(CASES) if truth_of(condition, case) == "true"}


@settings(max_examples=250, deadline=None)
@given(conditions, conditions)
def test_boxes_agree_with_trying_every_value(one: Condition, other: Condition) -> None:
    first, second = holds_in(one), holds_in(other)
    assert never_true(one, FACTS) == (not first)
    assert always_true(one, FACTS) == (len(first) == len(CASES))
    together = can_meet(boxes(one, FACTS) or [], boxes(other, FACTS) or [])
    assert together == bool(first & second)


def test_a_condition_that_is_too_large_is_left_in_peace() -> None:
    pair = AnyOf((OneOf("task", ("a",), ("a", "b", "c")), OneOf("list", ("x",))))
    numbers = [AnyOf((Within(f"n{i}", above=1.0), Within(f"m{i}", above=1.0))) for i in range(20)]
    facts = {
        name: Fact(id=name, kind="number", origin="answer", title=name)
        for i in range(20)
        for name in (f"n{i}", f"m{i}")
    }
    large = AllOf((pair, *numbers))
    assert boxes(large, {**FACTS, **facts}) is None
    assert not never_true(large, {**FACTS, **facts})


def test_the_shipped_rules_have_no_errors_and_pass_their_tests() -> None:
    base = load_rule_base()
    errors = [f for f in check(base, today=base.version) if f.severity == "error"]
    assert errors == []
    assert [r for r in run_tests(base) if not r.passed] == []
