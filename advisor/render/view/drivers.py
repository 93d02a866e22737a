"""Decision drivers: what counts how much, and what each criterion contributes."""

from __future__ import annotations

from advisor.decision import Criterion
from advisor.render.document import (
    Aside,
    ReportFigure,
    ReportSection,
    ReportTable,
    Side,
    TableCell,
    TableRow,
    anchor,
    row_of,
)
from advisor.render.flip_words import criterion_title
from advisor.render.tables import columns, table_of
from advisor.render.view.provenance import Provenances
from advisor.render.wording import DASH, listed, percent, say, signed_points

_VISIBLE = 0.0005


def drivers_section(origins: Provenances) -> ReportSection:
    """What each criterion contributes, as a chart and in numbers."""
    title = say("report.section.drivers")
    if not origins.decision.criteria:
        return ReportSection("drivers", title, ())
    blocks = (Aside(say("report.drivers.how")), _figure(origins), _table(origins))
    return ReportSection("drivers", title, blocks)


def _figure(origins: Provenances) -> ReportFigure:
    criteria = origins.decision.criteria
    rows = [
        {
            "label": criterion_title(origins.base, c.id),
            "note": say("report.drivers.weight", share=c.weight),
            "value": c.contribution * 100,
            "shown": signed_points(c.contribution),
        }
        for c in criteria
    ]
    largest = [
        say(
            "report.drivers.contribution",
            criterion=criterion_title(origins.base, c.id),
            points=c.contribution,
        )
        for c in sorted(criteria, key=lambda c: -abs(c.contribution))[:2]
    ]
    return ReportFigure(
        "figure-criteria",
        say("report.drivers.chart"),
        say("report.drivers.alt", largest=listed(largest)),
        "contributions",
        {"rows": rows},
        "criteria",
    )


def _table(origins: Provenances) -> ReportTable:
    head = columns(
        "criterion", "weight", "pytorch", "jax", "contribution", "based_on",
        numbers=("weight", "pytorch", "jax", "contribution"),
    )  # fmt: skip
    rows = [_row(origins, c) for c in origins.decision.criteria]
    return table_of("criteria", head, rows, (origins.method,))


def _row(origins: Provenances, criterion: Criterion) -> TableRow:
    favours: Side = ""
    if abs(criterion.contribution) >= _VISIBLE:
        favours = "jax" if criterion.contribution > 0 else "pytorch"
    return row_of(
        id=anchor("criterion", criterion.id),
        criterion=criterion_title(origins.base, criterion.id),
        weight=percent(criterion.weight),
        pytorch=_points(criterion.pytorch),
        jax=_points(criterion.jax),
        contribution=TableCell(signed_points(criterion.contribution), side=favours),
        based_on=TableCell(_made_of(criterion), href="#rules"),
    )


def _made_of(criterion: Criterion) -> str:
    """What the numbers of a criterion are made of."""
    if criterion.measured is not None and criterion.measured < 1:
        return say("report.drivers.blended", share=criterion.measured)
    if criterion.measured is not None and criterion.rules:
        return say("report.drivers.from.measured_and_rules")
    return say(f"report.drivers.from.{criterion.from_}")


def _points(value: float | None) -> str:
    return DASH if value is None else f"{value * 100:.0f}"
