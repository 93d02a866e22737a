"""Real workers for tests: one process per framework, asked in plain protocol lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class RealWorker:
    """One worker process; `send` and `receive` apart, so that two of them can work at once."""

    def __init__(self, framework: str, cores: int = 1) -> None:
        self.framework = framework
        argv = [sys.executable, str(ROOT / "probes"), "worker", "--framework", framework]
        self._process = subprocess.Popen(
            [*argv, "--cores", str(cores)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def send(self, verb: str, **request: Any) -> None:
        self._process.stdin.write(json.dumps({"do": verb, **request}) + "\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        reply = json.loads(self._process.stdout.readline())
        assert reply["ok"], reply
        return reply

    def ask(self, verb: str, **request: Any) -> dict[str, Any]:
        self.send(verb, **request)
        return self.receive()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


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
