"""What runs on a node inside Ray's worker: starts the exported worker, and lets nothing outlive it.

Travels by value: nothing of ours is installed there. Standard library only. The job stands behind a
guardian whose pipe only this process holds, so that it ends with this process, however that goes;
and this process ends with the raylet that started it, which Ray alone does not see to.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

PREFIX = "fw-advisor-fleet-"
_STALE_S = 24 * 3600.0
_LOOK_S = 50.0
# What Ray sets for its own worker, and what would change how a framework runs.
_OF_RAY = ("OMP_NUM_THREADS", "PYTHONBREAKPOINT", "PYTHONPATH")
_SMI = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]


class NodeJob:
    """One job on this node; an actor of Ray's, whose methods are called one after the other.

    Args:
        guardian: Source of the guardian, which ends the job when this process is gone.
    """

    def __init__(self, guardian: str) -> None:
        self._guardian = guardian
        self._place = ""
        self._job: subprocess.Popen[bytes] | None = None
        self._shown = 0
        _remove_stale()
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

    def look(self, archive: bytes, pythons: list[str]) -> dict[str, Any]:
        """Processor, cores, accelerators, system, and what every interpreter holds."""
        self._unpack({"probe.pyz": archive})
        try:
            return {
                "cpu": _processor(),
                "cores": _cores(),
                "accelerators": _accelerators(),
                "system": sys.platform,
                "pythons": [self._inspected(python) for python in pythons or [sys.executable]],
            }
        finally:
            shutil.rmtree(self._place, ignore_errors=True)

    def start(
        self, archive: bytes, files: dict[str, bytes], arguments: list[str], python: str
    ) -> None:
        """Start the exported worker with *arguments*, under *python* or this interpreter."""
        self._unpack({**files, "probe.pyz": archive})
        read, self._held = os.pipe()
        guarded = [python or sys.executable, "-B", "probe.pyz", *arguments]
        argv = [sys.executable, "-I", "-S", "-c", self._guardian, str(read), "", "--", *guarded]
        with open(self._in("out"), "wb") as out, open(self._in("said"), "wb") as said:  # noqa: PTH123
            self._job = subprocess.Popen(
                argv,
                cwd=self._place,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=said,
                pass_fds=(read,),
            )
        os.close(read)

    def poll(self, wait_s: float) -> dict[str, Any]:
        """After at most *wait_s*: what it said last, and code and output where it has ended."""
        assert self._job is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._job.wait(wait_s)
        code = self._job.poll()
        if code is None:
            return {"text": self._last_line()}
        with open(self._in("out"), "rb") as out:  # noqa: PTH123
            output = out.read()
        text = self._last_line(again=True)
        shutil.rmtree(self._place, ignore_errors=True)
        return {"code": code, "output": output, "text": text}

    def _last_line(self, *, again: bool = False) -> str:
        """The last line on stderr, where there is a new one."""
        with contextlib.suppress(OSError), open(self._in("said"), "rb") as said:  # noqa: PTH123
            said.seek(0 if again else self._shown)
            new = said.read()
            self._shown = said.tell()
            lines = [line for line in new.decode("utf-8", "replace").splitlines() if line.strip()]
            return lines[-1][-300:] if lines else ""
        return ""

    def _inspected(self, python: str) -> dict[str, Any]:
        """Frameworks of one interpreter, from its package metadata."""
        shown: dict[str, Any] = {"python": python}
        try:
            done = subprocess.run(
                [python, "-B", "probe.pyz", "inspect"],
                cwd=self._place,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LOOK_S,
                check=False,
            )
            held = json.loads(done.stdout or b"{}").get("frameworks") or {}
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return {**shown, "problem": f"{type(error).__name__}: {error}"[:300]}
        versions = {name: str(known.get("version")) for name, known in held.items() if known}
        return {**shown, "frameworks": versions}

    def _unpack(self, files: dict[str, bytes]) -> None:
        self._place = tempfile.mkdtemp(prefix=PREFIX)
        for name, data in files.items():
            with open(self._in(os.path.basename(name)), "wb") as file:  # noqa: PTH119, PTH123
                file.write(data)

    def _in(self, name: str) -> str:
        return os.path.join(self._place, name)  # noqa: PTH118


def _end_with(parent: int) -> None:
    """End this process when its parent, the raylet, is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _environment() -> dict[str, str]:
    """The node's own environment, without what Ray set for its worker."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_") and k not in _OF_RAY}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _remove_stale() -> None:
    """What a killed job of ours left on this node a day ago."""
    root = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        for name in os.listdir(root):  # noqa: PTH208
            place = os.path.join(root, name)  # noqa: PTH118
            with contextlib.suppress(OSError, AttributeError):
                about = os.lstat(place)
                mine = about.st_uid == os.getuid()
                if name.startswith(PREFIX) and mine and time.time() - about.st_mtime > _STALE_S:
                    shutil.rmtree(place, ignore_errors=True)


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.lower().startswith("model name"):
                return re.sub(r"\((R|TM|tm)\)", "", line.partition(":")[2]).strip()
    import platform  # noqa: PLC0415

    return platform.processor() or platform.machine()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _accelerators() -> list[str]:
    try:
        done = subprocess.run(_SMI, capture_output=True, text=True, timeout=20.0, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
