"""Where facts about a machine are read from: files below a root, commands, the environment.

Everything that looks at the machine goes through one `Host`, so that a test can hand in a
directory that looks like another machine's root. Knows nothing of what the facts mean.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_COMMAND_TIMEOUT_S = 5.0
_MAX_BYTES = 1 << 20
# What commands and frameworks need to find a driver; nothing else is read from the environment.
_COMMAND_VARIABLES = ("PATH", "HOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "ROCM_PATH")


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit status (127: not started, None: it hung) and its output."""

    status: int | None
    text: str = ""


class Host:
    """One machine, real or made of files.

    Args:
        root: The directory that stands for ``/``. Any other than ``/`` is taken for a Linux
            machine of which only the files are known.
        environ: The environment; the process's own unless given.
    """

    def __init__(self, root: str | Path = "/", environ: Mapping[str, str] | None = None) -> None:
        self.root = Path(root)
        self.is_real = self.root == Path("/")
        self.environ: Mapping[str, str] = os.environ if environ is None else environ
        self.system = platform.system() if self.is_real else "Linux"

    def path(self, name: str) -> Path:
        """The place of the absolute path *name* below the root."""
        return self.root / name.lstrip("/")

    def exists(self, name: str) -> bool:
        """Whether *name* exists and may be looked at."""
        with contextlib.suppress(OSError):
            return self.path(name).exists()
        return False

    def read(self, name: str) -> str | None:
        """The text of a small file, stripped; None where it is absent or may not be read."""
        try:
            with self.path(name).open("rb") as file:
                return file.read(_MAX_BYTES).decode("utf-8", "replace").strip("\0 \t\r\n")
        except OSError:
            return None

    def read_int(self, name: str) -> int | None:
        """The file *name* as an integer, decimal or ``0x...``; None where it holds none."""
        with contextlib.suppress(ValueError, TypeError):
            return int(self.read(name) or "", 0)
        return None

    def listing(self, name: str) -> list[str]:
        """The names in a directory, numbers in order; empty where there is none."""
        try:
            names = [entry.name for entry in self.path(name).iterdir()]
        except OSError:
            return []
        return sorted(names, key=_natural)

    def matching(self, directory: str, pattern: str) -> list[str]:
        """The names in *directory* that match the regular expression *pattern* whole."""
        return [name for name in self.listing(directory) if re.fullmatch(pattern, name)]

    def find_command(self, name: str, *places: str) -> str | None:
        """Where the command *name* lies: on the PATH, or in one of *places*."""
        if self.is_real:
            path = shutil.which(name, path=self.environ.get("PATH"))
            if path:
                return path
        for place in ("/usr/bin", *places):
            candidate = self.path(place) / name
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return str(candidate)
        return None

    def run(self, argv: Sequence[str], timeout_s: float | None = None) -> Ran:
        """Run a driver's or a system's tool."""
        kept = {k: v for k, v in self.environ.items() if k in _COMMAND_VARIABLES}
        limit_s = _COMMAND_TIMEOUT_S if timeout_s is None else timeout_s
        return run_command(argv, {**kept, "LC_ALL": "C"}, limit_s)

    def output_of(self, argv: Sequence[str], timeout_s: float | None = None) -> str | None:
        """What a command prints; None where it fails, hangs or is absent."""
        ran = self.run(argv, timeout_s)
        return ran.text if ran.status == 0 else None

    def affinity(self) -> tuple[int, ...] | None:
        """The logical CPUs that this process may use; None where the system does not tell."""
        if self.is_real and hasattr(os, "sched_getaffinity"):
            return tuple(sorted(os.sched_getaffinity(0)))
        for line in (self.read("/proc/self/status") or "").splitlines():
            if line.startswith("Cpus_allowed_list:"):
                return cpu_list(line.partition(":")[2])
        return None


def run_command(argv: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> Ran:
    """Run *argv*, at most for *timeout_s*.

    A driver's tool can hang in the kernel, where nothing ends it: it is killed and not waited
    for.
    """
    with tempfile.TemporaryFile() as out:
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=dict(environ),
                start_new_session=True,
            )
        except (OSError, ValueError):
            return Ran(127)
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            end_group(process)
            return Ran(None)
        out.seek(0)
        return Ran(status, out.read(_MAX_BYTES).decode("utf-8", "replace"))


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill *process* and its group; give up after a second."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)


def cpu_list(text: str) -> tuple[int, ...]:
    """The kernel's list format: ``0-2,5`` is (0, 1, 2, 5); malformed parts are left out."""
    numbers: set[int] = set()
    for part in text.strip().split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if match:
            first = int(match.group(1))
            numbers.update(range(first, int(match.group(2) or first) + 1))
    return tuple(sorted(numbers))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
