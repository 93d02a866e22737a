"""The context: every answer with where it came from, and what nobody could answer."""

from __future__ import annotations

from advisor.render.document import (
    Points,
    ReportSection,
    Statement,
    TableRow,
    anchor,
    row_of,
)
from advisor.render.tables import columns, table_of
from advisor.render.value_words import fact_title, value_text
from advisor.render.view.provenance import Provenances
from advisor.render.wording import say, sentence


def context_section(origins: Provenances) -> ReportSection:
    """Every answer, in the vocabulary's order; then what the vocabulary does not hold."""
    answers = origins.inputs.answers
    title = say("report.section.context")
    if not answers.values and not answers.unknown:
        text = sentence(say("report.context.nothing"))
        return ReportSection("context", title, (Points((Statement(text, (origins.method,)),)),))
    asked = {*answers.values, *answers.unknown}
    in_order = [key for key in origins.base.facts if key in asked]
    rows = [_row(origins, key) for key in (*in_order, *sorted(asked - set(in_order)))]
    table = table_of("answers", columns("question", "answer", "key", "given_by"), rows)
    return ReportSection("context", title, (table,))


def _row(origins: Provenances, key: str) -> TableRow:
    answers = origins.inputs.answers
    answer, source = say("report.context.not_sure"), "typed"
    if key in answers.values:
        answer = value_text(origins.base, key, answers.values[key])
        source = answers.sources.get(key, "file")
    given_by = say(f"report.context.source.{source}")
    places = answers.code.get("places", {}).get(key) if source == "detected" else None
    if places:
        given_by = say("report.context.in_code", places=places)
    return row_of(
        id=anchor("answer", key),
        question=fact_title(origins.base, key),
        answer=answer,
        key=key,
        given_by=given_by,
    )
