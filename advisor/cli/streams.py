"""The three standard streams as a command may find them: closed, full, or of few characters.

Knows descriptors and encodings. It must not know what is printed.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, TextIO

_NAMES = ("stdin", "stdout", "stderr")


def open_closed_streams() -> None:
    """Give closed standard streams to the null device.

    The next file that is opened would get the number of a closed one, and what is printed would
    be written into it.
    """
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is the one that is missing here.
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def never_fail_on_characters() -> None:
    """Show a mark where the encoding of stdout lacks a character, instead of failing.

    JSON holds no such character: `common.emit_json` sees to it.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


class _Talk(io.TextIOWrapper):
    """stderr: who listens no more, or has no room, is no reason to stop what is being done."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            to_nowhere(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            to_nowhere(self)


def never_fail_on_talk() -> None:
    """Let nothing that is said on stderr fail."""
    stderr: Any = sys.stderr
    buffer = getattr(stderr, "buffer", None)
    # What somebody else put there is theirs: a wrapper closes what it wraps when it goes.
    if buffer is not None and stderr is sys.__stderr__:
        encoding = getattr(stderr, "encoding", "utf-8")
        sys.stderr = _Talk(
            buffer, encoding=encoding, errors="backslashreplace", line_buffering=True
        )


def holds_all_characters(stream: TextIO | Any) -> bool:
    """Whether *stream* can show whatever JSON holds."""
    encoding = str(getattr(stream, "encoding", None) or "ascii")
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def to_nowhere(stream: TextIO | Any) -> None:
    """Send what is still to be written to *stream* nowhere, so that leaving does not fail again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
