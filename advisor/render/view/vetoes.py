"""What rules an option out, what that costs, and what would lift it."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decision import Veto
from advisor.render.document import Points, ReportBlock, ReportSection, Statement, Tone
from advisor.render.view.provenance import Provenances
from advisor.render.wording import name_of, say, sentence


def vetoes_section(origins: Provenances) -> ReportSection:
    """The vetoes that hold or have expired; then those that wait for an answer."""
    vetoes = [v for v in origins.decision.vetoes if v.status != "conditional"]
    waiting = [v for v in origins.decision.vetoes if v.status == "conditional"]
    blocks: list[ReportBlock] = [_points(origins, vetoes)] if vetoes else []
    if waiting:
        title = say("report.section.maybe_vetoes")
        blocks.append(ReportSection("maybe-vetoes", title, (_points(origins, waiting),)))
    return ReportSection("vetoes", say("report.section.vetoes"), tuple(blocks))


def _points(origins: Provenances, vetoes: Sequence[Veto]) -> Points:
    return Points(tuple(point for veto in vetoes for point in _veto_points(origins, veto)))


def _veto_points(origins: Provenances, veto: Veto) -> list[Statement]:
    tags = origins.rule(veto.rule)
    if len(tags) < 2 and veto.source is not None:
        tags = (*tags, origins.of(veto.source))
    tone: Tone = "bad" if veto.status == "active" else "neutral"
    title = sentence(veto.title or veto.rule)
    text = say(f"report.vetoes.state.{veto.status}", title=title)
    lead = say("report.lead.veto", framework=name_of(veto.framework))
    points = [Statement(text, tags, lead=lead, tone=tone)]
    if veto.price_text:
        text = sentence(veto.price_text)
        points.append(Statement(text, (origins.method,), lead=say("report.lead.price")))
    if veto.lifts:
        points.append(Statement(sentence(veto.lifts), tags, lead=say("report.lead.lifts")))
    return points
