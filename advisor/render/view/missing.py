"""What was not measured and why, and default settings beside the matched ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.evidence import Comparison, Reason
from advisor.reading.called import across
from advisor.render.document import (
    Aside,
    Points,
    ReportSection,
    Statement,
    TableRow,
    row_of,
)
from advisor.render.tables import IntervalColumn, columns, table_of
from advisor.render.view.probes import ShownProbe, matched, pair_text
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.view.refusals import refusals
from advisor.render.wording import factor, listed, name_of, say, sentence

_GROUPED = 3
"""From so many comparisons on, one reason is told once."""

_SHOWN_ABOVE = ("inconclusive", "invalid", "default-settings")


def missing_section(origins: Provenances, probes: Sequence[ShownProbe]) -> ReportSection:
    """What was not measured, or measured and not called, with the reason."""
    lines = dict.fromkeys(
        [*_toolchains(origins), *_entries(probes), *_uncalled(probes), *_left_out(origins)]
    )
    title = say("report.section.missing")
    if not lines:
        tag = measured_at("environment") if probes else origins.method
        given = probes or origins.inputs.evidence
        key = "measurements.missing.nothing" if given else "measurements.missing.no_measurement"
        return ReportSection("missing", title, (Points((Statement(sentence(say(key)), (tag,)),)),))
    rows = [row_of(work=work, what=what, why=why) for work, what, why in lines]
    here = (measured_at("environment"),)
    table = table_of("not-measured", columns("work", "what", "why"), rows, here)
    return ReportSection("missing", title, (table,))


Line = tuple[str, str, str]


def _why(reason: Reason | None, otherwise: str) -> str:
    if reason is None:
        return otherwise
    text = reason.text or reason.id
    if reason.hint:
        text = say("measurements.with_hint", text=text, hint=reason.hint)
    return sentence(text)


def _toolchains(origins: Provenances) -> Iterator[Line]:
    for document in origins.inputs.evidence:
        for chain in document.toolchains:
            if chain.problem is not None:
                what = say("measurements.missing.toolchain", interpreter=chain.interpreter).strip()
                yield name_of(chain.framework), what, _why(chain.problem, "")


def _entries(probes: Sequence[ShownProbe]) -> Iterator[Line]:
    """Modes without times: those of one work that share a reason in one line."""
    otherwise = say("measurements.missing.no_reason")
    for shown in probes:
        alike: dict[tuple[str, str], list[str]] = {}
        for entry in shown.probe.entries:
            if entry.status != "ok":
                key = entry.status, _why(entry.reason, otherwise)
                alike.setdefault(key, []).append(entry.mode)
        for (status, why), modes in alike.items():
            what = say(
                "measurements.missing.entry",
                mode=listed(modes),
                status=say(f"measurements.status.{status}"),
            )
            yield shown.name, what, why


def _uncalled(probes: Sequence[ShownProbe]) -> Iterator[Line]:
    """What was not called: many comparisons with one reason in one line, few in a line each."""
    for group in refusals(probes):
        if len(group.parts) >= _GROUPED:
            why = group.because
            if group.way_out:
                why = say("measurements.with_hint", text=why, hint=group.way_out)
            yield group.workloads, group.count, sentence(why)
            continue
        for shown, compared in group.parts:
            verdict = say(f"measurements.verdict.{compared.verdict}")
            pair = pair_text(compared)
            what = say("measurements.missing.uncalled", pair=pair, verdict=verdict)
            otherwise = say("measurements.missing.reaches_over")
            yield shown.name, what, _why(compared.reason, otherwise)


def _left_out(origins: Provenances) -> Iterator[Line]:
    """What the task's speed leaves out beyond what the lines above already say."""
    for left in origins.decision.performance.left_out:
        if left.reason not in _SHOWN_ABOVE:
            what = say("measurements.missing.not_counted")
            yield left.workload, what, sentence(left.text or left.reason)


def default_sections(probes: Sequence[ShownProbe]) -> Iterator[ReportSection]:
    """What users get out of the box, beside what decides; nothing where it was not measured."""
    pairs = [*_default_pairs(probes)]
    if not pairs:
        return
    compared = [c for _, *both in pairs for c in both if c is not None and c.ci]
    intervals = IntervalColumn([c.level for c in compared])
    rows = [_default_row(shown, mine, other, intervals) for shown, mine, other in pairs]
    settings = ("matched", "default")
    head = columns("work", "compared", *settings, numbers=settings)
    table = table_of(
        "defaults", intervals.named(head, *settings), rows, (measured_at("environment"),)
    )
    blocks = (Aside(say("measurements.default.how")), table)
    yield ReportSection("default-settings", say("report.section.default_settings"), blocks)


def _default_pairs(
    probes: Sequence[ShownProbe],
) -> Iterator[tuple[ShownProbe, Comparison, Comparison | None]]:
    """Each comparison with default settings, and the same one with matched settings."""
    deciding = {shown.key: shown for shown in matched(probes)}
    for shown in probes:
        if shown.settings == "matched":
            continue
        partner = deciding.get(shown.key)
        others = {(c.a, c.b): c for c in (partner.probe.comparisons if partner else ())}
        for compared in across(shown.probe):
            yield shown, compared, others.get((compared.a, compared.b))


def _default_row(
    shown: ShownProbe, mine: Comparison, other: Comparison | None, intervals: IntervalColumn
) -> TableRow:
    return row_of(
        work=shown.name,
        compared=pair_text(mine),
        matched=_ratio(other, intervals),
        default=_ratio(mine, intervals),
    )


def _ratio(compared: Comparison | None, intervals: IntervalColumn) -> str:
    if compared is None:
        return say("measurements.default.not_measured")
    if compared.time_ratio is None or compared.verdict == "invalid":
        return say("measurements.verdict.invalid")
    interval = intervals.text(compared.ci, compared.level)
    uncalled = compared.verdict == "inconclusive"
    key = "measurements.default.open" if uncalled else "measurements.default.ratio"
    return say(key, ratio=factor(compared.time_ratio), interval=interval)
