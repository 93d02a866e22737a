"""Small checks of behaviour, run in one worker per framework, both at once.

What a framework does is not timed against the other, so that they may share the machine. A check
that fails costs itself only: what broke the worker is named, and the others go on in a new one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from advisor.evidence import Behaviour, EntryStatus
from advisor.measure.work import ToolchainSpec
from advisor.pair import Framework
from advisor.workers.affinity import affinity_of
from advisor.workers.environment import worker_environment
from advisor.workers.replies import ReplyError, check_behaviour, check_hello
from advisor.workers.worker import (
    WorkerCommand,
    WorkerError,
    WorkerProcess,
    garbage,
    worker_argv,
)

START_TIMEOUT_S = 180.0
CHECK_TIMEOUT_S = 180.0
Told = Callable[[str, int, int], None]
"""Called with a check that ended, how many have, and of how many."""


@dataclass
class _Count:
    told: Told
    total: int
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, check: str) -> None:
        with self.lock:
            self.done += 1
            self.told(check, self.done, self.total)


def observe_behaviour(
    checks: Sequence[str],
    toolchains: Sequence[ToolchainSpec],
    *,
    worker: Sequence[str],
    workspace: Path,
    told: Told = lambda *_: None,
) -> list[Behaviour]:
    """What every one of *checks* finds in the first toolchain of each framework.

    Workers run with the framework's own defaults: what a user gets out of the box is what is asked.
    """
    first = {spec.framework: spec for spec in reversed(toolchains)}
    count = _Count(told, len(checks) * len(first))
    found: list[Behaviour] = []
    if not checks:
        return found
    with ThreadPoolExecutor(max_workers=max(1, len(first))) as pool:
        jobs = [
            pool.submit(_Checks(spec, worker, workspace, count, _cpu(place)).run, checks)
            for place, spec in enumerate(first.values())
        ]
        for job in jobs:
            found += job.result()
    place = {check: number for number, check in enumerate(checks)}
    return sorted(found, key=lambda seen: (place[seen.check], seen.framework != "pytorch"))


def _cpu(place: int) -> tuple[int, ...]:
    """One CPU for each worker: threads of two that share CPUs wait for each other."""
    allowed = sorted(affinity_of(os.getpid()) or ())
    return (allowed[place % len(allowed)],) if allowed else ()


class _Checks:
    """The checks of one framework, in one process as long as it lives."""

    def __init__(
        self,
        spec: ToolchainSpec,
        worker: Sequence[str],
        workspace: Path,
        count: _Count,
        cpus: tuple[int, ...],
    ) -> None:
        self._spec, self._count = spec, count
        options = ("--framework", spec.framework, "--settings", "default", "--cores", "1")
        argv = worker_argv(spec.interpreter, worker, *options)
        environment = worker_environment(workspace, f"behaviour-{spec.key}")
        log = workspace / f"behaviour-{spec.key}.log"
        self._command = WorkerCommand(argv, environment, cpus, log)
        self._process: WorkerProcess | None = None

    def run(self, checks: Sequence[str]) -> list[Behaviour]:
        """One element per check, in their order."""
        seen = []
        try:
            for check in checks:
                seen.append(self._look(check))
                self._count.add(check)
        finally:
            self._end()
        return seen

    def _look(self, check: str) -> Behaviour:
        framework = cast("Framework", self._spec.framework)
        version = self._spec.version
        try:
            reply = self._started().ask("behave", timeout_s=CHECK_TIMEOUT_S, check=check)
            findings, seconds = check_behaviour(reply)
        except (WorkerError, ReplyError) as error:
            fault = garbage(error) if isinstance(error, ReplyError) else error
            if fault.id != "framework-error":
                self._end()
            status: EntryStatus = "timeout" if fault.id == "worker-hung" else "failed"
            return Behaviour(
                check=check, framework=framework, version=version, reason=fault.reason,
                status=status,
            )  # fmt: skip
        return Behaviour(
            check=check, framework=framework, version=version, status="ok",
            seconds=round(seconds, 3), findings=findings,
        )  # fmt: skip

    def _started(self) -> WorkerProcess:
        if self._process is None:
            process = WorkerProcess(self._command)
            self._process = process
            process.hello = check_hello(process.ask("hello", timeout_s=START_TIMEOUT_S))
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
