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

BUSY_SHARE = 0.10


@dataclass(frozen=True)
class Usage:
    """Counters at one moment: wall clock, busy time of the CPUs, time of our own processes."""

    wall_s: float
    busy_s: float
    own_s: float


class CpuMeter:
    """Watches a set of CPUs; *pids* gives the processes that are ours."""

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
        total = 0
        for line in lines:
            name, *fields = line.split()
            if name in self._cpus:
                user, nice, system, _idle, _wait, irq, softirq = (int(f) for f in fields[:7])
                total += user + nice + system + irq + softirq
        return total * self._tick_s

    def _process_s(self, pid: int) -> float:
        with contextlib.suppress(OSError, IndexError, ValueError):
            text = (self._root / str(pid) / "stat").read_text("ascii", "replace")
            fields = text.rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) * self._tick_s
        return 0.0


def wait_until_quiet(
    meter: CpuMeter, *, limit_s: float, window_s: float = 0.3, tell: Callable[[str], None]
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
