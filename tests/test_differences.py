"""Two decisions beside each other: every part that differs is decided again alone."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

from advisor import differences as module
from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.differences import RulesChange, differences
from advisor.evidence import Evidence
from advisor.inputs import Inputs
from advisor.knowledge.loader import load_rule_base
from advisor.prices import Price
from advisor.reading.movement import movement
from advisor.record import Record, freeze, thaw
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


def outcome_of(decision: Decision) -> tuple[str, str | None]:
    return decision.status, decision.recommended.framework


def thawed(record: Record) -> Record:
    """*record* as a file gives it back."""
    return thaw(json.loads(json.dumps(freeze(record))), "decision.json")


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


def test_a_package_that_settles_it_is_decided_again_with_what_it_means() -> None:
    """A record knows the packages that were named in it; the other's name meant nothing in it."""
    known = {"task": "image", "team__pytorch": "deep", "team__jax": "none"}
    records = [thawed(made(**known, must_use=names)) for names in ([], ["unsloth"], ["flax"])]
    for first, second in itertools.permutations(records, 2):
        found = differences(first, second)
        [part] = found.parts
        assert (part.key, part.then) == ("must_use", found.after)
        assert found.rules == RulesChange((), (), ())
        assert not found.together


def test_measurements_of_other_machines_and_prices_are_parts_too() -> None:
    first = made(task="image")
    priced = replace(first.inputs, library=(evidence(),), prices={"": Price(2.0)})
    found = differences(first, replace(first, inputs=priced))
    assert [part.part for part in found.parts] == ["library", "prices"]


def test_where_no_part_alone_moves_it_what_does_together_is_named() -> None:
    known = {"task": "image", "team__pytorch": "some", "team__jax": "some", "stage": "product"}
    first = made(**known, must_use=[], exclude=[])
    second = made(**{**known, "stage": "research"}, exclude=["pytorch"], must_use=["unsloth"])
    found = differences(first, second)
    assert found.after[0] == "no_feasible_option"
    assert not any(part.then == found.after for part in found.parts)
    assert {part.key for part in found.parts} == {"exclude", "must_use", "stage"}
    assert {part.key for part in found.parts if part.needed} == {"exclude", "must_use"}
    text = " ".join(as_lines(difference_page(found, BASE)))
    assert text.count("needed") >= 2


def test_what_is_needed_beside_others_may_not_be_without_them(monkeypatch) -> None:
    outcomes = {"abcd", "bcd", "acd", "cd"}
    monkeypatch.setattr(
        module, "_outcome_with", lambda _, swaps: ("".join(swaps) in outcomes, None)
    )
    assert module._together(None, ["a", "b", "c", "d"], (True, None)) == ["c", "d"]
    # First neither a nor b can go; once d has gone, b can.
    outcomes |= {"abc", "ac"}
    outcomes -= {"bcd", "acd", "cd"}
    assert module._together(None, ["a", "b", "c", "d"], (True, None)) == ["a", "c"]


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
