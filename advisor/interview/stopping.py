"""Ctrl-C: the first one keeps what was answered, the second one leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from advisor.errors import ExitCode


def leave_at_once_on_next_interrupt() -> None:
    """From now on SIGINT ends this process without any clean-up: the answers are kept already."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(ExitCode.INTERRUPTED)
