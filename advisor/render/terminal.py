"""A report as text for a terminal: the verdict, what would change it, and the measured ratios.

Knows widths and colours. It words nothing: all text comes from the view, and where the summary
leaves something out, the other formats have it.
"""

from __future__ import annotations

import io

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from advisor.record import Record
from advisor.render.adr import flip_sentences
from advisor.render.document import Points, Report, Statement, points_of, tables
from advisor.render.view import view_of
from advisor.render.wording import say

_STYLES = {"pytorch": "bold dark_orange3", "jax": "bold dodger_blue2", "": "bold"}
_NARROWEST, _WIDEST = 40, 100
_MOST_FLIPS, _MOST_RATIOS, _MOST_MISSING, _MOST_UNKNOWN = 4, 8, 3, 3


def render_terminal(record: Record, *, width: int, colour: bool) -> str:
    """The summary of *record*, at most *width* columns wide, without a final newline."""
    report = view_of(record)
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(min(width, _WIDEST), _NARROWEST),
        force_terminal=colour,
        no_color=not colour,
        color_system="256" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    _head(console, report)
    _flips(console, report)
    _measured(console, report)
    _unknowns(console, report)
    lines = [line.rstrip() for line in out.getvalue().rstrip().split("\n")]
    return "\n".join(lines)


def _head(console: Console, report: Report) -> None:
    console.print(Text(report.project, style="dim"))
    console.print(Text(report.verdict.text, style=_STYLES[report.side]))
    console.print(Text(report.confidence.text))
    console.print(Text(f"({report.verdict.tags[0].text})", style="dim"))
    console.print()
    for item in report.lead:
        _point(console, item)


def _point(console: Console, item: Statement) -> None:
    """A statement with where it comes from, indented."""
    line = Text()
    if item.lead:
        line.append(f"{item.lead}: ", style=_STYLES[item.side])
    line.append(item.text)
    line.append(f" ({item.tags[0].text})", style="dim")
    console.print(Padding(line, (0, 0, 0, 2)))


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold"))


def _row(console: Console, text: str) -> None:
    console.print(Padding(Text(text), (0, 0, 0, 2)))


def _flips(console: Console, report: Report) -> None:
    section = report.section("change")
    flips = flip_sentences(report, other_projects=False)
    _heading(console, section.title)
    if not flips:
        for item in points_of(section):
            _row(console, item.text)
    for text in flips[:_MOST_FLIPS]:
        _row(console, text)
    _more(console, len(flips) - _MOST_FLIPS)


def _more(console: Console, count: int) -> None:
    if count > 0:
        text = Text(say("report.terminal.more", count=count), style="dim")
        console.print(Padding(text, (0, 0, 0, 2)))


def _measured(console: Console, report: Report) -> None:
    """The speed for the task, and what stands in the way of knowing more."""
    section = report.section("measured")
    first = next((b for b in section.blocks if isinstance(b, Points)), None)
    _heading(console, section.title)
    for item in first.items[:_MOST_RATIOS] if first else ():
        _point(console, item)
    missing = tables(section).get("not-measured")
    if missing is None:
        return
    _heading(console, missing.caption)
    for row in missing.rows[:_MOST_MISSING]:
        shown = {name: row.cells[name].text for name in ("work", "what", "why")}
        _row(console, say("report.terminal.missing", **shown))
    _more(console, len(missing.rows) - _MOST_MISSING)


def _unknowns(console: Console, report: Report) -> None:
    table = tables(report.section("change")).get("unknowns")
    if table is None or not table.rows:
        return
    _heading(console, table.caption)
    for row in table.rows[:_MOST_UNKNOWN]:
        unknown, how = row.cells["unknown"].text, row.cells["how"].text
        _row(console, say("report.terminal.unknown", unknown=unknown, how=how))
    _more(console, len(table.rows) - _MOST_UNKNOWN)
