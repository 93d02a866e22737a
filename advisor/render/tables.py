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
        different = set(levels) or {LEVEL}
        self.one = different.pop() if len(different) == 1 else None

    def named(self, head: Sequence[TableColumn], *names: str) -> list[TableColumn]:
        """*head* with the level in the title of the columns *names*, where all have one level."""
        if self.one is None:
            return list(head)
        return [replace(c, title=self._title(c)) if c.name in names else c for c in head]

    def _title(self, column: TableColumn) -> str:
        if column.name == "interval":
            return say("report.interval_at", level=level(self.one or LEVEL))
        return say("report.with_interval_at", title=column.title, level=level(self.one or LEVEL))

    def text(self, ci: Sequence[float] | None, at: float) -> str:
        """One interval, with its level where the head cannot say it."""
        if not ci:
            return DASH
        shown = factor_span(ci)
        if self.one is not None:
            return shown
        return say("report.interval_with", span=shown, level=level(at))
