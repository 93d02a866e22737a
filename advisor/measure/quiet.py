"""How much of the allowed CPUs others use: before a launch, and while it measures.

Linux: per-CPU busy time from /proc/stat against the CPU time of our own processes. Elsewhere
nothing is known, and the gates that need it say so.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BUSY_SHARE = 0.10


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
        foreign_s = (after.busy_s - before.busy_s) - (after.own_s - before.own_s)
        return min(1.0, max(0.0, foreign_s / room_s))

    def _busy_s(self) -> float | None:
        try:
            lines = (self._root / "stat").read_text("ascii").splitlines()
        except OSError:
            return None
        # Everything but idle: idle time is kept exactly, the rest is sampled at ticks.
        idle = 0
        for line in lines:
            name, *fields = line.split()
            if name in self._cpus:
                idle += int(fields[3]) + int(fields[4])
        return time.monotonic() * len(self._cpus) - idle * self._tick_s

    def _process_s(self, pid: int) -> float:
        """CPU time of a process in ns resolution: schedstat's first field over its threads."""
        total_ns = 0
        with contextlib.suppress(OSError, IndexError, ValueError):
            for task in (self._root / str(pid) / "task").iterdir():
                total_ns += int((task / "schedstat").read_text("ascii").split()[0])
        return total_ns / 1e9


def wait_until_quiet(
    meter: Meter, *, limit_s: float, window_s: float = 0.3, tell: Callable[[str], None]
) -> float | None:
    """Wait until others use less than `BUSY_SHARE` of the CPUs, for at most *limit_s*.

    Returns the share at the end: below the limit, or what it still was; None where unknown.
    """
    deadline = time.monotonic() + limit_s
    told = False
    while True:
        before = meter.read()
        time.sleep(window_s)
        share = meter.foreign_share(before, meter.read())
        if share is None or share < BUSY_SHARE or time.monotonic() >= deadline:
            return share
        if not told:
            tell(f"other processes use {share:.0%} of the CPUs; waiting up to {limit_s:.0f} s")
            told = True
