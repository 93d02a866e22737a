"""What a screen is asked to show and what comes back: the seam between the walk and a terminal.

Knows menus, entries and replies; it must not know which question they stand for, nor how a
terminal draws them. Two terminals exist: `ask_rich` (redraws, arrow keys) and `ask_plain`
(numbered lines, no redraw).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class Turn(Enum):
    """What can be said instead of an answer."""

    BACK = "back"
    NOT_SURE = "not sure"


def _nothing() -> Sequence[str]:
    return ()


def _silent() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What stands around every question.

    `trail` holds what has been answered, oldest first. `more` is asked only when the person wants
    to know why; it gives one line per rule that waits for the answer. `live` gives one line about
    work that goes on meanwhile, or None; it is called about twice a second and must be quick.
    """

    position: str
    text: str
    why: str
    trail: tuple[str, ...] = ()
    more: Callable[[], Sequence[str]] = _nothing
    live: Callable[[], str | None] = _silent
    can_go_back: bool = False


@dataclass(frozen=True, kw_only=True)
class MenuOption:
    """One line of a menu; `mark` says why it is proposed.

    `detail`, one or more lines, is shown while the option is pointed at. A `lone` option excludes
    the others (``None of these``, ``Not sure``).
    """

    label: str
    mark: str = ""
    detail: str = ""
    lone: bool = False

    @property
    def line(self) -> str:
        """The label with its mark."""
        return f"{self.label} ({self.mark})" if self.mark else self.label


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A choice of one option, or with `several` of any number of them.

    `pointed` is the option that Enter takes at once, None where nothing is proposed; `marked` are
    the options already chosen where several may be. `marks_mean` says in a word what options
    marked together are, where that is not simply all of them.
    """

    frame: Frame
    options: tuple[MenuOption, ...]
    pointed: int | None = None
    several: bool = False
    marked: tuple[int, ...] = ()
    marks_mean: str = ""

    @property
    def starts_at(self) -> int:
        """Where a pointer stands first: at what is proposed, else at what says nothing.

        Whoever presses Enter all the way through has told nothing, and makes up no team.
        """
        lone = [place for place, option in enumerate(self.options) if option.lone]
        return self.pointed if self.pointed is not None else lone[-1] if lone else 0


@dataclass(frozen=True, kw_only=True)
class TextEntry:
    """A line to type. `fault` says what is wrong with a text, or None where it can be taken."""

    frame: Frame
    initial: str = ""
    empty: str = ""
    limit: int = 200
    words: tuple[str, ...] = ()
    fault: Callable[[str], str | None] = field(default=lambda _: None)


class Asker(Protocol):
    """A terminal that asks. Ctrl-C and the end of input raise KeyboardInterrupt."""

    def say(self, lines: Sequence[str]) -> None:
        """Show *lines* and leave them standing; a line that starts with ``$`` is a command."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Keep the terminal for the interview, also while nothing is asked."""
        ...

    def choose(self, menu: Menu) -> tuple[int, ...] | Turn:
        """The indices of the chosen options (one unless `several`), or `Turn.BACK`."""
        ...

    def enter(self, entry: TextEntry) -> str | Turn:
        """The typed text, stripped and without control characters, or `Turn.BACK`."""
        ...
