"""Who else computes on the accelerator: asked of the driver before and after measuring.

Knows one command of one vendor; where there is none, nothing is known, and the certificate says
so. Never asked while something is timed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Sequence

_LIMIT_S = 5.0
# https://docs.nvidia.com/deploy/nvidia-smi/index.html, --query-compute-apps
_QUESTION = ("nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader,nounits")


def ask_driver(command: Sequence[str] = _QUESTION) -> str | None:
    """The driver's answer, or None where there is no such command or it does not answer."""
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def foreign_processes(
    own: Collection[int] = (), ask: Callable[[], str | None] = ask_driver
) -> int | None:
    """How many processes that are not *own* compute on NVIDIA devices; None where unknown.

    Inside a container process ids may be hidden or another namespace's: a list with anything
    but ids tells nothing.
    """
    answer = ask()
    if answer is None:
        return None
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    if not all(line.isdigit() for line in lines):
        return None
    return len({int(line) for line in lines} - {os.getpid(), *own})
