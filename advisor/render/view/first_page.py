"""The first page: measured step times, what would change the verdict, and what to do next.

What stands here stands whole further down; a reader who stops here has the decision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from advisor.evidence import Comparison, Entry
from advisor.pair import rival_of
from advisor.reading.called import decisive
from advisor.render.document import (
    Fold,
    Points,
    ReportBlock,
    ReportSection,
    Statement,
    TableCell,
    TableRow,
    Tag,
    row_of,
)
from advisor.render.flip_words import flip_sentence, joined
from advisor.render.tables import columns, table_of
from advisor.render.value_words import mode_title
from advisor.render.view.head import spare_warnings
from advisor.render.view.measured import verdict_text, winner_of
from advisor.render.view.probes import ShownProbe, matched, short_names, shown_probes, usable_ratio
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.view.refusals import refusal_texts, refusals
from advisor.render.wording import DASH, count_of, duration, factor, inline, name_of, say, sentence

MOST_TIMES, MOST_FLIPS, MOST_REFUSALS = 4, 3, 2
_OTHER_PROJECT = "other_project"
_ROUNDING = 0.002


def brief_sections(origins: Provenances) -> tuple[ReportSection, ...]:
    """The sections of the first page, none of them empty."""
    sections = (_times(origins), _change(origins), _next(origins))
    return tuple(section for section in sections if section.blocks)


def _times(origins: Provenances) -> ReportSection:
    probes = matched(shown_probes(origins.inputs.evidence))
    compared = _compared(origins, probes)
    blocks: list[ReportBlock] = []
    if compared:
        shown = compared[:MOST_TIMES]
        names = short_names([probe for probe, _ in shown])
        rows = [_row(origins, name, *pair) for name, pair in zip(names, shown, strict=True)]
        head = columns("work", "pytorch", "jax", "verdict", numbers=("pytorch", "jax"))
        blocks.append(table_of("step-times", head, rows, (measured_at("comparisons"),)))
    points = tuple(_about_times(origins, probes, more=len(compared) - MOST_TIMES))
    if points:
        blocks.append(Points(points))
    return ReportSection("first-times", say("report.brief.times"), tuple(blocks))


def _compared(
    origins: Provenances, probes: Sequence[ShownProbe]
) -> list[tuple[ShownProbe, Comparison]]:
    """The comparisons that were called and decide their probe, what counts for the task first."""
    counted = [part.id for part in origins.decision.performance.workloads]
    called = [
        (shown, compared)
        for shown in probes
        if (compared := decisive(shown.probe)) is not None and compared.called
    ]
    return sorted(called, key=lambda c: c[0].probe.id not in counted)


def _row(origins: Provenances, name: str, shown: ShownProbe, compared: Comparison) -> TableRow:
    times = {e.framework: _time(e) for e in shown.sound if e.mode in (compared.a, compared.b)}
    ratio = usable_ratio(compared)
    verdict = verdict_text(compared)
    if ratio is not None and winner_of(compared):
        times_as_fast = factor(max(ratio, 1 / ratio))
        verdict = say("report.brief.faster", framework=name_of(winner_of(compared)),
                      ratio=times_as_fast)  # fmt: skip
    spare = _not_counted(origins, shown, compared)
    if spare:
        verdict = say("report.brief.not_counted", verdict=verdict, why=inline(spare))
    return row_of(
        work=name,
        pytorch=times.get("pytorch", DASH),
        jax=times.get("jax", DASH),
        verdict=TableCell(verdict, side=winner_of(compared)),
    )


def _not_counted(origins: Provenances, shown: ShownProbe, compared: Comparison) -> str:
    """Why a comparison that was called does not count for the task; empty where it does."""
    performance = origins.decision.performance
    probe = shown.probe
    ratio = usable_ratio(compared)
    for part in performance.workloads:
        counting = {(cell.get("cores"), cell.get("precision")) for cell in part.cells}
        ratios = [float(cell["ratio"]) for cell in part.cells if "ratio" in cell]
        same = any(ratio and abs(math.log(r / ratio)) < _ROUNDING for r in ratios)
        if part.id == probe.id and same and (probe.cores, probe.precision) in counting:
            return ""
    reasons = [left.text for left in performance.left_out if left.workload == probe.id]
    return reasons[0] if reasons else ""


def _time(entry: Entry) -> str:
    return say("report.brief.time", time=duration(entry.median_s), mode=entry.mode)


def _about_times(
    origins: Provenances, probes: Sequence[ShownProbe], *, more: int
) -> Iterator[Statement]:
    here = (measured_at("missing"),)
    for text in list(_unsettled(origins, probes))[:MOST_REFUSALS]:
        yield Statement(text, here, tone="warning")
    if not probes and origins.inputs.evidence:
        return
    if not probes:
        text = sentence(say("measurements.missing.no_measurement"))
        yield Statement(text, (origins.method,), tone="warning")
        return
    if more > 0:
        text = sentence(say("report.brief.more_times", more=count_of(more, "called_comparison")))
        yield Statement(text, (measured_at("comparisons"),))
    for text in list(refusal_texts(probes))[:MOST_REFUSALS]:
        yield Statement(text, here, tone="warning")


def _unsettled(origins: Provenances, probes: Sequence[ShownProbe]) -> Iterator[str]:
    """Why models gave no ratio, where none did; without what comparisons are refused for."""
    works = [work for document in origins.inputs.evidence for work in document.works]
    if any(work.time_ratio is not None for work in works):
        return
    told = {group.because for group in refusals(probes)}
    for work in works:
        why = work.reason.text if work.reason is not None else ""
        if why and why not in told:
            told.add(why)
            model = f"{work.model}:{work.name}" if work.name else work.model
            yield sentence(say("report.brief.unsettled", model=model, why=why))


def _change(origins: Provenances) -> ReportSection:
    flips = [f for f in origins.decision.flips if f.text and f.reach != _OTHER_PROJECT]
    link = (Tag("computed", say("report.tag.decided_again"), "#change"),)
    groups = list(joined(flips))[:MOST_FLIPS]
    points = []
    for group in groups:
        condition = group[0].condition
        for flip in group[1:]:
            condition = say("decision.flip.either", first=condition, second=flip.condition)
        points.append(Statement(sentence(flip_sentence(condition, group[0].outcome)), link))
    if not points:
        points.append(Statement(sentence(say("report.brief.no_flip")), link))
    return ReportSection("first-change", say("report.section.change"), (Points(tuple(points)),))


def _next(origins: Provenances) -> ReportSection:
    """What to do next, in its order: settle, install, measure one's own step, look again."""
    points = [*_settle(origins), *_start(origins), *_own_step(origins)]
    spare = spare_warnings(origins)
    blocks: list[ReportBlock] = [Points(tuple(points))]
    if spare:
        summary = say("report.brief.more_notes", count=count_of(len(spare), "note"))
        blocks.append(Fold(summary, (Points(spare),)))
    return ReportSection("first-next", say("report.brief.next"), tuple(blocks))


def _settle(origins: Provenances) -> Iterator[Statement]:
    valued = [u for u in origins.decision.unknowns if u.value_of_information >= 0.005]
    for unknown in valued[:1]:
        text = sentence(unknown.text)
        link = Tag("computed", say("report.tag.not_known"), "#unknowns")
        yield Statement(text, (link,), lead=say("report.brief.lead.settle"))


def _start(origins: Provenances) -> Iterator[Statement]:
    recommended = origins.decision.recommended
    if recommended.framework is None:
        return
    for line in recommended.install[:1]:
        mode = mode_title(origins.base, recommended.mode) if recommended.mode else ""
        text = say("report.brief.install", command=line.command, mode=mode)
        link = Tag("computed", say("report.section.start"), "#start")
        yield Statement(text, (link,), lead=say("report.brief.lead.start"))


def _own_step(origins: Provenances) -> Iterator[Statement]:
    chosen = origins.decision.recommended.framework
    text = say("report.brief.own_step")
    yield Statement(sentence(text), (origins.advice,), lead=say("report.brief.lead.measure"))
    if chosen is not None:
        text = sentence(say("report.brief.look_again", other=name_of(rival_of(chosen))))
        link = Tag("computed", say("report.section.revisit"), "#revisit")
        yield Statement(text, (link,), lead=say("report.brief.lead.again"))
