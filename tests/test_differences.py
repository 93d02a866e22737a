"""Two decisions beside each other: every part that differs is decided again alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.differences import differences, outcome_of
from advisor.evidence import Evidence
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.reading.movement import movement
from advisor.record import Record
from advisor.render.beside import as_lines, as_markdown
from advisor.render.difference_text import difference_page
from advisor.render.movement_text import movement_page
from tests.render.records import evidence

BASE = load_rule_base()


def made(today: str = "2026-11-24", **values: Any) -> Record:
    said = Answers("pond")
    for key, value in values.items():
        said = said.with_value(key.replace("__", "."), value, "typed")
    inputs = Inputs(answers=said, evidence=(), base=BASE, today=today, samples=200)
    return Record(inputs=inputs, decision=decide(inputs))


def test_the_same_decision_differs_in_nothing() -> None:
    one = made(task="image", team__jax="none")
    found = differences(one, one)
    assert found.parts == ()
    assert "Nothing differs" in " ".join(as_lines(difference_page(found, BASE)))


def test_what_moves_the_outcome_is_decided_again_alone() -> None:
    first = made(task="image", team__pytorch="deep", team__jax="none", stage="product")
    second = made(task="image", team__pytorch="deep", team__jax="none", exclude=["pytorch"])
    found = differences(first, second)
    assert found.before == outcome_of(first.decision)
    assert found.after == outcome_of(second.decision) == ("forced", "jax")
    by_key = {part.key: part for part in found.parts}
    assert set(by_key) == {"exclude", "stage"}
    assert by_key["exclude"].moves
    assert by_key["exclude"].then == ("forced", "jax")
    alone = made(task="image", team__pytorch="deep", team__jax="none")
    assert by_key["stage"].then == outcome_of(alone.decision)
    lines = as_lines(difference_page(found, BASE))
    assert "JAX, only one option is left" in lines[0]
    assert "alone it gives: JAX" in lines[1]
    assert "- " in as_markdown(difference_page(found, BASE))


def test_rules_and_dates_are_parts_too() -> None:
    first = made(task="image")
    fewer = replace(BASE, rules=BASE.rules[1:])
    second = replace(first, inputs=replace(first.inputs, base=fewer, today="2026-11-25"))
    found = differences(first, second)
    assert [part.part for part in found.parts] == ["rules", "today"]
    assert found.rules.only_before == (BASE.rules[0].id,)


def refused(document: Evidence) -> Evidence:
    return replace(
        document,
        probes=[
            replace(p, comparisons=[replace(c, verdict="invalid") for c in p.comparisons])
            for p in document.probes
        ],
    )


def test_two_refused_documents_have_nothing_comparable() -> None:
    both = refused(evidence())
    assert not movement(both, both).comparable
    assert movement_page(movement(both, both)).head.startswith("nothing comparable")
    assert movement(evidence(), evidence()).comparable
