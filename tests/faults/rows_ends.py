"""Faults of processes: signals, streams that close, terminals that go, others at the same time."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.faults.case import Act, Case, Fault, Inject, Running
from tests.faults.rows_places import NOBODY, both, old_outputs, shell, without_rights

WAIT_S = 30.0
PAUSED = ("report", "claims", "check")
"""Commands that can be held in the middle: what they read is a pipe that nobody writes to yet."""


def acting(act: Act, *before: Inject) -> Inject:
    """*act* on the running process, after *before*."""

    def inject(case: Case) -> None:
        both(*before)(case)
        case.act = act

    return inject


def until(happens: Callable[[], bool]) -> bool:
    """Wait until *happens*; whether it did."""
    deadline = time.monotonic() + WAIT_S
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def held(case: Case) -> None:
    """What the command reads, as a pipe in the place of the file."""
    name = "evidence.json" if case.command == "claims" else "decision.json"
    (case.place / name).rename(case.place / "real.json")
    os.mkfifo(case.place / name)


def is_held(running: Running) -> bool:
    """Wait until the command waits for its input: it sleeps in the opening of the pipe."""
    name = "evidence.json" if running.case.command == "claims" else "decision.json"
    return until(lambda: _opens(running.place / name))


def _opens(fifo: Path) -> bool:
    """Whether somebody waits at the reading end of *fifo*."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def works(running: Running) -> None:
    """Wait until a framework's worker has started."""
    state = running.place / "state"
    until(lambda: any(state.glob("starts-jax")) or running.process.poll() is not None)


def _signalled(number: int, ready: Callable[[Running], object]) -> Act:
    def act(running: Running) -> None:
        ready(running)
        running.process.send_signal(number)

    return act


def while_held(number: int) -> Inject:
    """A signal to a command that waits for its input."""

    def act(running: Running) -> None:
        name = "evidence.json" if running.case.command == "claims" else "decision.json"
        # Opening for writing succeeds at the moment at which the command opens for reading.
        writer = os.open(running.place / name, os.O_WRONLY)
        time.sleep(0.05)
        running.process.send_signal(number)
        running.process.wait(WAIT_S)
        os.close(writer)

    return acting(act, held)


def while_measuring(number: int) -> Inject:
    """A signal to a command that measures."""
    return acting(_signalled(number, works), _slow)


def _slow(case: Case) -> None:
    case.script["faults"] = [{"verb": "block", "kind": "slow", "framework": "jax", "seconds": 0.05}]


def _stubborn(case: Case) -> None:
    case.script["faults"] = [{"verb": "build", "kind": "stubborn", "framework": "jax"}]
    case.env["FAULTS_LIMITS"] = '{"build_timeout_s": 5.0}'


def _stopped(running: Running) -> None:
    """Stop everything, as a suspended machine or job does, and go on a second later."""
    works(running)
    family = [running.process.pid, *(p.pid for p in _family(running))]
    for pid in family:
        _send(pid, signal.SIGSTOP)
    time.sleep(1.0)
    for pid in family:
        _send(pid, signal.SIGCONT)


def _family(running: Running) -> list[psutil.Process]:
    try:
        return psutil.Process(running.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _killed_at_random(which: str) -> Act:
    def act(running: Running) -> None:
        works(running)
        time.sleep(random.uniform(0.0, 0.5))
        if which == "driver":
            running.process.kill()
            return
        found = [p for p in _family(running) if _is(p, which)]
        if found:
            _send(found[0].pid, signal.SIGKILL)

    return act


def killed_and_interrupted(which: str) -> Inject:
    """A kill at a random moment, and an interrupt that ends the run soon after."""

    def act(running: Running) -> None:
        _killed_at_random(which)(running)
        time.sleep(0.3)
        _send(running.process.pid, signal.SIGINT)

    return acting(act, _slow, old_outputs)


def _is(process: psutil.Process, which: str) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    guardian = "-S" in line and "-I" in line
    return guardian if which == "guardian" else not guardian and "worker" in line


def _affinity(running: Running) -> None:
    works(running)
    for process in _family(running):
        try:
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(process.pid))})
        except OSError:
            continue
    os.sched_setaffinity(running.process.pid, {min(os.sched_getaffinity(0))})


def _two_at_once(case: Case) -> None:
    """Another run holds the lock of the machine."""
    _held_lock(case, 0o666)


def _held_lock(case: Case, mode: int) -> None:
    descriptor = os.open(case.place / "lock", os.O_RDWR | os.O_CREAT)
    os.fchmod(descriptor, mode)
    os.pwrite(descriptor, f"{os.getpid()} {int(time.time()) - 300}\n".encode(), 0)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # It goes with the test's process, or when the place is looked at no more.
    case.env["FAULTS_HELD"] = str(descriptor)


def _stale_lock(case: Case) -> None:
    (case.place / "lock").write_text("999999 1\n", "ascii")


def _foreign_lock(case: Case) -> None:
    """A lock file that belongs to root, and that others may not open; the run is nobody's."""
    without_rights(case)
    (case.place / "lock").touch(mode=0o600)
    os.chown(case.place / "lock", NOBODY, NOBODY)


def _lock_is_a_link(case: Case) -> None:
    (case.place / "lock").symlink_to("answers.yaml")


def _reader_goes(running: Running) -> None:
    """Whoever reads stdout has gone before anything is said."""
    running.process.wait(60)


def _foreign_caches(case: Case) -> None:
    """Half-written and foreign files where the self-test is remembered."""
    for path in (case.place / "home").rglob("selftest-*.json"):
        path.write_bytes(path.read_bytes()[:40])
    for name in ("selftest-x.json", "selftest-y.json"):
        made = case.place / "home" / ".cache" / "fw-advisor" / name
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(b"\xff\x00{")


def _run_of_the_dead(case: Case) -> None:
    """What a killed run left in TMPDIR: its workspace, with a number that nobody has."""
    left = case.place / "tmp" / "fw-advisor-run-4194299-x"
    left.mkdir()
    (left / "log").write_text("x", "ascii")


ROWS = [
    Fault("interrupt", "SIGINT while it reads", PAUSED, while_held(signal.SIGINT), (130,),
          "interrupted"),
    Fault("terminate", "SIGTERM while it reads", PAUSED, while_held(signal.SIGTERM), (130,),
          "interrupted"),
    Fault("hang-up", "SIGHUP while it reads", PAUSED, while_held(signal.SIGHUP), (130,),
          "interrupted"),
    Fault("interrupt-measuring", "SIGINT while it measures", ("probe", "probe-file"),
          while_measuring(signal.SIGINT), (130,), "interrupted", undone=True, quick=0),
    Fault("terminate-measuring", "SIGTERM while it measures", ("probe-file", "probe"),
          while_measuring(signal.SIGTERM), (130,), "interrupted", quick=1, undone=True),
    Fault("hang-up-measuring", "SIGHUP while it measures", ("probe", "probe-file"),
          while_measuring(signal.SIGHUP), (130,), "interrupted", quick=0),
    Fault("nohup", "SIGHUP to a command under nohup", ("probe",),
          acting(_signalled(signal.SIGHUP, works), shell("trap '' HUP")), quick=0),
    Fault("quit", "SIGQUIT while it measures", ("probe",), while_measuring(signal.SIGQUIT),
          (-signal.SIGQUIT,), mute="oe", quick=0),
    Fault("stopped", "SIGSTOP to all of it, SIGCONT a second later, as a suspended job",
          ("probe",), acting(_stopped), (0, 3), quick=0),
    Fault("kill-driver", "kill -9 of the driver", ("probe-file",),
          acting(_killed_at_random("driver"), _slow, old_outputs), (-9,), mute="oe",
          undone=True, quick=0),
    Fault("kill-worker", "kill -9 of a worker", ("probe-file",),
          acting(_killed_at_random("worker"), _slow, old_outputs), (3,), undone=True, quick=0),
    Fault("kill-guardian", "kill -9 of a guardian", ("probe-file",),
          acting(_killed_at_random("guardian"), _slow, old_outputs), (0, 3), undone=True, quick=0),
    Fault("kill-guardian-hung", "kill -9 of the guardian of a worker that hangs, deaf to signals",
          ("probe",), acting(_killed_at_random("guardian"), _stubborn), (0, 3), quick=0),
    Fault("kill-page", "kill -9 of a command that draws in a second process",
          ("report-page",), acting(_signalled(signal.SIGKILL, lambda r: time.sleep(0.8))),
          (-9,), mute="oe", undone=True),
    Fault("terminate-page", "SIGTERM to a command that draws in a second process",
          ("report-page",), acting(_signalled(signal.SIGTERM, lambda r: time.sleep(0.8))),
          (130,), "interrupted", undone=True, quick=0),
    Fault("pipe-out", "nobody reads stdout (broken pipe)",
          ("report", "scan", "claims", "report-screen", "doctor", "check", "advise"),
          shell("exec > fifo"), mute="o", undone=True),
    Fault("pipe-err", "nobody reads stderr (broken pipe)", ("report-text", "scan", "probe",
          "interview"), shell("exec 2> fifo"), mute="e"),
    Fault("closed-in", "stdin is closed", ("report", "scan", "interview", "probe"),
          shell("exec <&-"), quick=0),
    Fault("closed-out", "stdout is closed", ("report", "report-text", "scan", "report-page",
          "probe-file"), shell("exec >&-"), mute="o", undone=True),
    Fault("closed-err", "stderr is closed", ("report", "report-text", "scan", "probe"),
          shell("exec 2>&-"), mute="e", quick=2),
    Fault("closed-all", "all three streams are closed", ("report-text", "scan", "probe-file"),
          shell("exec <&- >&- 2>&-"), mute="oe", undone=True),
    Fault("affinity", "its CPUs are taken away in the middle (taskset)", ("probe",),
          acting(_affinity), (0, 3), quick=0),
    Fault("two-at-once", "another run measures", ("probe", "doctor"), _two_at_once, (0, 2),
          quick=1),
    Fault("stale-lock", "the lock of a run that was killed", ("probe",), _stale_lock, quick=0),
    Fault("foreign-lock", "a lock file that cannot be opened", ("probe",), _foreign_lock, (2,),
          "lock", needs=("root",), quick=1),
    Fault("lock-link", "a link in the place of the lock", ("probe",), _lock_is_a_link, (2,),
          "lock", quick=0),
    Fault("foreign-caches", "half-written and foreign files in the cache", ("probe",),
          _foreign_caches, quick=0),
    Fault("left-over", "the workspace of a run that was killed", ("probe",), _run_of_the_dead,
          quick=0),
]  # fmt: skip


def _broken_pipe(case: Case) -> None:
    """A pipe whose reading end closes as soon as somebody writes to it."""
    os.mkfifo(case.place / "fifo")

    def act(running: Running) -> None:
        os.close(os.open(running.place / "fifo", os.O_RDONLY))

    case.act = act


ROWS = [
    Fault(**{**vars(row), "how": both(_broken_pipe, row.how)})
    if row.id.startswith("pipe-") else row
    for row in ROWS
]  # fmt: skip
