"""From cold start to an accuracy, in each framework: a small table; no part of the verdict."""

from __future__ import annotations

from advisor.accuracy import TimeToAccuracy
from advisor.render.accuracy_text import cell, why_nothing
from advisor.render.document import Aside, ReportSection, ReportTable, TableCell, TableRow, row_of
from advisor.render.tables import columns, table_of
from advisor.render.view.head import side_of
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.wording import (
    DASH,
    amount_of_bytes,
    duration,
    level,
    name_of,
    percent,
    say,
    significant,
)


def accuracy_section(origins: Provenances) -> ReportSection:
    """What was measured of it; nothing where nobody did."""
    title = say("report.section.accuracy")
    rows = [one for e in origins.inputs.evidence for one in e.time_to_accuracy]
    if not rows:
        return ReportSection("accuracy", title, ())
    goals = dict.fromkeys(percent(one.goal) for one in rows)
    intro = [Aside(say("accuracy.section.intro", goal=goal)) for goal in goals]
    limits = Aside(say("accuracy.section.limits"))
    return ReportSection("accuracy", title, (*intro, _table(rows), limits))


def _table(rows: list[TimeToAccuracy]) -> ReportTable:
    head = columns(
        "trained", "reached", "to_goal", "epochs_to_goal", "first_trained", "later_epoch",
        "accuracy", "peak", "code_lines",
        numbers=("reached", "code_lines"),
    )  # fmt: skip
    made = [_row(one) for one in rows]
    return table_of("time-to-accuracy", head, made, (measured_at("accuracy"),))


def _row(one: TimeToAccuracy) -> TableRow:
    name = say(
        "accuracy.task",
        framework=name_of(one.framework),
        version=one.version or "",
        mode=one.mode or DASH,
    )
    ran = one.status == "ok" and one.runs
    reached = say("accuracy.reached_cell", reached=len(one.reaching), n=len(one.runs))
    seconds = cell(one.reached_s, duration) if ran else why_nothing(one)
    return row_of(
        trained=TableCell(name, side=side_of(one.framework)),
        reached=reached if ran else DASH,
        to_goal=say("accuracy.disturbed_cell", text=seconds) if one.disturbed else seconds,
        epochs_to_goal=cell(one.reached_epoch, significant),
        first_trained=cell(one.first_step_s, duration),
        later_epoch=cell(one.epoch_s, duration),
        accuracy=cell(one.accuracy, level),
        peak=cell(one.peak_memory_bytes, amount_of_bytes),
        code_lines=str(one.code_lines) if one.code_lines else DASH,
    )
