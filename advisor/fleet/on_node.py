"""What runs on a node inside Ray's worker: starts the job, tells of it, lets nothing outlive it.

Travels by value: nothing of ours is installed there. Standard library only. The job stands below a
keeper whose pipe this process alone holds, so that it ends with this process, however that goes;
and this process ends with the raylet that started it, which Ray alone does not see to.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO

PREFIX = "fw-advisor-fleet-"
# Answers as small as this travel inside Ray's own messages: no node has to be asked for them again.
_PART_BYTES = 64 * 1024
_TALK_BYTES = 4000
_STALE_S = 24 * 3600.0
# What Ray sets for its own worker, and what would change how a framework runs.
_OF_RAY = ("OMP_NUM_THREADS", "PYTHONBREAKPOINT", "PYTHONPATH")


class NodeJob:
    """One job on this node; an actor of Ray's, whose methods are called one after the other.

    Args:
        keeper: Source of the keeper, which ends the job when this process is gone.
    """

    def __init__(self, keeper: str) -> None:
        self._keeper = keeper
        self._talk = b""
        self._ended: int | None = None
        _remove_stale()
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

    def start(
        self, archive: bytes, files: dict[str, bytes], options: list[str], program: str | None
    ) -> None:
        """Start the exported file, or *program* beside it, in a directory of its own."""
        place = tempfile.mkdtemp(prefix=PREFIX)
        for name, data in {"probe.pyz": archive, **files}.items():
            with open(_in(place, os.path.basename(name)), "wb") as file:  # noqa: PTH119, PTH123
                file.write(data)
        script = _in(place, "probe.pyz")
        head = [script] if program is None else ["-c", program, script]
        # Not formatted: sizes hold braces of their own.
        words = [option.replace("{place}", place) for option in options]
        try:
            self._launch(place, script, [sys.executable, "-B", *head, *words])
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def poll(self, wait_s: float) -> dict[str, Any]:
        """What came within *wait_s*: ``part`` of the output, or the last line of its ``text``.

        ``code`` says that it has ended and that nothing follows.
        """
        ready, _, _ = select.select([self._said, self._status], [], [], wait_s)
        if self._said in ready:
            self._hear()
        if self._ended is None and self._status in ready:
            # Nothing stands there, and it is closed, where the keeper was killed.
            self._ended = int(os.read(self._status, 16) or b"137")
            self._hear(to_end=True)
        part = self._read_output()
        if part:
            return {"part": part}
        if self._ended is None:
            return {"text": self._last_line()}
        self._output.close()
        for pipe in (self._held, self._status, self._said):
            os.close(pipe)
        return {"code": self._ended, "text": self._talk.decode("utf-8", "replace")}

    def _launch(self, place: str, script: str, command: list[str]) -> None:
        """Start *command* below its keeper, which steps out from below this process."""
        guarded, self._held = os.pipe()
        self._status, status = os.pipe()
        self._said, said = os.pipe()
        out = _in(place, "out")
        argv = [script, place, str(status), str(guarded), "", "--", *command]
        with open(out, "wb") as spooled:  # noqa: PTH123
            # Before the keeper can remove it: what was written stays readable.
            self._output: BinaryIO = open(out, "rb")  # noqa: PTH123, SIM115
            launched = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", self._keeper, *argv],
                cwd=place,
                env={**_environment(), "TMPDIR": place},
                stdin=subprocess.DEVNULL,
                stdout=spooled,
                stderr=said,
                pass_fds=(guarded, status),
                start_new_session=True,
            )
        for pipe in (guarded, status, said):
            os.close(pipe)
        os.set_blocking(self._said, False)
        launched.wait()

    def _read_output(self) -> bytes:
        """The next part of the output, once the job has ended and all of it is there."""
        return b"" if self._ended is None else self._output.read(_PART_BYTES)

    def _hear(self, *, to_end: bool = False) -> None:
        """Keep the end of what the job said."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._said, _PART_BYTES):
                self._talk = (self._talk + data)[-_TALK_BYTES:]
            if not to_end:
                # Closed by the job, which goes on: no more to wait for here.
                time.sleep(0.1)

    def _last_line(self) -> str:
        lines = [x for x in self._talk.decode("utf-8", "replace").splitlines() if x.strip()]
        return lines[-1][-300:] if lines else ""


def _in(place: str, name: str) -> str:
    return os.path.join(place, name)  # noqa: PTH118


def _end_with(parent: int) -> None:
    """End this process when its parent, the raylet, is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _environment() -> dict[str, str]:
    """The node's own environment, without what Ray set for its worker.

    For a worker without a share of the accelerators Ray hides all of them.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RAY_")
        and name not in _OF_RAY
        and not (name.endswith("VISIBLE_DEVICES") and not value)
    }


def _remove_stale() -> None:
    """What a job of ours left here whose keeper was killed, a day ago."""
    root = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        for name in os.listdir(root):  # noqa: PTH208
            place = _in(root, name)
            with contextlib.suppress(OSError, AttributeError):
                about = os.lstat(place)
                mine = about.st_uid == os.getuid()
                if name.startswith(PREFIX) and mine and time.time() - about.st_mtime > _STALE_S:
                    shutil.rmtree(place, ignore_errors=True)
