"""How to confirm the choice within six weeks, and when to look at it again."""

from __future__ import annotations

from advisor.decision import Revisit
from advisor.pair import rival_of
from advisor.render.decision_words import event_text
from advisor.render.document import Aside, CodeLines, Points, ReportSection, Statement, Tag
from advisor.render.view.provenance import Provenances
from advisor.render.wording import name_of, say, sentence

AGAIN = (
    "fw-advisor probe -o later.json",
    "fw-advisor compare evidence.json later.json",
    "fw-advisor check decision.json --evidence later.json",
)
"""The commands that confirm a choice."""


def confirm_section(origins: Provenances) -> ReportSection:
    """Measure the real step; settle what is worth most; build one slice; measure again."""
    decision = origins.decision
    points = [_advice(origins, say("report.lead.first"), say("report.confirm.own_step"))]
    valued = [u for u in decision.unknowns if u.value_of_information > 0]
    if valued:
        text = sentence(say("report.confirm.settle", unknown=valued[0].text))
        link = Tag("computed", say("report.tag.not_known"), "#unknowns")
        points.append(Statement(text, (link,), lead=say("report.lead.next")))
    chosen = decision.recommended.framework
    if chosen:
        text = say(
            "report.confirm.slice", framework=name_of(chosen), other=name_of(rival_of(chosen))
        )
        points.append(_advice(origins, say("report.lead.then"), text))
    points.append(_advice(origins, say("report.lead.last"), say("report.confirm.again")))
    title = say("report.section.confirm")
    return ReportSection("confirm", title, (Points(tuple(points)), CodeLines(AGAIN)))


def _advice(origins: Provenances, lead: str, text: str) -> Statement:
    return Statement(sentence(text), (origins.advice,), lead=lead)


def revisit_section(origins: Provenances) -> ReportSection:
    """Dates and events that should reopen the decision."""
    points = tuple(
        Statement(
            sentence(event_text(entry, origins.base)),
            origins.rule(entry.rule) or (origins.method,),
            lead=entry.date or say("report.lead.event"),
        )
        for entry in _merged(origins)
    )
    if not points:
        points = (Statement(sentence(say("report.revisit.none")), (origins.overall,)),)
    how = Aside(say("report.revisit.how"))
    return ReportSection("revisit", say("report.section.revisit"), (Points(points), how))


def _merged(origins: Provenances) -> list[Revisit]:
    """The revisit entries, those with the same words once."""
    merged: dict[tuple[str, str | None], Revisit] = {}
    for entry in origins.decision.revisit:
        merged.setdefault((entry.when, entry.date), entry)
    return list(merged.values())
