"""What would change a decision reads as a person would say it, from a phrase per fact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from advisor.decide.waiting import single_changes
from advisor.decision import Flip
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.phrases import supposition
from advisor.render.document import tables
from advisor.render.flip_words import condition_of, flip_sentence, joined, outcome_of, today_of
from advisor.render.terminal import render_terminal
from advisor.render.view import view_of
from advisor.render.wording import say
from tests.render.records import parts, record

GOLDEN = Path(__file__).parent / "golden" / "conditions.txt"
NAMES = ("Python", "TensorFlow")


@pytest.fixture(scope="module")
def base() -> RuleBase:
    return load_rule_base()


def flip(change: dict[str, Any], now: dict[str, Any] | None = None) -> Flip:
    return Flip(change=change, now=now or {}, then="jax", then_status="recommend")


def condition(base: RuleBase, change: dict[str, Any], now: dict[str, Any] | None = None) -> str:
    return condition_of(flip(change, now), parts("recommend"), base)


READ = [
    ({"must_use": ["diffrax"]}, {"must_use": []}, "you had to use diffrax"),
    ({"must_use": ["a"]}, {"must_use": ["a", "vllm"]}, "you could do without vllm"),
    ({"must_use": ["b"]}, {"must_use": ["a"]}, "you had to use b and you could do without a"),
    ({"exclude": []}, {"exclude": ["jax"]}, "no policy ruled JAX out"),
    ({"hardware.train": "apple"}, {"hardware.train": "nvidia"},
     "the training hardware were Apple silicon"),
    ({"team.jax": "deep"}, {"team.jax": "none"}, "the team knew JAX deeply"),
    ({"float64": True}, {}, "you needed 64-bit floats"),
    ({"deadline_weeks": 7.0}, {}, "a first version were due in 7 weeks"),
    ({"restarts_per_day": 50.0}, {}, "the program were started 50 times a day"),
    ({"priorities": ["risk", "team"]}, {}, "long-term risk came first"),
    ({"priorities": ["risk=team", "performance"]}, {},
     "long-term risk and the people tied for first"),
    ({"weight.risk": 0.3}, {"weight.risk": 0.14},
     "long-term risk counted 30 % instead of 14 %"),
    ({"measured.jax_speedup": 2.1}, {"measured.jax_speedup": 1.3},
     "JAX were 2.1 times as fast for this task (measured 1.30)"),
    ({"measured.jax_speedup": 2.1}, {},
     "JAX were 2.1 times as fast for this task (not measured)"),
    ({"measured.jax_speedup": 0.65}, {"measured.jax_speedup": 0.5},
     "PyTorch were only 1.54 times as fast for this task (measured 2.00)"),
    ({"measured.jax_speedup": 2.0}, {"measured.jax_speedup": 0.8},
     "JAX were 2 times as fast for this task (measured: PyTorch 1.25 times as fast)"),
    ({"today": "2027-06-02"}, {"today": "2026-11-24"}, "no rule were reviewed until 2027-06-02"),
    ({"lift": ["veto.platform.windows"]}, {}, "“No wheels” no longer held"),
    ({"team.jax": "deep", "float64": True}, {},
     "you needed 64-bit floats and the team knew JAX deeply"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "now", "text"), READ)
def test_a_condition_reads_as_a_person_would_say_it(
    change: dict[str, Any], now: dict[str, Any], text: str, base: RuleBase
) -> None:
    assert condition(base, change, now) == text


def test_a_fact_without_a_phrase_is_quoted(base: RuleBase) -> None:
    assert condition(base, {"installed.torch": "2.0"}) == "“installed.torch” were “2.0”"


def test_a_flip_is_one_sentence() -> None:
    assert flip_sentence("you had to use diffrax", outcome_of("jax", "recommend")) == (
        "If you had to use diffrax, JAX would be recommended"
    )
    assert outcome_of("no_clear_winner", "no_clear_winner") == "there would be no clear winner"
    assert outcome_of("jax", "lean") == "it would lean towards JAX"


def all_conditions(base: RuleBase) -> list[str]:
    """Every condition that the search for flips can come to, from answers that say nothing."""
    held: dict[str, Any] = {
        "must_use": ["vllm"],
        "exclude": ["jax"],
        "transforms": ["higher_order_grad", "per_sample_grad", "vectorized_simulation"],
    }
    return sorted(
        {
            condition(base, {c.fact: c.value}, {c.fact: now[c.fact]} if c.fact in now else {})
            for now in ({}, held)
            for c in single_changes(base, now)
        }
    )


def test_every_answer_that_could_be_another_has_a_phrase(base: RuleBase) -> None:
    for fact in base.facts.values():
        if fact.origin != "answer":
            continue
        words: list[Any] = [True, False] if fact.kind == "flag" else list(fact.values) or ["x"]
        kinds = ("added", "removed") if fact.kind in ("names", "choices") else ("supposed",)
        lacking = [
            (fact.id, kind, word)
            for kind in kinds
            for word in words
            if supposition(fact, word, kind=kind) is None
        ]
        assert lacking == []


def test_every_value_reads_well(base: RuleBase) -> None:
    conditions = all_conditions(base)
    assert len(conditions) > 90
    for text in conditions:
        assert re.match(r"[a-z]", text) or text.startswith(NAMES), text
        assert not text.endswith((".", "…")), text
        assert not re.search(r"[{}_“]|  ", text), text
        assert len(text) < 90, text


def test_all_conditions_read_as_agreed(base: RuleBase) -> None:
    """To change them on purpose: write them to the file in golden/ and read it."""
    lines = [say("decision.flip.sentence", condition=c, outcome="…") for c in all_conditions(base)]
    assert "\n".join(lines) + "\n" == GOLDEN.read_text("utf-8")


def test_what_stands_today_is_told_beside_it(base: RuleBase) -> None:
    for change, now, text in (
        ({"team.jax": "deep"}, {"team.jax": "none"}, "None"),
        ({"team.jax": "deep"}, {}, "not answered"),
        (
            {"measured.jax_speedup": 2.0},
            {"measured.jax_speedup": 0.8},
            "PyTorch 1.25 times as fast",
        ),
        ({"measured.jax_speedup": 2.0}, {}, "not measured"),
        ({"weight.risk": 0.3}, {"weight.risk": 0.143}, "counts 14 %"),
    ):
        assert today_of(flip(change, now), base) == text


def test_values_of_one_answer_with_one_outcome_are_one_line(base: RuleBase) -> None:
    same = [flip({"hardware.train": w}) for w in ("apple", "amd")]
    other = flip({"team.jax": "deep"})
    elsewhere = Flip(change={"hardware.train": "tpu"}, then="pytorch", then_status="lean")
    speeds = [flip({"measured.jax_speedup": r}) for r in (2.0, 3.0)]
    groups = list(joined([same[0], other, same[1], elsewhere, *speeds]))
    assert groups == [tuple(same), (other,), (elsewhere,), (speeds[0],), (speeds[1],)]


def test_what_would_be_another_project_comes_last_and_folded() -> None:
    report = view_of(record())
    by_id = tables(report.section("change"))
    assert by_id["flips"].texts("if")[0] == "the team knew JAX deeply"
    assert by_id["other-flips"].texts("if") == ["this were work on graphs", "you had to use brax"]
    folds = [b for b in report.section("change").blocks if b.kind == "fold"]
    assert folds[0].summary == "Another project would decide differently: 2 changes"
    terminal = render_terminal(record(), width=80, colour=False)
    assert "If the team knew JAX deeply, it would lean towards JAX." in terminal
    assert "graphs" not in terminal
