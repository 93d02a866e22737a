"""An asker without a terminal, that answers as a test tells it and keeps what it was shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from advisor.interview.asking import Frame, Menu, TextEntry, Turn

Reaction = tuple[int, ...] | str | Turn


class FakeAsker:
    """Answers menus and entries by calling *react*; `shown` holds all of them."""

    def __init__(self, react: Callable[[Menu | TextEntry], Reaction]) -> None:
        self._react = react
        self.shown: list[Menu | TextEntry] = []
        self.said: list[str] = []

    def say(self, lines: Sequence[str]) -> None:
        self.said += lines

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def choose(self, menu: Menu) -> tuple[int, ...] | Turn:
        reaction = self._put(menu)
        assert not isinstance(reaction, str)
        return reaction

    def enter(self, entry: TextEntry) -> str | Turn:
        reaction = self._put(entry)
        assert not isinstance(reaction, tuple)
        return reaction

    def frames(self) -> list[Frame]:
        return [screen.frame for screen in self.shown]

    def _put(self, screen: Menu | TextEntry) -> Reaction:
        self.shown.append(screen)
        assert len(self.shown) < 500, "the interview does not end"
        return self._react(screen)


def proposed(screen: Menu | TextEntry) -> Reaction:
    """What Enter alone does."""
    if isinstance(screen, TextEntry):
        return screen.initial
    return screen.marked or (screen.pointed or 0,)


def not_sure(screen: Menu | TextEntry) -> Reaction:
    """Not sure wherever it can be said."""
    if isinstance(screen, TextEntry):
        return ""
    labels = [option.label for option in screen.options]
    return (labels.index("Not sure"),)
