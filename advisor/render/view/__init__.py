"""From a record to the words of its report: the only place that words things.

Every format renders what `view_of` returns and adds nothing to it.
"""

from __future__ import annotations

from advisor.record import Record
from advisor.render.document import Report, Section, clean
from advisor.render.view.closing import (
    confirm_section,
    contradictions_section,
    revisit_section,
    risks_section,
    vetoes_section,
)
from advisor.render.view.drivers import context_section, drivers_section, options_section
from advisor.render.view.measured import measured_section
from advisor.render.view.method import (
    commands_of,
    environment_section,
    method_section,
    replay_section,
    rules_section,
)
from advisor.render.view.provenance import Origins
from advisor.render.view.verdict import (
    STATUS,
    change_section,
    chosen_of,
    confidence_of,
    lead_of,
    side_of,
    verdict_of,
)

__all__ = ["view_of"]


def view_of(record: Record) -> Report:
    """The report of *record*, in the order in which a reviewer asks."""
    origins = Origins(record)
    decision = record.decision
    return Report(
        project=clean(decision.project or "Unnamed project", limit=200),
        status=STATUS[decision.status],
        side=side_of(decision.recommended.framework),
        verdict=verdict_of(origins),
        chosen=chosen_of(origins),
        confidence=confidence_of(origins),
        lead=lead_of(origins),
        facts=_facts(origins),
        sections=_sections(origins),
        replay=commands_of(origins),
        date=clean(decision.created[:10] or decision.replay.today, limit=10),
    )


def _sections(origins: Origins) -> tuple[Section, ...]:
    return (
        change_section(origins),
        context_section(origins),
        drivers_section(origins),
        options_section(origins),
        measured_section(origins),
        contradictions_section(origins),
        vetoes_section(origins),
        risks_section(origins),
        confirm_section(origins),
        revisit_section(origins),
        method_section(origins),
        rules_section(origins),
        environment_section(origins),
        replay_section(origins),
    )


def _facts(origins: Origins) -> tuple[tuple[str, str], ...]:
    decision = origins.decision
    tool = f"{decision.tool.name} {decision.tool.version}".strip()
    rules = decision.tool.rules or origins.inputs.base.version
    made = (
        ("Status", STATUS[decision.status]),
        ("Decided", decision.created[:10] or decision.replay.today),
        ("Rules of", rules),
        ("Written by", tool),
    )
    return tuple((label, clean(text, limit=200)) for label, text in made if text)
