"""The head of a report: what speaks for the choice, each reason once."""

from __future__ import annotations

from dataclasses import replace

from advisor.record import Record
from advisor.render.view import view_of
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
