"""What was measured here: speed for the task, charts, comparisons and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.evidence import Comparison, Entry, Reason
from advisor.pair import framework_of
from advisor.ratio import LEVEL
from advisor.reading.called import decisive
from advisor.render.document import (
    Aside,
    Points,
    ReportBlock,
    ReportFigure,
    ReportSection,
    ReportTable,
    Side,
    TableCell,
    TableRow,
    Tag,
    anchor,
    row_of,
)
from advisor.render.tables import IntervalColumn, columns, table_of
from advisor.render.view.costs import compile_section, once_section
from advisor.render.view.crossovers import crossover_section
from advisor.render.view.fairness import fairness_section
from advisor.render.view.head import side_of
from advisor.render.view.missing import default_sections, missing_section
from advisor.render.view.probes import (
    ShownProbe,
    matched,
    pair_text,
    short_names,
    shown_probes,
    usable_interval,
    usable_ratio,
)
from advisor.render.view.provenance import Provenances
from advisor.render.view.speed import speed_statements
from advisor.render.view.toggles import toggle_sections
from advisor.render.wording import (
    DASH,
    amount_of_bytes,
    count_of,
    duration,
    factor,
    listed,
    say,
    significant,
    span,
    speed_clause,
)

MOST_IN_CHART = 24
_MARGIN = 0.05
"""Drawn where no comparison says another: a band of practical equality of 5 %."""


def measured_section(origins: Provenances) -> ReportSection:
    """Everything about measurements, the most telling first."""
    evidence = origins.inputs.evidence
    probes = shown_probes(evidence)
    blocks: list[ReportBlock] = [Points(tuple(speed_statements(origins, measured=bool(probes))))]
    if probes:
        blocks += [
            Aside(say("measurements.caution")),
            *_charts(probes),
            _comparisons(probes),
            _times(probes),
            compile_section(probes),
            *once_section(probes),
            crossover_section(evidence),
            *toggle_sections(evidence),
            fairness_section(probes),
            *default_sections(probes),
        ]
    blocks.append(missing_section(origins, probes))
    return ReportSection("measured", say("report.section.measured"), tuple(blocks))


def _charts(probes: Sequence[ShownProbe]) -> list[ReportBlock]:
    deciding = matched(probes) or list(probes)
    timed = [shown for shown in deciding if shown.sound]
    refused = sum(1 for shown in deciding if shown.timed and not shown.sound)
    compared = [
        (shown, comparison)
        for shown in deciding
        if (comparison := decisive(shown.probe)) is not None
    ]
    blocks: list[ReportBlock] = [_times_figure(timed, refused)] if timed else []
    return [*blocks, _ratio_figure(compared)] if compared else blocks


def _times_figure(probes: Sequence[ShownProbe], refused: int) -> ReportFigure:
    """The medians that may stand beside each other; *refused* probes are left out."""
    drawn = probes[:MOST_IN_CHART]
    rows = [
        {"label": name, "marks": [_mark(e) for e in shown.sound if (e.median_s or 0) > 0]}
        for name, shown in zip(short_names(drawn), drawn, strict=True)
    ]
    alt = say(
        "measurements.times.alt",
        probes=count_of(len(drawn), "probe"),
        more=_more(len(probes) - len(drawn)) + _refused(refused),
    )
    title = say("measurements.times.chart")
    return ReportFigure("figure-times", title, alt, "times", {"rows": rows}, "times")


def _mark(entry: Entry) -> dict[str, Any]:
    return {
        "mode": entry.mode,
        "median_s": entry.median_s,
        "interval_s": list(entry.interval_s) if entry.interval_s else None,
        "shown": duration(entry.median_s),
    }


def _more(count: int) -> str:
    """A sentence on the probes that a chart leaves out, with a space after it."""
    if count <= 0:
        return ""
    return say("measurements.chart_more", probes=count_of(count, "more_probe"))


def _refused(count: int) -> str:
    """A sentence on the probes whose times were refused, with a space after it."""
    return say("measurements.chart_refused", probes=count_of(count, "probe")) if count else ""


def _ratio_figure(compared: Sequence[tuple[ShownProbe, Comparison]]) -> ReportFigure:
    drawn = compared[:MOST_IN_CHART]
    names = short_names([shown for shown, _ in drawn])
    rows = [_ratio_row(name, c) for name, (_, c) in zip(names, drawn, strict=True)]
    called = [(row, c) for row, (_, c) in zip(rows, drawn, strict=True) if row["called"]]
    words = [
        say(
            "measurements.ratios.one",
            probe=row["label"],
            speed=speed_clause(row["ratio"], row["ci"], c.level),
        )
        for row, c in called[:3]
    ]
    alt = say(
        "measurements.ratios.alt",
        probes=count_of(len(rows), "probe"),
        speeds=listed(words) or say("measurements.ratios.none_called"),
        more=_more(len(compared) - len(drawn)),
    )
    margins = [c.margin for _, c in drawn if c.margin]
    data = {"rows": rows, "margin": max(margins, default=_MARGIN)}
    title = say("measurements.ratios.chart")
    return ReportFigure("figure-ratios", title, alt, "ratios", data, "comparisons")


def _ratio_row(name: str, compared: Comparison) -> dict[str, Any]:
    ci = usable_interval(compared)
    return {
        "label": name,
        "ratio": usable_ratio(compared),
        "ci": list(ci) if ci else None,
        "called": compared.called,
        "side": winner_of(compared),
        "verdict": verdict_text(compared),
    }


def winner_of(compared: Comparison) -> Side:
    """The framework that a comparison calls faster, or none."""
    faster = {"a_faster": compared.a, "b_faster": compared.b}.get(compared.verdict, "")
    return side_of(framework_of(faster))


def verdict_text(compared: Comparison) -> str:
    """The verdict in a few words, without its reason."""
    faster = {"a_faster": compared.a, "b_faster": compared.b}.get(compared.verdict)
    if faster is not None:
        return say("measurements.faster", mode=faster)
    return say(f"measurements.verdict.{compared.verdict}")


def _comparisons(probes: Sequence[ShownProbe]) -> ReportTable:
    called = [c for p in probes for c in p.probe.comparisons if c.ci and c.verdict != "invalid"]
    intervals = IntervalColumn([c.level for c in called])
    head = columns(
        "work", "compared", "times_as_fast", "interval", "launches", "verdict",
        numbers=("times_as_fast", "interval", "launches"),
    )  # fmt: skip
    rows = []
    named: set[str] = set()
    for shown in probes:
        for compared in shown.probe.comparisons:
            first = shown.probe.id not in named
            named.add(shown.probe.id)
            target = anchor("measured", shown.probe.id) if first else ""
            rows.append(_comparison_row(shown, compared, intervals, target))
    return table_of("comparisons", intervals.named(head, "interval"), rows, (_here(probes),))


def _here(probes: Sequence[ShownProbe]) -> Tag:
    days = sorted({p.evidence.created[:10] for p in probes if p.evidence.created})
    text = say("report.tag.measured")
    if days:
        text = say("report.tag.dated", text=text, date=listed(days))
    return Tag("measured", text, "#environment")


def _comparison_row(
    shown: ShownProbe, compared: Comparison, intervals: IntervalColumn, target: str
) -> TableRow:
    hidden = compared.verdict == "invalid"
    launches = f"{compared.launches}"
    if compared.pairing == "unpaired":
        launches = say("measurements.unpaired", launches=compared.launches)
    verdict = verdict_text(compared)
    if compared.reason:
        reason = reason_text(compared.reason)
        verdict = say("measurements.because", verdict=verdict, reason=reason)
    return row_of(
        id=target,
        work=shown.name,
        compared=pair_text(compared),
        times_as_fast=DASH if hidden else factor(compared.time_ratio),
        interval=DASH if hidden else intervals.text(compared.ci, compared.level),
        launches=launches,
        verdict=TableCell(verdict, side=winner_of(compared)),
    )


def reason_text(reason: Reason) -> str:
    """A reason of the evidence with its way out."""
    text = reason.text or reason.id
    return say("measurements.with_hint", text=text, hint=reason.hint) if reason.hint else text


def _times(probes: Sequence[ShownProbe]) -> ReportTable:
    plain_head = columns(
        "work", "mode", "median", "interval", "p95", "rate", "cores_used", "peak_memory", "variant",
        numbers=("median", "interval", "p95", "rate", "cores_used", "peak_memory"),
    )  # fmt: skip
    compared = {shown.probe.id for shown in probes if shown.probe.comparisons}
    named: set[str] = set()
    rows = []
    for shown in probes:
        for entry in shown.timed:
            # A workload without any comparison is found here instead.
            lone = shown.probe.id not in compared | named
            named.add(shown.probe.id)
            target = anchor("measured", shown.probe.id) if lone else ""
            rows.append(_time_row(shown, entry, target))
    return table_of(
        "times", IntervalColumn([LEVEL]).named(plain_head, "interval"), rows, (_here(probes),)
    )


def _time_row(shown: ShownProbe, entry: Entry, target: str) -> TableRow:
    cores = entry.effective_cores
    time = duration(entry.median_s)
    median = TableCell(say("measurements.disturbed", time=time) if entry.disturbed else time)
    if shown.refused(entry.mode):
        median = TableCell(say("measurements.times.refused", time=time), tone="refused")
    return row_of(
        id=target,
        work=shown.name,
        mode=TableCell(entry.mode, side=side_of(entry.framework)),
        median=median,
        interval=span(entry.interval_s),
        p95=duration(entry.p95_s),
        rate=_rate(shown, entry),
        cores_used=DASH if cores is None else f"{cores:.1f}",
        peak_memory=amount_of_bytes(entry.peak_memory_bytes),
        variant=entry.variant or DASH,
    )


def _rate(shown: ShownProbe, entry: Entry) -> str:
    """Samples, tokens or environment steps a second, as the workload counts them."""
    samples = shown.probe.samples_per_step
    if not samples or not entry.median_s:
        return DASH
    return significant(samples / entry.median_s)
