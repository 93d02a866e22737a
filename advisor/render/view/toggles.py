"""What toggling one thing makes of a mode: compiling, cores, the way the work is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.evidence import Attribution, Evidence
from advisor.render.change_words import toggle_text
from advisor.render.document import Aside, ReportSection, TableRow, row_of
from advisor.render.tables import IntervalColumn, columns, table_of
from advisor.render.view.provenance import measured_at
from advisor.render.wording import count_of, factor, say


def toggle_sections(evidence: Sequence[Evidence]) -> Iterator[ReportSection]:
    """The table of toggles; nothing where none was flipped."""
    toggles = [toggle for document in evidence for toggle in document.attributions]
    if not toggles:
        return
    intervals = IntervalColumn([toggle.level for toggle in toggles])
    head = columns(
        "work", "mode", "toggled", "times_as_fast", "interval", "effect",
        numbers=("times_as_fast", "interval"),
    )  # fmt: skip
    rows = [_row(toggle, intervals) for toggle in toggles]
    table = table_of(
        "attributions", intervals.named(head, "interval"), rows, (measured_at("environment"),)
    )
    blocks = (Aside(say("measurements.toggle.how")), table)
    yield ReportSection("attribution", say("report.section.attribution"), blocks)


def _row(toggle: Attribution, intervals: IntervalColumn) -> TableRow:
    place = toggle.size if toggle.kind == "cores" else count_of(toggle.cores or 0, "core")
    return row_of(
        work=", ".join(part for part in (toggle.probe, place) if part),
        mode=toggle.mode,
        toggled=toggle_text(toggle),
        times_as_fast=factor(toggle.time_ratio),
        interval=intervals.text(toggle.ci, toggle.level),
        effect=say(f"measurements.toggle.effect.{toggle.effect}"),
    )
