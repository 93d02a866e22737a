"""What compiling costs and when it pays, and what happens once per process or call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from advisor.evidence import Entry
from advisor.pair import MODES
from advisor.render.document import (
    Aside,
    Points,
    ReportBlock,
    ReportSection,
    Statement,
    TableRow,
    row_of,
)
from advisor.render.entry_words import once_texts, repeated_text
from advisor.render.tables import columns, table_of
from advisor.render.view.probes import ShownProbe
from advisor.render.view.provenance import measured_at
from advisor.render.wording import DASH, clauses, count_of, duration, say, sentence


def break_even_steps(compile_s: float | None, eager_s: float | None, fast_s: float | None) -> float:
    """After how many steps compiling has paid for itself.

    Args:
        compile_s: What compiling costs once, seconds.
        eager_s: Time of one step without compiling, seconds.
        fast_s: Time of one compiled step, seconds.

    Returns:
        ``compile_s / (eager_s - fast_s)``; infinity where compiling gains nothing, NaN where
        something was not measured.
    """
    if compile_s is None or eager_s is None or fast_s is None:
        return math.nan
    saved = eager_s - fast_s
    return compile_s / saved if saved > 0 else math.inf


def compile_section(probes: Sequence[ShownProbe]) -> ReportSection:
    """One-off costs of every mode, and the steps after which compiling pays."""
    timed = [(shown, entry) for shown in probes for entry in shown.timed]
    costs = ("import", "first_call", "compile_cold", "compile_warm", "pays_after")
    head = columns("work", "mode", *costs, numbers=costs)
    rows = [_cost_row(shown, entry) for shown, entry in timed]
    table = table_of("costs", head, rows, (measured_at("environment"),))
    blocks: tuple[ReportBlock, ...] = (Aside(say("measurements.costs.how")), table)
    return ReportSection("compile", say("report.section.compile"), (*blocks, *_repeated(timed)))


def _repeated(timed: Sequence[tuple[ShownProbe, Entry]]) -> Iterator[Points]:
    """Modes that were not compiled in one piece, or more than once: what was timed is a mixture."""
    items = tuple(
        Statement(
            sentence(say("measurements.of", probe=shown.name, mode=entry.mode, text=text)),
            (measured_at("environment"),),
        )
        for shown, entry in timed
        if (text := repeated_text(entry.counters))
    )
    if items:
        yield Points(items)


def _cost_row(shown: ShownProbe, entry: Entry) -> TableRow:
    mode = MODES.get(entry.mode)
    compiles = mode is None or mode.compiled
    cells = {
        "work": shown.name,
        "mode": entry.mode,
        "import": duration(entry.import_s),
        "first_call": duration(entry.first_call_s),
        "compile_cold": duration(entry.compile_s if compiles else None),
        "compile_warm": duration(entry.compile_warm_s if compiles else None),
        "pays_after": _pays(shown, entry),
    }
    return row_of(**cells)


def _pays(shown: ShownProbe, entry: Entry) -> str:
    mode = MODES.get(entry.mode)
    if mode is None or mode.eager is None:
        return DASH
    eager = next((e for e in shown.timed if e.mode == mode.eager), None)
    if eager is None:
        return say("measurements.costs.eager_not_timed")
    cost = entry.compile_s if entry.compile_s is not None else entry.first_call_s
    steps = break_even_steps(cost, eager.median_s, entry.median_s)
    if math.isnan(steps):
        return DASH
    if math.isinf(steps):
        return say("measurements.costs.never")
    return count_of(max(math.ceil(steps), 1), "step")


def once_section(probes: Sequence[ShownProbe]) -> Iterator[ReportSection]:
    """First results, streams, memory, exports and single calls; nothing where none was asked."""
    rows = [
        row_of(work=shown.name, mode=entry.mode, seen=clauses(texts))
        for shown in probes
        for entry in shown.timed
        if (texts := once_texts(entry, calls=shown.probe.stream_calls))
    ]
    if rows:
        head = columns("work", "mode", "seen")
        table = table_of("once", head, rows, (measured_at("environment"),))
        yield ReportSection("beside", say("report.section.beside"), (table,))
