"""The workers of one launch: where they are set up, where they are measured, and their end.

Knows processes and CPUs. It must not know cells, modes or what a worker is asked to do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from advisor.workers.affinity import affinity_of, move_process
from advisor.workers.environment import worker_environment
from advisor.measure.work import Series, ToolchainSpec
from advisor.workers.replies import ReplyError, check_hello
from advisor.measure.setting import Setting
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv


class Crew:
    """One worker per toolchain; all that were ever begun are ended with `close`."""

    def __init__(self, setting: Setting, series: Series) -> None:
        self._setting = setting
        self._series = series
        self._begun: list[WorkerProcess] = []
        self._setup_cpus: dict[str, tuple[int, ...]] = {}
        self.workers: dict[str, WorkerProcess] = {}

    def pids(self) -> list[int]:
        """The processes of the workers that are there."""
        return [worker.hello["pid"] for worker in self.workers.values()]

    def seat(self, toolchain: ToolchainSpec, place: int) -> None:
        """Choose the CPUs on which the *place*-th worker is set up."""
        sets = self._series.setup_cpus or (self._series.cpus,)
        self._setup_cpus[toolchain.key] = sets[place % len(sets)]

    def start(self, toolchain: ToolchainSpec) -> WorkerProcess:
        """A worker that has said hello.

        Raises:
            WorkerError: it did not start, or what it said is no hello.
        """
        setting, series = self._setting, self._series
        argv = worker_argv(
            toolchain.interpreter,
            setting.worker,
            *("--framework", toolchain.framework),
            *("--device", series.device),
            *("--cores", str(series.cores)),
            *("--settings", setting.settings),
            *("--precision", series.precision),
        )
        log = setting.workspace / f"{toolchain.key}-{series.cores}.log"
        environment = worker_environment(setting.workspace, toolchain.key)
        cpus = self._setup_cpus[toolchain.key]
        worker = WorkerProcess(WorkerCommand(argv, environment, cpus, log))
        self._begun.append(worker)
        try:
            reply = worker.ask("hello", timeout_s=setting.protocol.hello_timeout_s)
            worker.hello = check_hello(reply)
        except ReplyError as error:
            worker.close()
            raise WorkerError("worker-garbage", f"its first answer: {error}") from error
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
            if cpus != (now := affinity_of(worker.hello["pid"])) and now is not None:
                move_process(worker.hello["pid"], cpus)
            found = affinity_of(worker.hello["pid"])
            if to_measure and found is not None:
                worker.hello["affinity"] = list(found)

    def close(self) -> None:
        """End every worker that was ever begun."""
        for worker in list(self._begun):
            worker.close()
