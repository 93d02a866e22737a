"""Where a measurement disagrees with a rule; the measurement counts."""

from __future__ import annotations

from advisor.decision import Contradiction
from advisor.render.document import (
    Aside,
    Points,
    ReportSection,
    Statement,
    TableCell,
    TableRow,
    anchor,
    row_of,
)
from advisor.render.tables import columns, table_of
from advisor.render.view.provenance import Provenances, unique
from advisor.render.wording import (
    listed,
    ordered,
    say,
    sentence,
)


def contradictions_section(origins: Provenances) -> ReportSection:
    """Every contradiction in words and in numbers."""
    contradictions = origins.decision.contradictions
    title = say("report.section.contradictions")
    if not contradictions:
        return ReportSection("contradictions", title, ())
    points = Points(tuple(_point(origins, c) for c in contradictions))
    head = columns("rule", "measured_on", "believed", "measured")
    table = table_of("contradiction-numbers", head, [_row(c) for c in contradictions])
    how = Aside(say("report.contradictions.how"))
    return ReportSection("contradictions", title, (how, points, table))


def _point(origins: Provenances, contradiction: Contradiction) -> Statement:
    measured = [origins.measured(probe) for probe in contradiction.probes]
    tags = unique([*measured, *origins.rule(contradiction.rule)])
    lead = say("report.lead.contradiction")
    return Statement(sentence(contradiction.text), tags, lead=lead, tone="warning")


def _row(contradiction: Contradiction) -> TableRow:
    return row_of(
        rule=TableCell(contradiction.rule, href=f"#{anchor('rule', contradiction.rule)}"),
        measured_on=listed(contradiction.probes),
        believed=_times(contradiction.believed_log2),
        measured=_times(contradiction.measured_log2),
    )


def _times(log2: float) -> str:
    """How many times as fast, from a logarithm to base 2 above 0 where JAX is faster."""
    first, _, times = ordered(2.0**log2)
    return say("report.contradictions.times", framework=first, ratio=times)
