"""Tables of a report: their captions and heads by name, and what is cut from a long one.

Knows where captions and heads stand in the wording. It must not know what a table is about.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from advisor.ratio import LEVEL
from advisor.render.document import ReportTable, TableColumn, TableRow, Tag
from advisor.render.wording import DASH, factor_span, level, say

MOST_ROWS = 120


def columns(*names: str, numbers: Collection[str] = ()) -> tuple[TableColumn, ...]:
    """The columns *names* with their heads; those among *numbers* are set as figures."""
    return tuple(TableColumn(name, say(f"report.column.{name}"), name in numbers) for name in names)


def table_of(
    name: str,
    head: Sequence[TableColumn],
    rows: Sequence[TableRow],
    provenance: Sequence[Tag] = (),
    *,
    most: int = MOST_ROWS,
) -> ReportTable:
    """The table called *name*; its caption says where only the record holds all rows."""
    caption = say(f"report.table.{name}")
    if len(rows) > most:
        caption = say("report.table_cut", caption=caption, most=most, count=len(rows))
    return ReportTable(name, caption, tuple(head), tuple(rows[:most]), tuple(provenance))


class IntervalColumn:
    """A column of intervals that says at which level they hold: in its head, or in each cell.

    Args:
        levels: The levels of all intervals that it will show.
    """

    def __init__(self, levels: Collection[float]) -> None:
        self.one = next(iter(set(levels)), LEVEL) if len(set(levels)) < 2 else None

    def named(self, head: Sequence[TableColumn]) -> list[TableColumn]:
        """*head* with the level in the title of its column ``interval``, where all have one."""
        if self.one is None:
            return list(head)
        title = say("report.interval_at", level=level(self.one))
        return [replace(c, title=title) if c.name == "interval" else c for c in head]

    def text(self, ci: Sequence[float] | None, at: float) -> str:
        """One interval, with its level where the head cannot say it."""
        if not ci:
            return DASH
        shown = factor_span(ci)
        return shown if self.one else say("report.interval_with", span=shown, level=level(at))
