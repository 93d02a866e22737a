"""What would change the decision, the nearest first, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decision import Flip, Unknown
from advisor.reading.works import PREFIX
from advisor.render.document import (
    Aside,
    Fold,
    Points,
    ReportBlock,
    ReportFigure,
    ReportSection,
    ReportTable,
    Statement,
    TableCell,
    TableRow,
    Tag,
    row_of,
)
from advisor.render.flip_words import DATE, LIFT, SPEED, WEIGHT, joined, today_of
from advisor.render.tables import columns, table_of
from advisor.render.view.head import place_of, place_text, side_of
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.wording import count_of, say, sentence

_MOST_IN_CHART = 10
_OTHER_PROJECT = "other_project"
_SMALLEST_WORTH = 0.005


def change_section(origins: Provenances) -> ReportSection:
    """What would change the decision, and what is not known."""
    blocks: list[ReportBlock] = []
    flips = [f for f in origins.decision.flips if f.text]
    near = [f for f in flips if f.reach != _OTHER_PROJECT]
    if near:
        blocks += [
            Aside(say("report.change.how")),
            _flip_figure(origins, near),
            _flip_table(origins, near, "flips"),
        ]
    else:
        key = "report.change.only_other_projects" if flips else "report.change.nothing"
        blocks.append(Points((Statement(sentence(say(key)), (origins.method,)),)))
    other = [f for f in flips if f.reach == _OTHER_PROJECT]
    if other:
        summary = say("report.change.other_projects", count=count_of(len(other), "change"))
        blocks.append(Fold(summary, (_flip_table(origins, other, "other-flips"),)))
    return ReportSection(
        "change", say("report.section.change"), (*blocks, *_unknown_blocks(origins))
    )


def _flip_table(origins: Provenances, flips: Sequence[Flip], name: str) -> ReportTable:
    rows = [_flip_row(origins, group) for group in joined(flips)]
    return table_of(name, columns("if", "then", "now"), rows)


def _flip_row(origins: Provenances, flips: Sequence[Flip]) -> TableRow:
    first = flips[0]
    condition = first.condition
    for flip in flips[1:]:
        condition = say("decision.flip.either", first=condition, second=flip.condition)
    return TableRow(
        {
            "if": TableCell(condition),
            "then": TableCell(first.outcome, side=side_of(first.then)),
            "now": TableCell(today_of(first, origins.base), href=_now_tag(origins, first).href),
        }
    )


def _now_tag(origins: Provenances, flip: Flip) -> Tag:
    """Where the first of what a flip changes can be read today."""
    key = min(flip.change)
    if key in origins.inputs.answers.values:
        return origins.answer(key)
    if key == SPEED:
        return measured_at("measured")
    if key.startswith(WEIGHT):
        return Tag("computed", say("report.tag.weights"), "#drivers")
    if key == LIFT:
        return origins.rule(str(flip.change[key][0]))[0]
    if key != DATE and key in origins.base.facts:
        return Tag("computed", say("report.tag.not_answered"), "#unknowns")
    return origins.method


def _flip_figure(origins: Provenances, flips: Sequence[Flip]) -> ReportFigure:
    now = place_of(origins.decision.status, origins.decision.recommended.framework)
    rows = [
        {"label": _label(flip), "place": place_of(flip.then_status, flip.then)}
        for flip in flips[:_MOST_IN_CHART]
    ]
    more = len(flips) - len(rows)
    count = count_of(len(rows), "change")
    alt = say(
        "report.change.alt_more" if more > 0 else "report.change.alt",
        count=count,
        today=place_text(now),
        pytorch=place_text(0),
        neither=place_text(2),
        jax=place_text(4),
        more=more,
    )
    data = {"now": now, "rows": rows}
    return ReportFigure("figure-flips", say("report.change.chart"), alt, "flips", data, "flips")


def _label(flip: Flip) -> str:
    return say("report.change.label", condition=flip.condition)


def _unknown_blocks(origins: Provenances) -> list[ReportBlock]:
    unknowns = origins.decision.unknowns
    if not unknowns:
        return []
    head = columns("unknown", "worth", "how", numbers=("worth",))
    table = table_of("unknowns", head, [_unknown_row(u) for u in unknowns], (origins.method,))
    title = say("report.section.not_known")
    return [ReportSection("not-known", title, (Aside(say("report.change.worth")), table))]


def _unknown_row(unknown: Unknown) -> TableRow:
    how = say("report.change.answer_it", key=unknown.fact) if unknown.fact else ""
    if unknown.probe:
        model = unknown.probe.removeprefix(PREFIX)
        work = model == unknown.probe
        key = "report.change.measure_it" if work else "report.change.measure_model"
        how = say(key, probe=model)
    worth = unknown.value_of_information * 100
    shown = f"{worth:.2f}" if worth >= _SMALLEST_WORTH else say("report.change.worth_little")
    return row_of(unknown=unknown.text, worth=shown, how=how)
