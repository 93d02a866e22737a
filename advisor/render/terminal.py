"""A report as text for a terminal: one screen of it, or all that a summary holds.

Knows widths, heights and colours. It words nothing: all text comes from the view. Where a screen
has no room for something, what matters least is left out, and that is said.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from advisor.record import Record
from advisor.render.adr import flip_sentences
from advisor.render.document import Points, Report, Statement, Tag, points_of, tables
from advisor.render.view import view_of
from advisor.render.wording import say

_STYLES = {"pytorch": "bold dark_orange3", "jax": "bold dodger_blue2", "": "bold"}
_NARROWEST, _WIDEST = 40, 100
_MOST_FLIPS, _MOST_RATIOS, _MOST_MISSING, _MOST_UNKNOWN = 4, 8, 3, 3
_ALWAYS = 0
_IN_ORDER = ("speed", "reason", "warning", "against", "flip", "unknown", "more", "least")
"""What is kept where there is no room for all, the most important first."""


@dataclass(frozen=True)
class _Block:
    """Some lines that stand or fall together; `rank` says how soon they fall, 0 never.

    `heading` stands above the first block that is shown of those that have the same.
    """

    lines: tuple[str, ...]
    rank: int
    heading: str = ""


def render_terminal(
    record: Record, *, width: int, colour: bool, rows: int | None = None, full: bool = True
) -> str:
    """The summary of *record*, without a final newline.

    Args:
        record: What is reported.
        width: The most columns.
        colour: Whether to use colours.
        rows: The most lines; as many as it takes unless given. Without *full*.
        full: Whether everything is said, with the whole of where each statement comes from.
    """
    page = _Page(view_of(record), width, colour=colour, full=full)
    blocks = list(page.blocks())
    if full or rows is None:
        return "\n".join(_laid_out(blocks, page))
    last = page.printed(Text(say("report.terminal.rest"), style="dim"), indent=0)
    kept = list(blocks)
    for block in sorted(blocks, key=lambda b: -b.rank):
        if len(_laid_out(kept, page)) + len(last) <= rows or block.rank == _ALWAYS:
            break
        kept.remove(block)
    return "\n".join([*_laid_out(kept, page), *last])


def _laid_out(blocks: Sequence[_Block], page: _Page) -> list[str]:
    lines: list[str] = []
    heading = ""
    for block in blocks:
        if block.heading != heading:
            heading = block.heading
            lines += ["", *page.printed(Text(heading, style="bold"), indent=0)]
        lines += block.lines
    return lines


class _Page:
    """The blocks of one report at one width."""

    def __init__(self, report: Report, width: int, *, colour: bool, full: bool) -> None:
        self._report = report
        self._full = full
        self._out = io.StringIO()
        self._console = Console(
            file=self._out,
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

    def printed(self, text: RenderableType, *, indent: int = 2) -> tuple[str, ...]:
        """The lines of *text*."""
        self._out.seek(0)
        self._out.truncate()
        self._console.print(Padding(text, (0, 0, 0, indent)) if indent else text)
        return tuple(line.rstrip() for line in self._out.getvalue().rstrip("\n").split("\n"))

    def blocks(self) -> Iterator[_Block]:
        """Everything there is to say, in the order in which it stands."""
        yield from self._head()
        yield from self._flips()
        yield from self._measured()
        yield from self._unknowns()

    def _block(self, text: Text, what: str, heading: str = "", *, indent: int = 2) -> _Block:
        rank = _IN_ORDER.index(what) + 1 if what else _ALWAYS
        return _Block(self.printed(text, indent=indent), rank, heading)

    def _head(self) -> Iterator[_Block]:
        report = self._report
        yield self._block(Text(report.project, style="dim"), "least", indent=0)
        yield self._block(Text(report.verdict.text, style=_STYLES[report.side]), "", indent=0)
        yield self._block(Text(report.confidence.text), "", indent=0)
        tag = Text(f"({report.verdict.tags[0].text})", style="dim")
        yield self._block(tag, "least", indent=0)
        yield _Block(("",), len(_IN_ORDER) if not self._full else _ALWAYS)
        warned = False
        for item in report.lead:
            warning = item.tone == "warning"
            what = "reason" if item.side else "warning" if warning and not warned else "more"
            warned = warned or warning
            yield self._block(self._statement(item), what)

    def _statement(self, item: Statement) -> Text:
        """A statement with where it comes from: all of it, or its kind and date."""
        line = Text()
        if item.lead:
            line.append(f"{item.lead}: ", style=_STYLES[item.side])
        line.append(item.text)
        origin = item.tags[0].text if self._full else self._kind(item.tags[0])
        line.append(f" ({origin})" if origin else "", style="dim")
        return line

    @staticmethod
    def _kind(tag: Tag) -> str:
        return "" if tag.kind == "computed" else say(f"report.terminal.kind.{tag.kind}")

    def _flips(self) -> Iterator[_Block]:
        flips = flip_sentences(self._report, other_projects=False)
        section = self._report.section("change")
        heading = section.title
        if not flips:
            for item in points_of(section):
                yield self._block(Text(item.text), "flip", heading)
        for number, text in enumerate(flips[:_MOST_FLIPS]):
            yield self._block(Text(text), "flip" if number < 2 else "more", heading)
        yield from self._more(len(flips) - _MOST_FLIPS, heading)

    def _more(self, count: int, heading: str) -> Iterator[_Block]:
        if count > 0 and self._full:
            text = Text(say("report.terminal.more", count=count), style="dim")
            yield self._block(text, "least", heading)

    def _measured(self) -> Iterator[_Block]:
        """The speed for the task, and what stands in the way of knowing more."""
        section = self._report.section("measured")
        first = next((b for b in section.blocks if isinstance(b, Points)), None)
        for number, item in enumerate(first.items[:_MOST_RATIOS] if first else ()):
            what = "speed" if number == 0 else "more"
            yield self._block(self._statement(item), what, section.title)
        for text in self._refused():
            yield self._block(Text(text), "speed", section.title)
        missing = tables(section).get("not-measured")
        if missing is None:
            return
        for row in missing.rows[:_MOST_MISSING]:
            shown = {name: row.cells[name].text for name in ("work", "what", "why")}
            yield self._block(
                Text(say("report.terminal.missing", **shown)), "least", missing.caption
            )
        yield from self._more(len(missing.rows) - _MOST_MISSING, missing.caption)

    def _refused(self) -> Iterator[str]:
        """Why what was measured here gave no ratio: whoever waited for it is told."""
        yield from (
            item.text
            for times in self._report.brief
            if times.id == "first-times"
            for item in points_of(times)
            if item.tone == "warning" and item.tags[0].kind == "measured"
        )

    def _unknowns(self) -> Iterator[_Block]:
        table = tables(self._report.section("change")).get("unknowns")
        if table is None or not table.rows:
            return
        for number, row in enumerate(table.rows[:_MOST_UNKNOWN]):
            unknown, how = row.cells["unknown"].text, row.cells["how"].text
            text = Text(say("report.terminal.unknown", unknown=unknown, how=how))
            yield self._block(text, "unknown" if number == 0 else "least", table.caption)
        yield from self._more(len(table.rows) - _MOST_UNKNOWN, table.caption)
