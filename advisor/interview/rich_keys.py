"""The keys of the interview: going back, asking why, marking, leaving.

Knows keys and what they do to a running prompt. It must not know what is on the screen.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from prompt_toolkit.buffer import Buffer, ValidationState
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from questionary.prompts.common import InquirerControl

from advisor.interview.asking import Frame, Menu, Turn
from advisor.interview.rich_screen import Screen

_TOGETHER_S = 1.0
"""Letters within this time are one word."""


def leaving_keys(frame: Frame, screen: Screen) -> KeyBindings:
    """Ctrl-B and Esc go back; Ctrl-C and SIGINT interrupt."""
    keys = KeyBindings()

    @keys.add("c-b", eager=True)
    @keys.add("escape", eager=True)
    def back(event: KeyPressEvent) -> None:
        _go_back(event, frame, screen)

    @keys.add("c-c", eager=True)
    @keys.add("<sigint>", eager=True)
    def interrupt(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    return keys


def menu_keys(frame: Frame, screen: Screen) -> KeyBindings:
    """Left goes back and Ctrl-D leaves; in a line that is typed they edit."""
    keys = KeyBindings()

    @keys.add("left", eager=True)
    def back(event: KeyPressEvent) -> None:
        _go_back(event, frame, screen)

    @keys.add("c-d", eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    return keys


def moving_keys(menu: Menu, control: InquirerControl) -> KeyBindings:
    """Home and End go to the first and the last line; letters to the line that they begin."""
    typed = TypeAhead([option.label for option in menu.options])
    keys = KeyBindings()
    last = len(menu.options) - 1

    @keys.add("home", eager=True)
    def first_line(_event: KeyPressEvent) -> None:
        control.pointed_at = 0

    @keys.add("end", eager=True)
    def last_line(_event: KeyPressEvent) -> None:
        control.pointed_at = last

    @keys.add("<any>")
    def by_letter(event: KeyPressEvent) -> None:
        here = int(control.pointed_at)
        control.pointed_at = typed.goes_to(event.data, here, time.monotonic())

    return keys


class TypeAhead:
    """Letters typed soon after each other are the beginning of a line, or of a word in one.

    One letter again and again goes from line to line.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = [label.lower() for label in labels]
        self._text = ""
        self._last_s = 0.0

    def goes_to(self, letter: str, here: int, now_s: float) -> int:
        """The line that is pointed at after *letter*: *here* where nothing begins so."""
        if not letter.isalnum():
            return here
        again = now_s - self._last_s <= _TOGETHER_S
        self._text, self._last_s = (self._text if again else "") + letter.lower(), now_s
        if len(set(self._text)) == 1:
            return self._first(self._text[0], here + 1, here)
        return self._first(self._text, here, here)

    def _first(self, text: str, begin: int, otherwise: int) -> int:
        order: list[int] = [*range(begin, len(self._labels)), *range(begin)]
        for begins in (self._line_begins, self._word_begins):
            for place in order:
                if begins(self._labels[place], text):
                    return place
        return otherwise

    @staticmethod
    def _line_begins(label: str, text: str) -> bool:
        return label.startswith(text)

    @staticmethod
    def _word_begins(label: str, text: str) -> bool:
        return any(word.startswith(text) for word in re.findall(r"\w+", label))


def taking_key(buffer: Buffer) -> KeyBindings:
    """Enter takes the line; a text that was refused is asked about again, as it may now stand."""
    keys = KeyBindings()

    @keys.add("enter", eager=True)
    def take(_event: KeyPressEvent) -> None:
        buffer.validation_state = ValidationState.UNKNOWN
        buffer.validate_and_handle()

    return keys


def _go_back(event: KeyPressEvent, frame: Frame, screen: Screen) -> None:
    if frame.can_go_back:
        event.app.exit(result=Turn.BACK)
    else:
        screen.note = "This is the first question."


def why_key(screen: Screen, buffer: Buffer | None = None) -> KeyBindings:
    """``?`` shows what waits for the answer; with a *buffer*, only while nothing is typed."""
    keys = KeyBindings()
    nothing_typed = Condition(lambda: buffer is None or not buffer.text)

    @keys.add("?", eager=True, filter=nothing_typed)
    def why(_event: KeyPressEvent) -> None:
        screen.toggle_more()

    return keys


def marking_keys(menu: Menu, control: InquirerControl) -> KeyBindings:
    """Space marks, where a lone option excludes the others; Enter takes what is marked.

    Without a mark, or on a lone option, Enter takes the option pointed at: nobody should learn
    about Space by losing an answer.
    """
    keys = KeyBindings()

    @keys.add("space", eager=True)
    def mark(_event: KeyPressEvent) -> None:
        here = control.pointed_at
        marked = [i for i in control.selected_options if not menu.options[i].lone]
        if here in control.selected_options:
            control.selected_options = [i for i in control.selected_options if i != here]
        else:
            control.selected_options = [here] if menu.options[here].lone else [*marked, here]

    @keys.add("enter", eager=True)
    def take(event: KeyPressEvent) -> None:
        here = control.pointed_at
        marked = () if menu.options[here].lone else tuple(sorted(control.selected_options))
        control.is_answered = True
        event.app.exit(result=marked or (here,))

    @keys.add("a", eager=True)
    @keys.add("i", eager=True)
    def ignore(_event: KeyPressEvent) -> None:
        """Take questionary's mark-all and invert away: they would mark lone options too."""

    return keys
