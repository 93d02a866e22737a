"""What to know either way, what weakens this report, and what switching later costs."""

from __future__ import annotations

from advisor.decision import Note, SwitchingPart
from advisor.render.document import Points, ReportBlock, ReportSection, Statement, Tag
from advisor.render.view.head import notice_statement
from advisor.render.view.provenance import Provenances, unique
from advisor.render.wording import name_of, say, sentence

_TOLD_WITH_THE_CHOICE = ("note.stack.", "note.mode.")


def risks_section(origins: Provenances) -> ReportSection:
    """Notes, notices and stale claims; then what leaving each framework costs."""
    decision = origins.decision
    notes = [n for n in decision.notes if not n.rule.startswith(_TOLD_WITH_THE_CHOICE)]
    notices = [n for n in decision.notices if n.severity == "info" and n.id != "veto-conditional"]
    points = (
        *(_note(origins, note) for note in notes),
        *(notice_statement(origins, notice) for notice in notices),
        *(_stale(origins, name) for name in decision.rules_stale if name in origins.rules),
    )
    switching = _switching(origins)
    blocks: list[ReportBlock] = [Points(points)] if points else []
    if switching:
        title = say("report.section.switching")
        blocks.append(ReportSection("switching", title, (Points(switching),)))
    return ReportSection("risks", say("report.section.risks"), tuple(blocks))


def _note(origins: Provenances, note: Note) -> Statement:
    tags = unique([*origins.rule(note.rule), *map(origins.of, note.because)])
    text = " ".join(part for part in (sentence(note.title), sentence(note.text)) if part)
    return Statement(text, tags or (origins.method,), lead=say("report.lead.know"))


def _stale(origins: Provenances, name: str) -> Statement:
    text = say("report.risks.stale", rule=name, title=origins.rules[name].title)
    lead = say("report.lead.stale")
    return Statement(sentence(text), origins.rule(name), lead=lead, tone="warning")


def _switching(origins: Provenances) -> tuple[Statement, ...]:
    version = origins.base.version or origins.inputs.today
    tag = Tag("rule", say("report.tag.planning", version=version), "#method")
    now = [
        Statement(
            sentence(_now_text(part)),
            (tag,),
            lead=say("report.lead.to", framework=name_of(part.to)),
        )
        for part in origins.decision.switching
        if part.steps
    ]
    leaving: dict[str, tuple[float, float]] = {
        part.to: part.leaving for part in origins.decision.switching
    }
    later = [
        Statement(
            " ".join(filter(None, (_later_text(leaving.get(key)), sentence(info.switching)))),
            (tag,),
            lead=say("report.lead.switching", framework=info.title),
        )
        for key, info in origins.base.frameworks.items()
        if info.switching
    ]
    return (*now, *later)


def _now_text(part: SwitchingPart) -> str:
    """What changing to a framework takes this team today, part by part."""
    steps = [
        say(f"report.switching.{step.what}", low=step.low_weeks, high=step.high_weeks)
        for step in part.steps
    ]
    return say("report.switching.now", low=part.low_weeks, high=part.high_weeks, steps=steps)


def _later_text(weeks: tuple[float, float] | None) -> str:
    """What being wrong costs: moving on to the other framework later."""
    if weeks is None:
        return ""
    return sentence(say("report.switching.later", low=weeks[0], high=weeks[1]))
