"""All rows of the matrix, and what this machine allows of them."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache

from tests.faults import rows_ends, rows_files, rows_frameworks, rows_places, rows_terminal
from tests.faults.case import Fault

FAULTS: list[Fault] = [
    *rows_files.ROWS,
    *rows_places.ROWS,
    *rows_ends.ROWS,
    *rows_frameworks.ROWS,
    *rows_terminal.ROWS,
]

NOT_INJECTABLE: dict[str, str] = {
    "clock set back": "a time namespace moves only the monotonic clocks, and setting the clock "
    "moves it for the whole machine; held by unit tests of the self-test's cache",
    "suspend": "needs a machine that sleeps; SIGSTOP of all processes stands for it",
    "CPU hotplug": "moves a CPU away from the whole machine; affinity stands for it",
    "OOM killer": "needs a writable memory cgroup; SIGKILL of a worker and RLIMIT_AS stand for it",
}


@lru_cache(maxsize=1)
def allowed() -> frozenset[str]:
    """What of `Fault.needs` this machine has."""
    found = set()
    if os.geteuid() == 0:
        found.add("root")
    tried = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=4k tmpfs /mnt"]
    try:
        if subprocess.run(tried, capture_output=True, check=False).returncode == 0:
            found.add("mounts")
    except OSError:
        pass
    return frozenset(found)


def missing(fault: Fault) -> list[str]:
    """What *fault* needs and this machine has not."""
    return sorted(set(fault.needs) - allowed())
