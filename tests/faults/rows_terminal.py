"""Faults of a terminal in which somebody answers questions."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.faults.case import Case, Fault, Inject, Running
from tests.faults.terminal import Terminal

QUESTION = "What will you build?"
ENTER, CTRL_C, DOWN = b"\r", b"\x03", b"\x1b[B"
PASTED_BYTES = 100_000


def at_question(act: Callable[[Terminal], None]) -> Inject:
    """*act* on the terminal as soon as the first question stands there."""

    def acted(running: Running) -> None:
        terminal = running.terminal
        assert terminal is not None
        terminal.sees(QUESTION)
        time.sleep(0.3)
        act(terminal)

    def inject(case: Case) -> None:
        case.terminal = True
        case.act = acted

    return inject


def _one_by_one(terminal: Terminal) -> None:
    terminal.resize(1, 1)
    time.sleep(0.3)
    terminal.presses(DOWN + ENTER)
    time.sleep(0.5)
    terminal.resize(200, 400)
    time.sleep(0.3)
    terminal.presses(CTRL_C)


def _pasted(terminal: Terminal) -> None:
    terminal.presses(b"\x1b[200~" + b"x" * PASTED_BYTES + b"\x1b[201~")
    terminal.presses(b"y?\t" * 300)
    time.sleep(0.5)
    terminal.presses(CTRL_C)
    time.sleep(0.5)
    if terminal.process.poll() is None:
        terminal.presses(CTRL_C)


def _answered(terminal: Terminal) -> None:
    terminal.presses(DOWN + ENTER)
    terminal.sees("What will you train on?")


def _closed(terminal: Terminal) -> None:
    _answered(terminal)
    terminal.hang_up()


def _terminated(terminal: Terminal) -> None:
    _answered(terminal)
    os.kill(terminal.process.pid, signal.SIGTERM)


def _stopped(terminal: Terminal) -> None:
    os.kill(terminal.process.pid, signal.SIGSTOP)
    terminal.presses(DOWN + ENTER)
    time.sleep(0.3)
    os.kill(terminal.process.pid, signal.SIGCONT)
    terminal.sees("What will you train on?")
    terminal.presses(CTRL_C)


def _row(name: str, injected: str, act: Callable[[Terminal], None], *, quick: int = 0,
         mute: str = "o", says: str = "", kept: bool = True) -> Fault:  # fmt: skip
    files = ("fw-advisor-report/interview.yaml",) if kept else ()
    return Fault(f"terminal-{name}", injected, ("interview-asks",), at_question(act), (130,), says,
                 quick=quick, mute=mute, kept=files)  # fmt: skip


ROWS = [
    _row("tiny", "the terminal is made 1 x 1 and 200 x 400 at a question", _one_by_one, quick=1,
         says="--resume"),
    _row("paste", "100 kB are pasted at a question, and 900 keys pressed", _pasted, kept=False),
    _row("closed", "the terminal is closed after an answer", _closed, quick=1, mute="oe"),
    _row("terminated", "SIGTERM after an answer", _terminated, quick=0, says="--resume"),
    _row("stopped", "SIGSTOP at a question, keys meanwhile, SIGCONT", _stopped, says="--resume"),
]  # fmt: skip
