"""Stands between the driver and a worker, and lets no process outlive the driver.

Run as a script (``python -I -S -c SOURCE``), one per worker. It holds the read end of a pipe
whose write end only the driver has: when that end closes, the driver is gone, however it went,
``kill -9`` included. A process group alone does not do this: a worker's children can leave the
group, and a death signal reaches only the worker. As a child subreaper the guardian stays the
ancestor of all of them (prctl(2), PR_SET_CHILD_SUBREAPER; Linux). Elsewhere it kills the
worker's process group, which is weaker.

Standard library only. The arguments are: the pipe's descriptor, the CPUs as a comma list (or
empty), ``--``, then the worker's command. Its exit status is the worker's.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def become_subreaper() -> None:
    """Make orphans of our descendants our own children."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_guardian(guardian: int) -> None:
    """Let the kernel kill this process when its guardian, process *guardian*, is killed.

    Run in the worker before its program: prctl(2), PR_SET_PDEATHSIG, which execve(2) keeps.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != guardian:
        os._exit(127)


def descendants() -> list[int]:
    """Process ids below this one, from /proc; empty where there is none."""
    parents: dict[int, int] = {}
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []
    for entry in entries:
        if entry.isdigit():
            with (
                contextlib.suppress(OSError, ValueError, IndexError),
                open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file,
            ):
                parents[int(entry)] = int(file.read().rsplit(")", 1)[1].split()[1])
    below: list[int] = []
    frontier = {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        below.extend(frontier)
    return below


def kill_all(worker: subprocess.Popen[bytes]) -> None:
    """Kill every descendant; those born while killing are caught by the next pass."""
    with contextlib.suppress(OSError):
        os.killpg(worker.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        living = descendants()
        for pid in living:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        reap()
        if not living:
            return
        time.sleep(0.002)


def reap() -> None:
    """Collect children that have ended (orphans that we inherited included)."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(argv: list[str]) -> int:
    """Start the worker, wait for it or for the driver's end, leave nothing behind."""
    pipe = int(argv[0])
    cpus = [int(cpu) for cpu in argv[1].split(",") if cpu]
    command = argv[argv.index("--") + 1 :]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The driver decides when the worker ends. A handler, since "ignore" would be inherited.
        signal.signal(number, lambda *_: None)
    become_subreaper()
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)
    try:
        guardian = os.getpid()
        # One thread runs here, so that what comes between fork and exec cannot hang.
        worker = subprocess.Popen(
            command,
            start_new_session=True,
            restore_signals=True,
            preexec_fn=lambda: end_with_guardian(guardian),  # noqa: PLW1509
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "strerror", None) or error
        print(f"cannot start {command[0]}: {why}", file=sys.stderr)
        return 127
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while worker.poll() is None:
        ready, _, _ = select.select([pipe, wake], [], [], 60.0)
        if pipe in ready:
            break
        if wake in ready:
            os.read(wake, 4096)
    kill_all(worker)
    status = worker.poll()
    if status is None:
        status = -signal.SIGKILL
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
