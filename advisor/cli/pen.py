"""Draw charts in a process of its own, which loads the drawing library while a command decides.

Loading it takes as long as deciding does, and Python would do one after the other. Knows processes
and pipes. It must not know what a figure shows.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from advisor.render.document import ReportFigure
from advisor.render.figures import Draw, draw_here

_DRAWN = (".html", ".htm", ".md")
_ROW = {"label": "", "note": "", "shown": "", "value": 1.0}
_SMALL = ReportFigure("small", "", "", "contributions", {"rows": [_ROW]}, "")
"""Drawn before anything is asked for: much is loaded by the first drawing only."""


@contextlib.contextmanager
def pen_for(paths: Sequence[Path]) -> Iterator[Draw]:
    """What draws the figures of *paths*; a process of its own where it can run beside this one."""
    wanted = any(path.suffix.lower() in _DRAWN for path in paths)
    if not wanted or (os.cpu_count() or 1) < 2:
        yield draw_here
        return
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, ours), daemon=True)
    try:
        process.start()
    except OSError:
        # No room for another process is no reason for a page without charts.
        yield draw_here
        return
    theirs.close()

    def draw(figure: ReportFigure) -> str:
        try:
            ours.send(figure)
            return str(ours.recv())
        except (EOFError, OSError):
            return draw_here(figure)

    try:
        yield draw
    finally:
        ours.close()
        process.kill()
        process.join()


def _serve(figures: Connection, other_end: Connection) -> None:
    """Draw what comes through *figures* until nobody is at the other end."""
    # An interrupt is for the command, which ends this process too.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    # A copy of the other end in here would keep this one waiting for ever.
    other_end.close()
    _end_with_parent()
    # What cannot be drawn ends this process, and the command meets the same where it can tell it;
    # a panic of the drawing library is no Exception.
    with contextlib.suppress(BaseException):
        draw_here(_SMALL)
        while True:
            figures.send(draw_here(figures.recv()))


def _end_with_parent() -> None:
    """Leave as soon as the command has gone, however it went: loading a library takes a second."""
    command = multiprocessing.parent_process()
    if command is None:
        return

    def watch() -> None:
        command.join()
        os._exit(0)

    with contextlib.suppress(RuntimeError):
        threading.Thread(target=watch, daemon=True, name="parent").start()
