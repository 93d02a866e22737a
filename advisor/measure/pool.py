"""The workers of one launch: where they are set up, where they are measured, and their end.

Knows processes, CPUs and what all launches of a run share. It must not know items of work, modes
or what a worker is asked to do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.measure.progress import Tick, silent
from advisor.measure.quiet import CpuMeter, MeterFactory, Patience
from advisor.measure.work import Protocol, Series, ToolchainSpec, WorkItem
from advisor.workers.affinity import affinity_of, move_process
from advisor.workers.environment import worker_environment
from advisor.workers.replies import ReplyError, check_hello
from advisor.workers.worker import (
    WorkerCommand,
    WorkerProcess,
    garbage,
    worker_argv,
)


@dataclass(frozen=True)
class LaunchOptions:
    """What all launches of a run share.

    `inputs` holds, by item, the file of its shared inputs and their SHA-256; `plants_s` a delay
    per call by mode, which the self-test plants; `patience` is how long they may wait for quiet,
    `room` whether there is time left for an item, and `choosing_s` how long the variants of a
    model may be tried, None where nobody asks.
    """

    workspace: Path
    worker: Sequence[str]
    settings: str
    seed: int
    protocol: Protocol
    inputs: Mapping[str, tuple[str, str]]
    plants_s: Mapping[str, float] = field(default_factory=dict)
    tick: Tick = silent
    meter: MeterFactory = CpuMeter
    room: Callable[[WorkItem], bool] = lambda _: True
    choosing_s: Callable[[], float | None] = lambda: None
    patience: Patience = field(default_factory=lambda: Patience(0.0))


class WorkerPool:
    """One worker per toolchain; all that were ever begun are ended with `close`."""

    def __init__(self, options: LaunchOptions, series: Series) -> None:
        self._options = options
        self._series = series
        self._begun: list[WorkerProcess] = []
        self._setup_cpus: dict[str, tuple[int, ...]] = {}
        self.workers: dict[str, WorkerProcess] = {}

    def pids(self) -> list[int]:
        """The processes of the workers that are there."""
        return [worker.hello.pid for worker in self.workers.values()]

    def seat(self, toolchain: ToolchainSpec, place: int) -> None:
        """Choose the CPUs on which the *place*-th worker is set up."""
        sets = self._series.setup_cpus or (self._series.cpus,)
        self._setup_cpus[toolchain.key] = sets[place % len(sets)]

    def start(self, toolchain: ToolchainSpec) -> WorkerProcess:
        """A worker that has said hello.

        Raises:
            WorkerError: it did not start, or what it said is no hello.
        """
        options, series = self._options, self._series
        argv = worker_argv(
            toolchain.interpreter,
            options.worker,
            *("--framework", toolchain.framework),
            *("--device", series.device),
            *("--cores", str(series.cores)),
            *("--settings", options.settings),
            *("--precision", series.precision),
        )
        log = options.workspace / f"{toolchain.key}-{series.cores}.log"
        environment = worker_environment(options.workspace, toolchain.key, cores=series.cores)
        cpus = self._setup_cpus[toolchain.key]
        worker = WorkerProcess(WorkerCommand(argv, environment, cpus, log))
        self._begun.append(worker)
        try:
            reply = worker.ask("hello", timeout_s=options.protocol.hello_timeout_s)
            worker.hello = check_hello(reply)
        except ReplyError as error:
            worker.close()
            raise garbage(error) from error
        except BaseException:
            worker.close()
            raise
        self.workers[toolchain.key] = worker
        return worker

    def end(self, toolchain: ToolchainSpec) -> None:
        """End the worker of *toolchain*, if there is one."""
        worker = self.workers.pop(toolchain.key, None)
        if worker is not None:
            worker.close()

    @contextlib.contextmanager
    def apart(self, toolchain: ToolchainSpec) -> Iterator[None]:
        """Time in which *toolchain* has no worker; one that begins meanwhile ends with it.

        The worker that was there waits, or ends where one process at a time can have the device.
        """
        if self._series.exclusive:
            self.end(toolchain)
        waiting = self.workers.pop(toolchain.key, None)
        try:
            yield
        finally:
            self.end(toolchain)
            if waiting is not None:
                self.workers[toolchain.key] = waiting

    def move(self, *, to_measure: bool) -> None:
        """Move every thread of every worker to the measured CPUs, or back to set up more."""
        for key, worker in self.workers.items():
            cpus = self._series.cpus if to_measure else self._setup_cpus[key]
            if cpus != (now := affinity_of(worker.hello.pid)) and now is not None:
                move_process(worker.hello.pid, cpus)
            allowed = affinity_of(worker.hello.pid)
            if to_measure and allowed is not None:
                worker.hello = replace(worker.hello, affinity=allowed)

    def close(self) -> None:
        """End every worker that was ever begun."""
        for worker in list(self._begun):
            worker.close()
