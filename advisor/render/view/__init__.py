"""From a record to its report: the one view model that every format renders, adding nothing."""

from __future__ import annotations

from advisor.record import Record
from advisor.render.document import Report, ReportSection, clean
from advisor.render.view.accuracy import accuracy_section
from advisor.render.view.change import change_section
from advisor.render.view.claims import claims_section
from advisor.render.view.context import context_section
from advisor.render.view.contradictions import contradictions_section
from advisor.render.view.drivers import drivers_section
from advisor.render.view.first_page import brief_sections
from advisor.render.view.follow_up import confirm_section, revisit_section
from advisor.render.view.head import (
    chosen_of,
    confidence_of,
    lead_of,
    side_of,
    status_text,
    verdict_of,
)
from advisor.render.view.kinds import kinds_section
from advisor.render.view.machines import environment_section
from advisor.render.view.measured import measured_section
from advisor.render.view.method import commands_of, method_section, replay_section
from advisor.render.view.moving import moving_section
from advisor.render.view.options import option_sections, options_section
from advisor.render.view.prices import prices_section
from advisor.render.view.provenance import Provenances
from advisor.render.view.risks import risks_section
from advisor.render.view.rules import rules_section
from advisor.render.view.scaling import scaling_section
from advisor.render.view.trust import trust_section
from advisor.render.view.vetoes import vetoes_section
from advisor.render.wording import say

__all__ = ["view_of"]


def view_of(record: Record) -> Report:
    """The report of *record*, in the order in which a reviewer asks.

    Args:
        record: A decision in words (`advisor.render.decision_words`) with what it was made from.
    """
    origins = Provenances(record)
    decision = record.decision
    options = option_sections(origins)
    return Report(
        project=clean(decision.project or say("report.unnamed"), limit=200),
        status=status_text(decision.status),
        side=side_of(decision.recommended.framework),
        verdict=verdict_of(origins),
        chosen=chosen_of(origins),
        confidence=confidence_of(origins),
        lead=lead_of(origins),
        facts=_facts(origins),
        brief=brief_sections(origins),
        sections=tuple(s for s in _sections(origins, options) if s.blocks),
        options=options,
        replay=commands_of(origins),
        date=clean(decision.created[:10] or decision.replay.today, limit=10),
    )


def _sections(
    origins: Provenances, options: tuple[ReportSection, ...]
) -> tuple[ReportSection, ...]:
    return (
        change_section(origins),
        context_section(origins),
        drivers_section(origins),
        options_section(origins, options),
        measured_section(origins),
        trust_section(origins),
        kinds_section(origins),
        prices_section(origins),
        scaling_section(origins),
        accuracy_section(origins),
        contradictions_section(origins),
        claims_section(origins),
        vetoes_section(origins),
        moving_section(origins),
        risks_section(origins),
        confirm_section(origins),
        revisit_section(origins),
        method_section(origins),
        rules_section(origins),
        environment_section(origins),
        replay_section(origins),
    )


def _facts(origins: Provenances) -> tuple[tuple[str, str], ...]:
    decision = origins.decision
    tool = f"{decision.tool.name} {decision.tool.version}".strip()
    made = (
        ("status", status_text(decision.status)),
        ("decided", decision.created[:10] or decision.replay.today),
        ("rules", decision.tool.rules or origins.base.version),
        ("written_by", tool),
    )
    return tuple((say(f"report.facts.{key}"), clean(text, limit=200)) for key, text in made if text)
