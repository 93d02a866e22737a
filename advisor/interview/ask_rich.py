"""Asking with arrow keys: questionary's menus, drawn on stderr, one screen per question.

Around each menu stand what was answered so far, the reason for the question, the keys, and a live
line that is refreshed twice a second. What is typed is never disturbed: everything is drawn by
the one application that reads the keys. It must not know what is asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import questionary
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import merge_key_bindings
from prompt_toolkit.layout import HSplit, Layout
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from questionary.prompts.common import Choice, InquirerControl

from advisor.interview.asking import Frame, Menu, TextEntry, Turn
from advisor.interview.holding import held
from advisor.interview.rich_keys import (
    leaving_keys,
    marking_keys,
    menu_keys,
    moving_keys,
    taking_key,
    why_key,
)
from advisor.interview.rich_screen import STYLE, Screen
from advisor.interview.wrapping import cut, wrap
from advisor.text import inert

REFRESH_S = 0.5
# How long a lone Esc waits for the rest of an arrow key; over ssh a key arrives in one packet.
ESCAPE_S = 0.1
_POINTER = "›"
_MARGIN = 6


class RichAsker:
    """Menus with arrow keys and lines with editing, on the terminal behind stdin and stderr."""

    def __init__(self, *, colour: bool = True) -> None:
        self._input = create_input(sys.stdin)
        self._output = create_output(stdout=sys.stderr)
        if isinstance(self._output, Vt100_Output):
            # Over a slow line the terminal's reply to "where is the cursor?" comes after the
            # prompt that asked is gone, and is then taken for typing.
            self._output.enable_cpr = False
        self._depth = None if colour else ColorDepth.DEPTH_1_BIT

    def say(self, lines: Sequence[str]) -> None:
        """Print *lines*, wrapped; commands stay whole so that they can be copied."""
        width = self._output.get_size().columns
        for line in lines:
            stripped = line.lstrip()
            indent = " " * (len(line) - len(stripped))
            whole = stripped.startswith("$")
            wrapped = [line] if whole else wrap(stripped, width, indent=indent)
            print("\n".join(wrapped), file=sys.stderr, flush=True)

    def held(self) -> AbstractContextManager[None]:
        """Neither echo nor lose keys that are pressed between two screens."""
        return held(sys.stdin)

    def choose(self, menu: Menu) -> tuple[int, ...] | Turn:
        """Show a menu; Enter takes the marked lines, or the one pointed at."""
        width = self._output.get_size().columns
        rows = [
            Choice(title=cut(option.line, width - _MARGIN), value=i, checked=i in menu.marked)
            for i, option in enumerate(menu.options)
        ]
        pointed = rows[menu.starts_at]
        question = (
            questionary.checkbox("", rows, initial_choice=pointed, instruction="", **self._common())
            if menu.several
            else questionary.select("", rows, default=pointed, instruction=" ", **self._common())
        )
        app = question.application
        control = next(c for c in app.layout.find_all_controls() if isinstance(c, InquirerControl))
        if not menu.several:
            # questionary marks its default for good; here the pointer alone says what is taken.
            control.selected_options = []
        screen = Screen(
            menu.frame,
            self._output.get_size,
            body_rows=len(rows) + 1,
            hint=_menu_hint(menu),
            detail=lambda: menu.options[control.pointed_at].detail,
        )
        keys = [leaving_keys(menu.frame, screen), why_key(screen), menu_keys(menu.frame, screen)]
        keys.append(moving_keys(menu, control))
        if menu.several:
            keys.append(marking_keys(menu, control))
        answer = self._run(question, screen, keys)
        return answer if isinstance(answer, (Turn, tuple)) else (int(answer),)

    def enter(self, entry: TextEntry) -> str | Turn:
        """Let one line be typed and edited."""
        words = WordCompleter(list(entry.words), pattern=re.compile(r"[^\s,]+"))
        question = questionary.text(
            "",
            default=entry.initial,
            validate=lambda text: entry.fault(_clean(text, entry)) or True,
            completer=words,
            reserve_space_for_menu=5 if entry.words else 0,
            validate_while_typing=False,
            **self._common(qmark=_POINTER),
        )
        app = question.application
        buffer = app.layout.current_buffer
        assert buffer is not None
        buffer.on_text_changed += _keep_to(entry.limit)
        screen = Screen(
            entry.frame,
            self._output.get_size,
            body_rows=3,
            hint=_entry_hint(entry),
            detail=lambda: "",
        )
        keys = [leaving_keys(entry.frame, screen), why_key(screen, buffer), taking_key(buffer)]
        answer = self._run(question, screen, keys)
        return answer if isinstance(answer, Turn) else _clean(str(answer), entry)

    def _common(self, qmark: str = "") -> dict[str, Any]:
        return {
            "qmark": qmark,
            "style": STYLE,
            "input": self._input,
            "output": self._output,
            "color_depth": self._depth,
            "erase_when_done": True,
            "refresh_interval": REFRESH_S,
        }

    def _run(self, question: questionary.Question, screen: Screen, keys: Sequence[Any]) -> Any:
        app: Application[Any] = question.application
        app.key_bindings = merge_key_bindings([*filter(None, [app.key_bindings]), *keys])
        app.layout = Layout(
            HSplit([screen.head(), app.layout.container, screen.foot()]),
            focused_element=app.layout.current_window,
        )
        app.ttimeoutlen = ESCAPE_S
        try:
            return question.unsafe_ask()
        except EOFError as end:
            raise KeyboardInterrupt from end


def _clean(text: str, entry: TextEntry) -> str:
    return " ".join(inert(text, limit=entry.limit).split())


def _keep_to(limit: int) -> Callable[[Buffer], None]:
    """A handler that keeps a pasted text on one line and within *limit* characters."""

    def handler(buffer: Buffer) -> None:
        text = buffer.text
        if len(text) > limit or "\n" in text or "\r" in text:
            kept = " ".join(text[: 4 * limit].splitlines())[:limit]
            buffer.set_document(Document(kept, len(kept)))

    return handler


def _menu_hint(menu: Menu) -> tuple[str, ...]:
    if not menu.several:
        return _hint(menu.frame, "Enter takes it")
    marks = f"Space marks {menu.marks_mean or 'several'}"
    return _hint(menu.frame, marks, "Enter goes on")


def _entry_hint(entry: TextEntry) -> tuple[str, ...]:
    what = [f"Type {entry.empty}"] if entry.empty else []
    return _hint(entry.frame, *what, "Enter takes it")


def _hint(frame: Frame, *keys: str) -> tuple[str, ...]:
    back = ("Esc back",) if frame.can_go_back else ()
    return (*keys, *back, "? why", "Ctrl-C saves and quits")
