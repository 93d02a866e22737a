"""On which CPUs a process runs, and moving all its threads (Linux; elsewhere nothing happens)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path


def affinity_of(pid: int) -> tuple[int, ...] | None:
    """The CPUs that *pid* may use, or None where the system does not tell."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    with contextlib.suppress(OSError):
        return tuple(sorted(os.sched_getaffinity(pid)))
    return None


def move_process(pid: int, cpus: Sequence[int]) -> None:
    """Move every thread of *pid* to *cpus*; twice, for threads born in between."""
    if not hasattr(os, "sched_setaffinity"):
        return
    for _ in range(2):
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(int(task.name), cpus)
