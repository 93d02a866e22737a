"""Who else computes here: how much of the allowed CPUs others use, and on which accelerator.

CPUs, before a launch and while it measures. Linux: per-CPU busy time from /proc/stat against the
CPU time of our own processes. An accelerator, before and after measuring and never while something
is timed: asked of its driver, by one command of one vendor. Where nothing is known, the gates that
need it say so.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from advisor.measure.progress import Tick

BUSY_SHARE = 0.10
# Own CPU time beyond what the counters saw, in seconds and as a share of the CPUs' time: more than
# their ticks can hide.
_IMPOSSIBLE_S, _IMPOSSIBLE_SHARE = 0.05, 0.3
_DRIVER_LIMIT_S = 5.0
# https://docs.nvidia.com/deploy/nvidia-smi/index.html, --query-compute-apps and --query-gpu
_FORMAT = "--format=csv,noheader,nounits"
_DRIVER_QUESTION = ("nvidia-smi", "--query-compute-apps=pid,gpu_uuid", _FORMAT)
_GPUS_QUESTION = ("nvidia-smi", "--query-gpu=index,uuid,name", _FORMAT)


@dataclass(frozen=True)
class Usage:
    """Counters at one moment: wall clock, busy time of the CPUs, time of our own processes."""

    wall_s: float
    busy_s: float
    own_s: float


class Meter(Protocol):
    """What tells how much of the CPUs others use; tests put a quiet or a busy machine here."""

    def read(self) -> Usage | None:
        """The counters now; None where the system has none."""

    def foreign_share(self, before: Usage | None, after: Usage | None) -> float | None:
        """The share of the CPUs that others used between two readings, 0 to 1."""


MeterFactory = Callable[[Sequence[int], Callable[[], Iterable[int]]], Meter]


class CpuMeter:
    """Watches a set of CPUs; *pids* gives the processes that are ours.

    Time that the hypervisor took (steal) counts as used by others: it is just as lost.
    """

    def __init__(
        self, cpus: Sequence[int], pids: Callable[[], Iterable[int]], root: Path = Path("/proc")
    ) -> None:
        self._cpus = {f"cpu{cpu}" for cpu in cpus}
        self._pids = pids
        self._root = root
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01

    def read(self) -> Usage | None:
        """The counters now; None where the system has none."""
        busy_s = self._busy_s()
        if busy_s is None:
            return None
        own_s = sum(self._process_s(pid) for pid in {os.getpid(), *self._pids()})
        return Usage(time.monotonic(), busy_s, own_s)

    def foreign_share(self, before: Usage | None, after: Usage | None) -> float | None:
        """The share of the CPUs that others used between two readings, 0 to 1."""
        if before is None or after is None or after.wall_s <= before.wall_s:
            return None
        room_s = (after.wall_s - before.wall_s) * max(1, len(self._cpus))
        busy_s, own_s = after.busy_s - before.busy_s, after.own_s - before.own_s
        if own_s - busy_s > max(_IMPOSSIBLE_S, _IMPOSSIBLE_SHARE * room_s):
            # We used what these counters did not see: they are of other CPUs.
            return None
        foreign_s = busy_s - own_s
        return min(1.0, max(0.0, foreign_s / room_s))

    def _busy_s(self) -> float | None:
        try:
            lines = (self._root / "stat").read_text("ascii").splitlines()
        except OSError:
            return None
        rows = {name: fields for name, *fields in map(str.split, filter(None, lines))}
        mine = [rows[cpu] for cpu in self._cpus if len(rows.get(cpu, ())) > 4]
        if len(mine) < len(self._cpus) or not any(map(int, (x for row in mine for x in row))):
            # Sandboxes show zeros, system containers rows of their own numbering: both would
            # read as CPUs that are never idle.
            return None
        # Everything but idle: idle time is kept exactly, the rest is sampled at ticks.
        idle = sum(int(row[3]) + int(row[4]) for row in mine)
        return time.monotonic() * len(self._cpus) - idle * self._tick_s

    def _process_s(self, pid: int) -> float:
        """CPU time of a process in ns resolution: schedstat's first field over its threads."""
        total_ns = 0
        with contextlib.suppress(OSError, IndexError, ValueError):
            for task in (self._root / str(pid) / "task").iterdir():
                total_ns += int((task / "schedstat").read_text("ascii").split()[0])
        return total_ns / 1e9


def wait_until_quiet(
    meter: Meter, *, limit_s: float, window_s: float = 0.3, tick: Tick
) -> float | None:
    """Wait until others use less than `BUSY_SHARE` of the CPUs, for at most *limit_s*.

    Returns the share at the end: below the limit, or what it still was; None where unknown.
    """
    deadline = time.monotonic() + limit_s
    announced = False
    while True:
        before = meter.read()
        time.sleep(window_s)
        share = meter.foreign_share(before, meter.read())
        if share is None or share < BUSY_SHARE or time.monotonic() >= deadline:
            return share
        if not announced:
            tick("waiting-for-quiet", share=share, limit_s=limit_s)
            announced = True


@dataclass
class Patience:
    """How long somebody may still wait for others to finish; what was waited is used up."""

    left_s: float

    def wait(self, meter: Meter, tick: Tick) -> None:
        """Wait until others are quiet, for what is left at most."""
        if self.left_s <= 0:
            return
        begin = time.monotonic()
        wait_until_quiet(meter, limit_s=self.left_s, tick=tick)
        self.left_s -= time.monotonic() - begin


def ask_driver(command: Sequence[str] = _DRIVER_QUESTION) -> str | None:
    """The driver's answer, or None where there is no such command or it does not answer."""
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=_DRIVER_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def foreign_processes(
    own: Collection[int] = (),
    ask: Callable[[], str | None] = ask_driver,
    *,
    gpu: str | None = None,
) -> int | None:
    """How many processes that are not *own* compute on the NVIDIA device *gpu*; None where unknown.

    *gpu* is a device's UUID as the driver writes it; without one, all devices count. Inside a
    container process ids may be hidden or another namespace's: a list with anything but ids tells
    nothing.
    """
    answer = ask()
    if answer is None:
        return None
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.splitlines() if line]
    if not all(row[0].isdigit() for row in rows):
        return None
    here = [row for row in rows if gpu is None or len(row) < 2 or row[1] == gpu]
    return len({int(row[0]) for row in here} - {os.getpid(), *own})


def measured_gpu(
    index: int,
    environ: Mapping[str, str],
    ask: Callable[[Sequence[str]], str | None] = ask_driver,
) -> str | None:
    """The UUID of the device that a framework calls *index*; None where it cannot be told.

    ``CUDA_VISIBLE_DEVICES`` names devices by number or by (the beginning of) their UUID. Its
    numbers are the driver's only in the order of the bus, or where all devices are equal: CUDA's
    own order is the fastest first.
    https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables
    """
    answer = ask(_GPUS_QUESTION)
    rows = [[c.strip() for c in line.split(",", 2)] for line in (answer or "").splitlines()]
    if not rows or not all(len(row) == 3 for row in rows):
        return None
    uuids = {row[0]: row[1] for row in rows}
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    names = list(uuids) if visible is None else [n.strip() for n in visible.split(",")]
    if not 0 <= index < len(names):
        return None
    name = names[index]
    if not name.isdigit():
        whole = [uuid for uuid in uuids.values() if name and uuid.startswith(name)]
        return whole[0] if len(whole) == 1 else None
    same = len({row[2] for row in rows}) == 1
    in_order = same or environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    return uuids.get(name) if in_order else None
