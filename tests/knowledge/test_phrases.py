"""Phrases of facts: read with their places checked, kept through a record, found by value."""

from __future__ import annotations

import pytest

from advisor.errors import UserError, UserErrorGroup
from advisor.knowledge.fields import Part, Problems
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import Fact
from advisor.knowledge.phrases import phrase_data, read_phrases, supposition
from advisor.knowledge.serialise import from_data, to_data
from advisor.knowledge.yamlio import Document

TASK = Fact(id="task", kind="choice", origin="answer", title="Task", values={"image": "Images"})
PACKAGES = Fact(id="must_use", kind="names", origin="answer", title="Packages")
FLAG = Fact(id="float64", kind="flag", origin="answer", title="Doubles")


def read(fact: Fact, **data: object) -> tuple[tuple[dict[str, str], ...], list[str]]:
    problems = Problems()
    phrases = read_phrases(Part.top(Document(data, "v.yaml"), problems), fact)
    return tuple(dict(p) for p in phrases), [e.message for e in problems.errors]


def test_a_phrase_serves_all_values_or_one() -> None:
    phrases, errors = read(TASK, **{"if": "the task were {value}", "if_values": {"image": "x"}})
    assert phrases == ({"*": "the task were {value}", "image": "x"}, {}, {})
    assert errors == []
    phrases, errors = read(PACKAGES, if_added="you had to use {value}", if_removed="without it")
    assert phrases == ({}, {"*": "you had to use {value}"}, {"*": "without it"})
    assert errors == []


@pytest.mark.parametrize(
    ("fact", "data", "message"),
    [
        (TASK, {"if": "the task were {title}"}, "braces that are no place"),
        (TASK, {"if": "the task were {value!r:>9999}"}, "braces that are no place"),
        (TASK, {"if": "the task were {value"}, "braces that are no place"),
        (TASK, {"if_values": {"imge": "x"}}, "'imge' is not a value of task"),
        (FLAG, {"if_values": {"yes": "x"}}, "'yes' is not a value of float64"),
        (TASK, {"if_added": "x"}, "a choice has no if_added"),
        (PACKAGES, {"if": "x"}, "a names has no if"),
        (PACKAGES, {"if_added": "use {other}"}, "braces that are no place"),
    ],
)
def test_a_phrase_that_cannot_be_filled_is_refused(
    fact: Fact, data: dict[str, object], message: str
) -> None:
    _, errors = read(fact, **data)
    assert len(errors) == 1
    assert message in errors[0]


def test_a_value_finds_its_phrase() -> None:
    fact = Fact(id="x", kind="flag", origin="answer", title="X", supposed={"true": "it were so"})
    assert supposition(fact, True) == "it were so"
    assert supposition(fact, False) is None
    assert supposition(None, "x") is None
    assert supposition(fact, "x", kind="added") is None


def test_phrases_are_kept_in_a_record_and_are_part_of_what_it_names() -> None:
    base = load_rule_base()
    again = from_data(to_data(base, rules=[]))
    assert {k: f.supposed for k, f in again.facts.items()} == {
        k: f.supposed for k, f in base.facts.items()
    }
    assert again.facts["must_use"].added == base.facts["must_use"].added
    assert phrase_data(TASK) == {}


def test_a_record_with_a_phrase_that_formats_is_refused() -> None:
    data = to_data(load_rule_base(), rules=[])
    next(f for f in data["facts"] if f["id"] == "python")["if"] = "{value.__class__}"
    with pytest.raises((UserError, UserErrorGroup), match="no place"):
        from_data(data)
