"""The terminal between two screens: keys pressed there are not echoed, and lost only if meant so.

While the next question is looked for, nobody reads keys; a terminal left as usual would print
them across the screen and turn them into lines.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def held(source: TextIO, *, keep: bool = True) -> Iterator[None]:
    """*source* without echo and without lines; Ctrl-C interrupts as ever.

    What was pressed meanwhile answers the next question, or nothing where *keep* is false.
    """
    if importlib.util.find_spec("termios") is None or not in_foreground(source):
        yield
        return
    import termios  # noqa: PLC0415  (not on every system)

    before = termios.tcgetattr(source)
    quiet = [*before]
    quiet[0] &= ~termios.ICRNL
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(source, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        # Put into the background meanwhile: the terminal is another job's, which has its own modes.
        if in_foreground(source):
            after = termios.TCSADRAIN if keep else termios.TCSAFLUSH
            termios.tcsetattr(source, after, before)


def in_foreground(terminal: TextIO) -> bool:
    """Whether *terminal* is one, and this process may change it.

    A job in the background that tries to is stopped by the system, and measures nothing.
    """
    if not terminal.isatty():
        return False
    try:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        # No terminal that this process belongs to, or a system without jobs: nobody would stop it.
        return True
