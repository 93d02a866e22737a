"""How this team confirms the choice before its deadline, and when to look at it again."""

from __future__ import annotations

from advisor.decision import Revisit
from advisor.pair import rival_of
from advisor.render.decision_words import event_text
from advisor.render.document import Aside, CodeLines, Points, ReportSection, Statement
from advisor.render.value_words import value_text
from advisor.render.view.provenance import Provenances
from advisor.render.wording import count_of, inline, listed, name_of, say, sentence

AGAIN = (
    "fw-advisor probe -o later.json",
    "fw-advisor compare evidence.json later.json",
    "fw-advisor check decision.json --evidence later.json",
)
"""The commands that confirm a choice."""


def confirm_section(origins: Provenances) -> ReportSection:
    """A plan of this team: its task, its packages, its deadline; empty where it has none."""
    title = say("report.section.confirm")
    values = origins.inputs.answers.values
    chosen, deadline = origins.decision.recommended.framework, values.get("deadline_weeks")
    task = values.get("task")
    if chosen is None or not isinstance(deadline, (int, float)) or not isinstance(task, str):
        return ReportSection("confirm", title, ())
    weeks = max(2, min(6, round(deadline / 3)))
    named = value_text(origins.base, "task", task)
    said = {"framework": name_of(chosen), "other": name_of(rival_of(chosen))}
    lines = [say("report.confirm.own_step", task=inline(named))]
    packages = values.get("must_use")
    if isinstance(packages, list) and packages:
        text = listed([str(name) for name in packages[:4]])
        lines.append(say("report.confirm.package", week=min(2, weeks), packages=text, **said))
    lines.append(say("report.confirm.slice", week=max(weeks - 1, 1), **said))
    lines.append(say("report.confirm.again", week=weeks))
    tags = (origins.advice, origins.answer("task"), origins.answer("deadline_weeks"))
    plan = say(
        "report.confirm.plan",
        task=named,
        weeks=count_of(weeks, "week"),
        deadline=count_of(round(deadline), "week"),
    )
    points = [Statement(sentence(text), tags[:1]) for text in lines]
    head = Statement(sentence(plan), tags, lead=say("report.lead.plan"))
    return ReportSection("confirm", title, (Points((head, *points)), CodeLines(AGAIN)))


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
        return ReportSection("revisit", say("report.section.revisit"), ())
    how = Aside(say("report.revisit.how"))
    return ReportSection("revisit", say("report.section.revisit"), (Points(points), how))


def _merged(origins: Provenances) -> list[Revisit]:
    """The revisit entries, those with the same words once."""
    merged: dict[tuple[str, str | None], Revisit] = {}
    for entry in origins.decision.revisit:
        merged.setdefault((entry.when, entry.date), entry)
    return list(merged.values())
