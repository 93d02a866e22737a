"""Real workers for tests: one process per framework, asked in plain protocol lines.

A framework can bring its own process down. That costs the test that asked: it says which signal
ended the worker, and the next one finds a new worker.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_ENDS_WITHIN_S = 20
# What torch.compile keeps on disk doesn't ask which instructions it was made for: a kernel that was
# written for another vector width is taken, and writes past its arrays.
_COMPILED = tempfile.TemporaryDirectory(prefix="fw-advisor-tests-inductor-")
atexit.register(_COMPILED.cleanup)


class WorkerDiedError(AssertionError):
    """A worker's process ended while it was asked for something."""


class RealWorker:
    """One worker process; `send` and `receive` apart, so that two of them can work at once."""

    def __init__(self, framework: str, cores: int = 1) -> None:
        self.framework = framework
        self._cores = cores
        self._start()

    def _start(self) -> None:
        argv = [sys.executable, str(ROOT / "probes"), "worker", "--framework", self.framework]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (as long as its process)
        self._process = subprocess.Popen(
            [*argv, "--cores", str(self._cores)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": _COMPILED.name},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, verb: str, **request: Any) -> None:
        if self._process.poll() is not None:
            self.close()
            self._start()
            self.ask("hello")
        try:
            self._process.stdin.write(json.dumps({"do": verb, **request}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    def receive(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise self._death()
        reply = json.loads(line)
        assert reply["ok"], reply
        return reply

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        self.send(verb, **request)
        return self.receive()

    def _death(self) -> WorkerDiedError:
        status = self._process.wait(timeout=_ENDS_WITHIN_S)
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._log.seek(0)
        said = self._log.read()[-300:].decode("utf-8", "replace").strip()
        return WorkerDiedError(f"the {self.framework} worker was ended by {how}; it said: {said!r}")

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


@contextmanager
def both_frameworks(cores: int = 1) -> Iterator[dict[str, RealWorker]]:
    """A worker with PyTorch and one with JAX, both greeted."""
    workers = {framework: RealWorker(framework, cores) for framework in ("pytorch", "jax")}
    try:
        for worker in workers.values():
            worker.send("hello")
        for worker in workers.values():
            worker.receive()
        yield workers
    finally:
        for worker in workers.values():
            worker.close()


def receive_all(workers: Mapping[str, RealWorker]) -> dict[str, dict[str, Any]]:
    """The reply of each; all are waited for before the first failure is told.

    A reply that nobody takes would answer the next question.
    """
    replies: dict[str, dict[str, Any]] = {}
    failed: list[AssertionError] = []
    for framework, worker in workers.items():
        try:
            replies[framework] = worker.receive()
        except AssertionError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return replies
