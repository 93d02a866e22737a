"""Run a case: start the process, let the fault act, wait, and look at what is left behind.

This process becomes the reaper of all that its children leave (prctl(2), PR_SET_CHILD_SUBREAPER),
so that nothing can hide in a session or an environment of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.faults.case import GIVE_UP_S, Case, Fault, Outcome, Running
from tests.faults.judging import wrongs
from tests.faults.place import command_line, make_case
from tests.faults.terminal import Terminal

PR_SET_CHILD_SUBREAPER = 36
GONE_S = 1.0


def reap_what_is_left() -> None:
    """Make orphans below this process its own children."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run_fault(fault: Fault, command: str, template: Path, place: Path) -> Outcome:
    """Inject *fault* into *command* in a fresh *place*, and judge what happened."""
    case = make_case(template, place, command)
    fault.how(case)
    outcome = run_case(fault, case)
    return judged(outcome, case)


def next_run(command: str, template: Path, place: Path) -> list[str]:
    """What is wrong about the same command without a fault, in the place that it left."""
    case = make_case(template, place.with_name("next"), command)
    shutil.rmtree(case.place)
    old = str(case.place)
    case.env = {k: v.replace(old, str(place)) for k, v in case.env.items()}
    case.place, case.script["state"] = place, str(place / "state")
    nothing = Fault("nothing", "nothing", (command,), lambda case: None)
    outcome = judged(run_case(nothing, case), case)
    return [f"the next run: {wrong}" for wrong in outcome.wrong]


def judged(outcome: Outcome, case: Case) -> Outcome:
    """*outcome* with what is wrong about it."""
    return Outcome(**{**vars(outcome), "wrong": wrongs(outcome, case)})


def run_case(fault: Fault, case: Case) -> Outcome:
    """Start *case*, let it be hit, and wait for its end."""
    reap_what_is_left()
    (case.place / "script.json").write_text(json.dumps(case.script), "utf-8")
    before = set(_below())
    begun = time.monotonic()
    if case.terminal:
        terminal = Terminal(command_line(case), case.place, case.env)
        code = _attended(terminal.process, case, terminal)
        terminal.close()
        seconds = time.monotonic() - begun
        shown = terminal.seen.decode("utf-8", "replace").replace("\r\n", "\n")
        return Outcome(fault, case.command, code, b"", shown, seconds, left_after(GONE_S, before))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command_line(case),
            cwd=case.place,
            env=case.env,
            stdin=subprocess.PIPE if case.stdin is not None else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        code = _attended(process, case)
        seconds = time.monotonic() - begun
        orphans = left_after(GONE_S, before)
        out.seek(0)
        err.seek(0)
        told = err.read().decode("utf-8", "replace")
        return Outcome(fault, case.command, code, out.read(), told, seconds, orphans)


def _attended(
    process: subprocess.Popen[bytes], case: Case, terminal: Terminal | None = None
) -> int | None:
    """Let the fault act on *process*; its exit status, None where it had to be killed."""
    try:
        if case.act is not None:
            case.act(Running(process, case, terminal))
        process.communicate(case.stdin, timeout=GIVE_UP_S)
    except subprocess.TimeoutExpired:
        return None
    else:
        return process.returncode
    finally:
        with contextlib.suppress(OSError):
            os.kill(process.pid, 9) if process.poll() is None else None
        process.wait()


def _below() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def left_after(seconds: float, before: set[psutil.Process]) -> list[str]:
    """The command lines of what lives below this process, and did not *before*; then ended."""
    deadline = time.monotonic() + seconds
    while True:
        left = [p for p in _below() if p not in before and not _reaped(p)]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    shown = []
    for process in left:
        with contextlib.suppress(psutil.Error):
            shown.append(" ".join(process.cmdline())[-300:] or process.name())
            process.kill()
            process.wait(5.0)
    return shown


def _reaped(process: psutil.Process) -> bool:
    """Whether *process* has ended; it is collected where it is ours to collect."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process.status() != psutil.STATUS_ZOMBIE:
            return False
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    return True
