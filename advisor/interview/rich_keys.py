"""The keys of the interview: going back, asking why, marking, leaving.

Knows keys and what they do to a running prompt. It must not know what is on the screen.
"""

from __future__ import annotations

from prompt_toolkit.buffer import Buffer, ValidationState
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from questionary.prompts.common import InquirerControl

from advisor.interview.asking import Frame, Menu, Turn
from advisor.interview.rich_screen import Screen


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
    """Home and End go to the first and the last line; a letter to the next line it begins."""
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
        letter = event.data.lower()
        order = [*range(control.pointed_at + 1, last + 1), *range(control.pointed_at + 1)]
        starts = [i for i in order if menu.options[i].label.lower().startswith(letter)]
        if letter.isalnum() and starts:
            control.pointed_at = starts[0]

    return keys


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
