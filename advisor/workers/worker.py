"""A worker process as the driver sees it: started under a guardian, asked, timed out, ended.

Knows pipes, deadlines and how a process died. Knows nothing of what is measured. Every way in
which a worker can misbehave becomes a `WorkerError`: a stable id, what it is about, and the end of
the worker's log.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.evidence import Reason
from advisor.jsonio import LONG, finite, whole, whole_characters
from advisor.text import inert, private
from advisor.workers.replies import Hello, ReplyError

MAX_REPLY_BYTES = 64 * 1024 * 1024
MAX_LOG_BYTES = 64 * 1024 * 1024
_TAIL_BYTES = 1500
_REASONS = {
    "ModuleNotFoundError": "framework-missing",
    "ImportError": "framework-missing",
    "DeviceMissingError": "device-missing",
    "TranslationMissingError": "translation-missing",
    "TranslationError": "translation-failed",
}


class WorkerError(Exception):
    """A worker that could not answer: an id and values; as text it is for logs only.

    Args:
        reason_id: Stable id: ``worker-crashed``, ``worker-hung``, ``worker-garbage``,
            ``output-flood``, ``framework-missing``, ``device-missing``, ``framework-error`` or
            ``fell-back``.
        case: Which of the id's sentences is meant, where it has several.
        values: What it is about, by name.
    """

    def __init__(self, reason_id: str, case: str = "", /, **values: Any) -> None:
        super().__init__(f"{reason_id} {case} {values}")
        self.id = reason_id
        self.case = case
        self.values = values

    @property
    def reason(self) -> Reason:
        """The same as a part of the evidence."""
        return Reason(self.id, self.case, self.values)


def garbage(error: ReplyError) -> WorkerError:
    """An answer that no measurement can have given, as the worker's fault."""
    return WorkerError("worker-garbage", error.case, **error.values)


@dataclass(frozen=True)
class WorkerCommand:
    """How one worker is started: interpreter and script first, then its own options."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    cpus: tuple[int, ...]
    log: Path


def guardian_source() -> str:
    """The guardian as text, found in a directory or a zip file alike."""
    data = pkgutil.get_data("advisor.workers", "guardian.py")
    assert data is not None
    return data.decode("utf-8")


class WorkerProcess:
    """One worker, from start to end; a context manager that never leaves it running."""

    def __init__(self, command: WorkerCommand) -> None:
        self._command = command
        self._buffer = b""
        read_end, self._lifeline = os.pipe()
        self._log = command.log.open("ab")
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    guardian_source(),
                    str(read_end),
                    ",".join(str(cpu) for cpu in command.cpus),
                    "--",
                    *command.argv,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=command.environment,
                pass_fds=(read_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._lifeline)
            self._log.close()
            raise
        finally:
            os.close(read_end)
        self.hello = Hello(pid=self._process.pid)

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, verb: str, *, timeout_s: float, **fields: Any) -> dict[str, Any]:
        """Send one request and return its reply.

        Raises:
            WorkerError: no usable reply in time, or the framework raised.
        """
        request = json.dumps({"do": verb, **fields}, allow_nan=False) + "\n"
        stdin = self._process.stdin
        assert stdin is not None
        self._refuse_leftovers(verb)
        try:
            stdin.write(request.encode("utf-8"))
            stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._dead(verb) from None
        reply = self.receive(verb, timeout_s)
        if not reply.get("ok"):
            stated = reply.get("error")
            error = stated if isinstance(stated, dict) else {"text": stated}
            kind = inert(str(error.get("type", "error")), limit=60)
            text = inert(private(str(error.get("text") or kind)), limit=600)
            raise WorkerError(_REASONS.get(kind, "framework-error"), kind=kind, text=text)
        return reply

    def receive(self, verb: str, timeout_s: float) -> dict[str, Any]:
        """The next line of the worker as an object; *verb* is what errors call it.

        Raises:
            WorkerError: no line in time, a dead worker, or a line that is no JSON object.
        """
        stdout = self._process.stdout
        assert stdout is not None
        descriptor = stdout.fileno()
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                self.kill()
                raise WorkerError("worker-hung", doing=verb, limit_s=timeout_s)
            if select.select([descriptor], [], [], min(left, 1.0))[0]:
                chunk = os.read(descriptor, 1 << 16)
                if not chunk:
                    raise self._dead(verb)
                self._buffer += chunk
            self._refuse_flood(verb)
        line, _, self._buffer = self._buffer.partition(b"\n")
        self._refuse_more_than_one_line(verb)
        try:
            reply = json.loads(
                line.decode("utf-8"),
                parse_constant=_refuse,
                parse_float=finite,
                parse_int=whole if LONG.search(line) else None,
            )
            # Half a character could be written nowhere.
            reply = whole_characters(reply) if b"\\ud" in line.lower() else reply
        except (ValueError, RecursionError) as error:
            self.kill()
            raise WorkerError("worker-garbage", "no-json", doing=verb) from error
        if not isinstance(reply, dict):
            self.kill()
            raise WorkerError("worker-garbage", "answer-no-object", doing=verb)
        return reply

    def _refuse_leftovers(self, verb: str) -> None:
        """An answer that nobody asked for would be taken for the next one."""
        stdout = self._process.stdout
        assert stdout is not None
        waiting = not stdout.closed and select.select([stdout.fileno()], [], [], 0)[0]
        if waiting:
            self._buffer += os.read(stdout.fileno(), 1 << 16)
        if self._buffer:
            self.kill()
            raise WorkerError("worker-garbage", "unasked", doing=verb)

    def _refuse_more_than_one_line(self, verb: str) -> None:
        if self._buffer:
            self.kill()
            raise WorkerError("worker-garbage", "twice", doing=verb)

    def _refuse_flood(self, verb: str) -> None:
        if len(self._buffer) > MAX_REPLY_BYTES or self._log.tell() > MAX_LOG_BYTES:
            self.kill()
            raise WorkerError("output-flood", "output", doing=verb)
        with contextlib.suppress(OSError):
            if self._command.log.stat().st_size > MAX_LOG_BYTES:
                self.kill()
                raise WorkerError("output-flood", "log", doing=verb)

    def _dead(self, verb: str) -> WorkerError:
        return crashed(verb, self._wait(2.0), log=self.log_tail())

    def log_tail(self) -> str:
        """The end of what the worker wrote to stderr, made inert and private."""
        try:
            with self._command.log.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _TAIL_BYTES))
                raw = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line for line in raw.splitlines() if line.strip()]
        return inert(private("; ".join(lines[-3:])), limit=500)

    def kill(self) -> None:
        """End the worker and everything below it now (closing the lifeline does that)."""
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)
        self._wait(6.0)

    def close(self) -> None:
        """Ask the worker to leave, then make sure that it has."""
        with contextlib.suppress(WorkerError, OSError):
            if self._process.poll() is None and self._lifeline >= 0:
                self.ask("bye", timeout_s=2.0)
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()

    def _wait(self, timeout_s: float) -> int | None:
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                self._process.kill()
            return None


def worker_argv(interpreter: str, worker: Sequence[str], *options: str) -> tuple[str, ...]:
    """The command of a worker; ``-B`` since its site-packages may be read-only."""
    return (interpreter, "-B", *worker, "worker", *options)


def _refuse(word: str) -> float:
    raise ValueError(f"{word} in a reply")


def crashed(doing: str, status: int | None, *, log: str = "") -> WorkerError:
    """A worker that ended in the middle of *doing*, as its exit *status* tells."""
    logged = {"log": log} if log else {}
    if status is None:
        return WorkerError("worker-crashed", "unknown", doing=doing, **logged)
    if status > 128:
        with contextlib.suppress(ValueError):
            name = signal.Signals(status - 128).name
            return WorkerError("worker-crashed", "signal", doing=doing, signal=name, **logged)
    return WorkerError("worker-crashed", "exit", doing=doing, status=status, **logged)
