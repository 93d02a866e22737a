"""However the driver ends, no process that it started is left a second later."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.workers.worker import WorkerCommand, WorkerProcess
from tests.fakes import kit
from tests.fakes.kit import Script

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="subreapers and /proc are Linux's"
)


@contextlib.contextmanager
def start_driver(script: Script) -> Iterator[subprocess.Popen[str]]:
    """A driver with a worker and its children; a test that fails leaves none of them either."""
    driver = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.driver", str(script.state), script.argv[2]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "ready\n"
    everyone = below(driver.pid)
    try:
        yield driver
    finally:
        for pid in (driver.pid, *everyone):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        driver.stdout.close()
        driver.wait()


def below(pid: int) -> list[int]:
    """All processes whose ancestor is *pid*."""
    found: list[int] = []
    frontier = [pid]
    while frontier:
        children = []
        for task in frontier:
            for listing in Path(f"/proc/{task}/task").glob("*/children"):
                children += [int(child) for child in listing.read_text("ascii").split()]
        found += children
        frontier = children
    return found


def left_after_a_second(pids: list[int]) -> list[int]:
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline and any(kit.alive(pid) for pid in pids):
        time.sleep(0.01)
    return [pid for pid in pids if kit.alive(pid)]


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"])
@pytest.mark.parametrize("hung", [False, True])
def test_nothing_outlives_the_driver(script, number, hung):
    """The worker's children have left its group, its session and its environment."""
    script.fault("peak", "children", "jax")
    if hung:
        script.fault("precision", "stubborn", "jax")
    with start_driver(script) as driver:
        begotten = [int(p) for p in (script.state / "children").read_text("ascii").split()]
        everyone = [*begotten, *below(driver.pid)]
        # A guardian, its worker, and three that the worker begot.
        assert len(set(everyone)) >= 5
        assert all(kit.alive(pid) for pid in everyone)
        driver.send_signal(getattr(signal, number))
        driver.wait(5.0)
        assert left_after_a_second(everyone) == []


def test_ctrl_c_at_the_terminal_reaches_the_driver_only(script):
    """The terminal signals its foreground group: workers must live on, so that the driver
    can keep what is finished and end them in its own time."""
    script.fault("peak", "children", "jax")
    with start_driver(script) as driver:
        everyone = below(driver.pid)
        assert {os.getpgid(pid) for pid in everyone}.isdisjoint({os.getpgid(driver.pid)})
        driver.kill()
        driver.wait(5.0)
        assert left_after_a_second(everyone) == []


def command(place: Path, *argv: str) -> WorkerCommand:
    return WorkerCommand(argv, {"PATH": os.environ["PATH"]}, kit.cpus(1), place / "log")


def test_the_guardian_passes_on_how_the_worker_ended(tmp_path):
    for script, status in (("exit 7", 7), ("kill -SEGV $$", 128 + signal.SIGSEGV)):
        with WorkerProcess(command(tmp_path, "sh", "-c", script)) as process:
            assert process._process.wait(10.0) == status


def test_a_worker_starts_on_its_cpus_before_its_first_instruction(tmp_path):
    code = "import os; print(sorted(os.sched_getaffinity(0)), flush=True)"
    with WorkerProcess(command(tmp_path, sys.executable, "-c", f"{code}")) as process:
        assert process._process.stdout is not None
        assert process._process.stdout.readline().decode() == f"{list(kit.cpus(1))}\n"


def test_a_worker_has_default_signals_and_no_descriptor_but_its_own(tmp_path):
    """An inherited write end of the lifeline would keep it open for ever."""
    code = (
        "import os, signal; n = signal.SIGTERM;"
        "print(signal.getsignal(n) == signal.SIG_DFL, sorted(map(int, os.listdir('/proc/self/fd')))"
        "[:-1], flush=True)"
    )
    with WorkerProcess(command(tmp_path, sys.executable, "-c", code)) as process:
        assert process._process.stdout is not None
        assert process._process.stdout.readline() == b"True [0, 1, 2]\n"
