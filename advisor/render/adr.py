"""A report as an architecture decision record in the form of MADR 4.

Knows MADR's headings. It words nothing else: all text comes from the view.
"""

from __future__ import annotations

from advisor.record import Record
from advisor.render.document import Report, Section, Statement, points_of, tables
from advisor.render.markdown import environment, tidy
from advisor.render.view import view_of


def render_adr(record: Record) -> str:
    """The decision record of *record*, status ``proposed``: a team accepts it, not a tool."""
    report = view_of(record)
    text = (
        environment(frozenset())
        .get_template("adr.md")
        .render(
            report=report,
            drivers=_drivers(report),
            options=[(s.title, points_of(s)) for s in _options(report)],
            consequences=_consequences(report),
            risks=points_of(report.section("risks")),
            context=tables(report.section("context")).get("answers"),
        )
    )
    return tidy(text)


def _drivers(report: Report) -> list[str]:
    """Each criterion with its weight."""
    table = tables(report.section("drivers")).get("criteria")
    if table is None:
        return []
    weight = table.head[1].lower()
    return [f"{row.cells[0].text}, {weight} {row.cells[1].text}" for row in table.rows]


def _options(report: Report) -> list[Section]:
    inner = (b for b in report.section("options").blocks if isinstance(b, Section))
    return [section for section in inner if section.id.startswith("option-")]


def _consequences(report: Report) -> list[Statement]:
    """What is good and bad about what was chosen; nothing where nothing was."""
    for section in _options(report):
        if section.id == f"option-{report.side}":
            return [p for p in points_of(section) if p.tone in ("good", "bad")]
    return []
