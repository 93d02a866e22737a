"""The interviews of people who had the README alone, and what each of them had to find.

The walk, the rules and the decision are the real ones; only the terminal is played, and what would
have been measured is given.
"""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from advisor.answers import Answers
from advisor.cli.consent import ALL_THE_SAME, EXPORT, NO
from advisor.interview.asking import Menu
from advisor.interview.defaults import detected_from, fill_defaults
from advisor.knowledge.conditions import leaves
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import RuleBase
from advisor.knowledge.personas import evidence_of, load_personas
from advisor.render.html import render_html
from advisor.render.view import view_of
from tests.interview.player import Interview, interviewed, reported

HERE = detected_from(
    {"detected.hardware": "cpu", "detected.os": "linux", "detected.python": "3.11",
     "project": "pond"}
)  # fmt: skip
MOST_SCREENS = 10
LEAD = {
    "task": "llm_finetuning", "stage": "product", "hardware.train": "nvidia", "model": "decoder",
    "pretrained": "huggingface", "team.pytorch": "deep", "team.jax": "none",
    "deployment": "python_server", "codebase": "pytorch", "must_use": [],
    "deadline_weeks": 6.0, "priorities": ["ecosystem"],
}  # fmt: skip
PHYSICIST = {
    "task": "scientific_computing", "stage": "research", "hardware.train": "cpu",
    "team.pytorch": "none", "team.jax": "deep", "codebase": "numpy", "float64": True,
    "transforms": ["higher_order_grad"], "deployment": "none", "must_use": [],
}  # fmt: skip
HALF = {"task": "image", "team.pytorch": "some", "hardware.train": "cpu"}


def said(interview: Interview) -> str:
    return " ".join(interview.asker.said)


def test_a_lead_with_an_nvidia_gpu_elsewhere_measures_nothing_here_and_is_offered_a_file(
    base: RuleBase,
) -> None:
    lead = interviewed(base, LEAD, HERE)
    [asked] = [s for s in lead.asker.shown if "Not here" in s.frame.text]
    assert isinstance(asked, Menu)
    assert asked.options == (EXPORT, NO, ALL_THE_SAME)
    # Said as soon as the hardware is, and not after the last question.
    before = lead.asker.shown[lead.asker.shown.index(asked) - 1]
    assert before.frame.text == "What will you train on?"
    assert len(lead.exported) == 1
    assert lead.consent.given is False
    # What a product makes decisive is asked, what nobody needs here is not.
    assert {"stage", "deadline_weeks"} <= set(lead.asked)
    assert "float64" not in lead.asked
    record = reported(base, lead.answers)
    assert record.decision.status == "recommend"
    assert record.decision.recommended.framework == "pytorch"
    reasons = " ".join(r.rule or "" for r in record.decision.reasons[:5])
    assert "finetuning" in reasons or "peft" in reasons


def test_who_cannot_do_without_a_package_is_not_asked_what_cannot_matter(base: RuleBase) -> None:
    """It runs on PyTorch alone: what is left to ask is what to install and to measure."""
    lead = interviewed(base, {**LEAD, "must_use": ["peft"]}, HERE)
    assert not {"stage", "deadline_weeks", "team.pytorch", "codebase"} & set(lead.asked)
    decision = reported(base, lead.answers).decision
    assert (decision.status, decision.recommended.framework) == ("forced", "pytorch")


def test_a_physicist_is_asked_about_64_bit_floats_and_the_measurement_speaks(
    base: RuleBase,
) -> None:
    physicist = interviewed(base, PHYSICIST, HERE)
    assert "float64" in physicist.asked
    assert physicist.answers.sources["float64"] == "typed"
    [asked] = [s for s in physicist.asker.shown if s.frame.position == "Measure"]
    assert "on the CPU, about 2 min" in asked.frame.why
    assert physicist.consent.given is True
    persona = next(p for p in load_personas(base) if p.id == "given-03-differentiable-physics")
    measured = evidence_of(persona, base)
    assert measured is not None
    record = reported(base, physicist.answers, [measured])
    assert record.decision.recommended.framework == "jax"
    assert any(r.probe for r in record.decision.reasons), "no reason is a measurement"


def test_enter_all_the_way_makes_nothing_up(base: RuleBase) -> None:
    nobody = interviewed(base, None, HERE)
    assert "typed" not in nobody.answers.sources.values()
    assert set(nobody.answers.unknown) >= {"task", "team.pytorch", "team.jax"}
    assert "spared" not in said(nobody)
    record = reported(base, nobody.answers)
    assert record.decision.status == "insufficient_evidence"
    assert record.decision.recommended.framework is None
    assert not record.decision.reasons or all(
        p.kind != "answer" for r in record.decision.reasons for p in (r.source,) if p
    )


def test_whoever_knows_half_is_told_how_much_is_open(base: RuleBase) -> None:
    half = interviewed(base, HALF, HERE)
    assert len(half.answers.unknown) >= 4
    assert "spared" not in said(half)
    assert f"{len(half.answers.unknown)} answers not known" in said(half) or (
        "left out" in said(half)
    )
    record = reported(base, half.answers)
    report = view_of(record)
    assert report.verdict.text
    assert report.section("change").blocks
    assert render_html(record)


def test_what_is_assumed_scores_nothing(base: RuleBase) -> None:
    """A default closes what nobody need be asked: it makes no claim true and rules nothing out."""
    assumed = fill_defaults(base, Answers(), {})
    assert set(assumed.sources.values()) == {"default"}
    scoring = [
        (rule.id, leaf.fact)
        for rule in base.rules
        if rule.kind != "note"
        for leaf in leaves(rule.when)
        if leaf.fact in assumed.values and truth_of(leaf, assumed.values) == "true"
    ]
    assert scoring == []


@pytest.mark.parametrize("start", range(2))
def test_half_of_all_interviews_take_at_most_ten_screens(base: RuleBase, start: int) -> None:
    personas = load_personas(base)[start::8]
    screens: dict[str, int] = {}
    for persona in personas:
        known: dict[str, Any] = {"project": "", **persona.answers}
        screens[persona.id] = interviewed(base, known, HERE).screens
    assert len(screens) >= 8
    assert statistics.median(screens.values()) <= MOST_SCREENS, screens
