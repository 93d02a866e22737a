"""The head of a report: what speaks for the choice, each reason once."""

from __future__ import annotations

from dataclasses import replace

from advisor.answers import Answers
from advisor.decision import Provenance
from advisor.knowledge.loader import load_rule_base
from advisor.record import Record
from advisor.render.view import view_of
from advisor.render.view.provenance import Provenances
from tests.render.records import record


def with_reasons(made: Record, count: int) -> Record:
    """*made* with its first reason for so many criteria, before the others."""
    first, *others = made.decision.reasons
    again = [
        first.model_copy(update={"criterion": c}) for c in ("ecosystem", "team", "platform")[:count]
    ]
    reasons = [*again, *others]
    return replace(made, decision=made.decision.model_copy(update={"reasons": reasons}))


def test_a_reason_that_speaks_to_several_criteria_is_told_once_at_the_top() -> None:
    report = view_of(with_reasons(record(), 3))
    assert [p.lead for p in report.lead].count("For PyTorch") == 1
    assert report.chosen.text.count("Reason of claim.ecosystem.models") == 1


def test_without_a_choice_both_sides_have_their_reasons() -> None:
    report = view_of(record("no_clear_winner"))
    leads = [p.lead for p in report.lead]
    assert leads.index("Tie-break") < leads.index("For PyTorch") < leads.index("For JAX")
    assert report.chosen.text.startswith("None yet, because no clear winner")


def test_the_mode_leads_to_where_it_was_measured() -> None:
    [mode] = [p for p in view_of(record()).lead if p.lead == "Run it as"]
    assert [tag.text for tag in mode.tags] == ["measured here: mlp_train"]


def test_the_head_counts_what_was_given_and_what_was_detected_and_nothing_assumed() -> None:
    made = record()
    answers = Answers("pond")
    for key, value, source in (
        ("task", "image", "typed"),
        ("stage", "product", "flag"),
        ("hardware.os", "linux", "detected"),
        ("needs", [], "default"),
    ):
        answers = answers.with_value(key, value, source)  # type: ignore[arg-type]
    counted = replace(made, inputs=replace(made.inputs, answers=answers))
    tag = view_of(counted).verdict.tags[0].text
    assert tag.startswith("decided from 2 answers, 1 fact detected here, ")


def test_only_what_was_found_here_is_said_to_be_detected() -> None:
    made = record()
    origins = Provenances(replace(made, inputs=replace(made.inputs, base=load_rule_base())))
    assert {o.origin for o in origins.base.facts.values()} >= {"answer", "derived", "detected"}
    for fact in origins.base.facts.values():
        text = origins.of(Provenance(kind="detected", ref=fact.id)).text
        if fact.id in origins.inputs.answers.values:
            continue
        assert text.startswith("detected here") == (fact.origin in ("detected", "measured"))
