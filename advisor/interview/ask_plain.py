"""Asking in numbered lines: for dumb terminals, screen readers and whoever prefers it.

Reads whole lines from its input and writes to its output; nothing is ever redrawn. ASCII only,
apart from what the user wrote.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from advisor.interview.asking import Frame, Menu, TextEntry, Turn
from advisor.interview.wrapping import ascii_only, wrap
from advisor.text import inert

MOST_RULES = 12
"""How many lines ``?`` shows: nothing scrolls back on a dumb terminal."""

_WHY = ("?", "why", "why?")
# Ctrl-B and Esc reach a line-buffered terminal as characters of the line.
_BACK_KEYS = ("\x02", "\x1b")


class PlainAsker:
    """Numbered prompts: ``?`` shows why, ``b`` goes back, Enter takes what the prompt names."""

    def __init__(
        self, source: TextIO, target: TextIO, *, width: Callable[[], int] | None = None
    ) -> None:
        self._source = source
        self._target = target
        self._width = width or _terminal_width
        self._told = ""
        self._greeted = False

    def say(self, lines: Sequence[str]) -> None:
        """Write *lines*, wrapped; commands stay whole so that they can be copied."""
        for line in lines:
            self._write(line)

    def held(self) -> AbstractContextManager[None]:
        """Nothing to do: what is typed ahead stays a line."""
        return nullcontext()

    def choose(self, menu: Menu) -> tuple[int, ...] | Turn:
        """Ask for a number, or for several of them separated by commas."""
        self._head(menu.frame)
        for number, option in enumerate(menu.options, start=1):
            self._write(f"  {number:>2}  {option.line}")
            if option.mark:
                self._details(option.detail)
        while True:
            text = self._read(_menu_prompt(menu), menu.frame)
            if text.strip().lower() in _WHY:
                self._explain(menu)
                continue
            turn = self._turn(text, menu.frame, back=("b", "back"))
            if turn is not None:
                if turn is Turn.BACK:
                    return turn
                continue
            chosen, fault = _numbers(text, menu)
            if not fault:
                return chosen
            self._write(fault)

    def enter(self, entry: TextEntry) -> str | Turn:
        """Ask for one line of text."""
        self._head(entry.frame)
        while True:
            text = self._read(_entry_prompt(entry), entry.frame)
            turn = self._turn(text, entry.frame, back=("back",))
            if turn is not None:
                if turn is Turn.BACK:
                    return turn
                continue
            cleaned = " ".join(inert(text, limit=entry.limit).split()) or entry.initial
            fault = entry.fault(cleaned)
            if fault is None:
                return cleaned
            self._write(fault)

    def _explain(self, menu: Menu) -> None:
        for option in menu.options:
            if option.detail and not option.mark:
                self._write(f"  {option.label}")
                self._details(option.detail)
        self._say_more(menu.frame)

    def _say_more(self, frame: Frame) -> None:
        lines = frame.more()
        self.say(lines[:MOST_RULES])
        if len(lines) > MOST_RULES:
            self._write(f"  and {len(lines) - MOST_RULES} more")

    def _details(self, detail: str) -> None:
        for line in detail.splitlines():
            self._write(f"      {line}")

    def _head(self, frame: Frame) -> None:
        if not self._greeted:
            self._write("Type a number, then Enter. Ctrl-C keeps the answers and quits.")
            self._greeted = True
        self._write("")
        self._write(f"{frame.position}: {frame.text}")
        if frame.why:
            self._write(f"   {frame.why}")

    def _turn(self, text: str, frame: Frame, back: tuple[str, ...]) -> Turn | str | None:
        """BACK; ``"again"`` where something was said instead; None where *text* is an answer."""
        word = text.strip(" \t").lower()
        if word in _WHY:
            self._say_more(frame)
            return "again"
        if word not in back and not word.startswith(_BACK_KEYS):
            return None
        if frame.can_go_back:
            return Turn.BACK
        self._write("This is the first question.")
        return "again"

    def _read(self, prompt: str, frame: Frame) -> str:
        live = frame.live() or ""
        if live and live != self._told:
            self._write(f"   ({live})")
            self._told = live
        lines = wrap(prompt, self._width() - 2)
        self._target.write(ascii_only("\n".join(lines)) + " ")
        self._target.flush()
        try:
            line = self._source.readline()
        except KeyboardInterrupt:
            self._target.write("\n")
            raise
        if not line:
            self._target.write("\n")
            raise KeyboardInterrupt
        return line.rstrip("\r\n")

    def _write(self, text: str) -> None:
        stripped = text.lstrip()
        indent = " " * (len(text) - len(stripped))
        whole = stripped.startswith("$")
        lines = [text] if whole else wrap(stripped, self._width(), indent=indent)
        self._target.write(ascii_only("\n".join(lines)) + "\n")
        self._target.flush()


def _terminal_width() -> int:
    return max(20, shutil.get_terminal_size().columns)


def _menu_prompt(menu: Menu) -> str:
    taken = menu.marked or (() if menu.pointed is None else (menu.pointed,))
    numbers = ",".join(str(n + 1) for n in taken)
    enter = f", Enter for {numbers}" if numbers else ""
    several = f", or 1,3 for {menu.marks_mean or 'several'}" if menu.several else ""
    return f"Number{several}{enter} [{_keys(menu.frame, 'b')}]:"


def _entry_prompt(entry: TextEntry) -> str:
    shown = f'Enter for "{entry.initial}"' if entry.initial else entry.empty
    return f"{shown or 'Type it'} [{_keys(entry.frame, 'back')}]:"


def _keys(frame: Frame, back: str) -> str:
    return f"? why, {back} goes back" if frame.can_go_back else "? why"


def _numbers(text: str, menu: Menu) -> tuple[tuple[int, ...], str]:
    """The chosen indices and an empty text, or what is wrong with *text*."""
    words = text.replace(",", " ").split()
    taken = menu.marked or (() if menu.pointed is None else (menu.pointed,))
    last = len(menu.options)
    if not words:
        return taken, "" if taken else f"Please type a number from 1 to {last}."
    if not all(w.isascii() and w.isdigit() and 1 <= int(w[:6]) <= last for w in words):
        return (), f"Please type a number from 1 to {last}."
    chosen = tuple(sorted({int(w) - 1 for w in words}))
    if len(chosen) > 1 and not menu.several:
        return (), "Please choose one."
    if len(chosen) > 1 and any(menu.options[i].lone for i in chosen):
        lone = next(menu.options[i].label for i in chosen if menu.options[i].lone)
        return (), f'"{lone}" goes with nothing else.'
    return chosen, ""
