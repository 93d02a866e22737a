"""What stands around a menu on a terminal: the trail, the question, its reason, keys, live line.

Knows how much fits into the rows there are. It must not know which keys do what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import questionary
from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import FormattedTextControl, Window
from prompt_toolkit.layout.dimension import Dimension

from advisor.interview.asking import Frame
from advisor.interview.wrapping import cut, wrap, wrap_pieces

STYLE = questionary.Style(
    [
        ("qmark", "bold"),
        ("question", "bold"),
        ("pointer", "bold fg:ansicyan"),
        ("highlighted", "bold fg:ansicyan"),
        ("selected", "bold"),
        ("answer", "nobold fg:default"),
        ("trail", "fg:ansigray"),
        ("why", "fg:ansigray"),
        ("more", "fg:ansiyellow"),
        ("hint", "fg:ansigray"),
        ("note", "bold"),
        ("live", "fg:ansigreen"),
        ("validation-toolbar", "bold noreverse bg:default fg:ansired"),
    ]
)


Lines = list[tuple[str, str]]


class Screen:
    """The lines above and below a menu or an entry that itself takes *body_rows* rows.

    Where rows are short, the oldest answers go first, then the menu scrolls.
    """

    def __init__(
        self,
        frame: Frame,
        size: Callable[[], Size],
        *,
        body_rows: int,
        hint: Sequence[str],
        detail: Callable[[], str],
    ) -> None:
        self._frame = frame
        self._size = size
        self._body_rows = body_rows
        self._hint = hint
        self._detail = detail
        self._more: tuple[str, ...] | None = None
        self.note = ""

    def toggle_more(self) -> None:
        """Show or hide what waits for this answer."""
        self._more = tuple(self._frame.more()) if self._more is None else None

    def head(self) -> Window:
        """What stands above the menu."""
        return self._window(self._head_lines)

    def foot(self) -> Window:
        """What stands below the menu."""
        return self._window(self._foot_lines)

    def _window(self, lines: Callable[[], Lines]) -> Window:
        def text() -> StyleAndTextTuples:
            return [(f"class:{style}", f"{line}\n") for style, line in lines()]

        # One row more than there are lines would stay empty: the last newline opens it.
        return Window(
            FormattedTextControl(text),
            height=lambda: Dimension.exact(len(lines())),
            dont_extend_height=True,
        )

    def _head_lines(self) -> Lines:
        size = self._size()
        asked = self._question_lines(size.columns)
        room = size.rows - self._body_rows - len(asked) - len(self._foot_lines()) - 1
        more = self._more_lines(size.columns, max(room, 4))
        trail = [("trail", cut(f"✓ {line}", size.columns)) for line in self._frame.trail]
        shown = max(0, room - len(more))
        kept = trail[-shown:] if shown else []
        return [*kept, *([("", "")] if kept else []), *asked, *more]

    def _question_lines(self, width: int) -> Lines:
        position = f"{self._frame.position}  "
        title = wrap(self._frame.text, width, indent=position, hanging=" " * len(position))
        why = wrap(self._frame.why, width, indent=" " * len(position)) if self._frame.why else []
        return [*(("question", line) for line in title), *(("why", line) for line in why)]

    def _more_lines(self, width: int, room: int) -> Lines:
        if self._more is None:
            return []
        lines = [_indented(line, width) for line in self._more]
        if len(lines) > room:
            left = len(lines) - room + 1
            lines = [*lines[: room - 1], f"  and {left} more"]
        return [("more", line) for line in lines]

    def _foot_lines(self) -> Lines:
        width = self._size().columns
        lines: Lines = [("", "")]
        detail = self._detail()
        for paragraph in detail.splitlines():
            lines += [("why", line) for line in wrap(paragraph, width, indent="   ")]
        lines += [("hint", line) for line in wrap_pieces(self._hint, width)]
        if self.note:
            lines.append(("note", cut(self.note, width)))
        live = self._frame.live()
        if live:
            lines.append(("live", cut(live, width)))
        return lines


def _indented(line: str, width: int) -> str:
    indent = "  " if line.startswith(" ") else ""
    return indent + cut(line, width - len(indent))
