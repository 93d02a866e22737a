"""The terminal between two screens: keys pressed there are not echoed, and lost only if meant so.

While the next question is looked for, nobody reads keys; a terminal left as usual would print
them across the screen and turn them into lines.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def held(source: TextIO, *, keep: bool = True) -> Iterator[None]:
    """*source* without echo and without lines; Ctrl-C interrupts as ever.

    What was pressed meanwhile answers the next question, or nothing where *keep* is false.
    """
    if importlib.util.find_spec("termios") is None or not source.isatty():
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
        after = termios.TCSADRAIN if keep else termios.TCSAFLUSH
        termios.tcsetattr(source, after, before)
