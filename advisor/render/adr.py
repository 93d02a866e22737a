"""A report as an architecture decision record in the form of MADR 4.

Knows which parts of a report MADR's headings want. It words nothing else: all text comes from the
view and the wording.
"""

from __future__ import annotations

from advisor.pair import rival_of
from advisor.record import Record
from advisor.render.document import Report, ReportBlock, Statement, points_of, tables
from advisor.render.flip_words import flip_sentence
from advisor.render.markdown import environment, tidy
from advisor.render.view import view_of
from advisor.render.wording import name_of, say, sentence


def render_adr(record: Record) -> str:
    """The decision record of *record*, status ``proposed``: a team accepts it, not a tool."""
    report = view_of(record)
    text = (
        environment(frozenset())
        .get_template("adr.md")
        .render(
            report=report,
            lead=_untold(report),
            drivers=_drivers(report),
            options=[(section.title, points_of(section)) for section in report.options],
            consequences=_consequences(report),
            risks=_points(report, "risks"),
            confirmation=_confirmation(report),
            context=tables(report.section("context")).get("answers"),
            flips=flip_sentences(report),
        )
    )
    return tidy(text)


def _untold(report: Report) -> list[Statement]:
    """The head without the reasons that the choice has just given."""
    if not report.side:
        return list(report.lead)
    chosen, other = name_of(report.side), name_of(rival_of(report.side))
    told = {
        say("report.lead.reason", framework=chosen),
        say("report.lead.veto", framework=other),
    }
    return [item for item in report.lead if item.lead not in told]


def _points(report: Report, name: str) -> list[Statement]:
    section = report.get(name)
    return points_of(section) if section else []


def _confirmation(report: Report) -> tuple[ReportBlock, ...]:
    """The team's plan, or what to do next where it named no deadline."""
    plan = report.get("confirm")
    if plan is not None:
        return plan.blocks
    return next((s.blocks for s in report.brief if s.id == "first-next"), ())


def _drivers(report: Report) -> list[str]:
    """Each criterion with its weight."""
    table = tables(report.section("drivers")).get("criteria")
    return [
        say(
            "report.adr.driver",
            criterion=row.cells["criterion"].text,
            weight=row.cells["weight"].text,
        )
        for row in (table.rows if table else ())
    ]


def _consequences(report: Report) -> list[Statement]:
    """What is good and bad about what was chosen; nothing where nothing was."""
    chosen = [section for section in report.options if section.id == f"option-{report.side}"]
    return [p for section in chosen for p in points_of(section) if p.tone in ("good", "bad")]


def flip_sentences(report: Report, *, other_projects: bool = True) -> list[str]:
    """What would change the decision, one sentence each, the nearest first."""
    by_id = tables(report.section("change"))
    names = ("flips", "other-flips") if other_projects else ("flips",)
    return [
        sentence(flip_sentence(row.cells["if"].text, row.cells["then"].text))
        for name in names
        if name in by_id
        for row in by_id[name].rows
    ]
