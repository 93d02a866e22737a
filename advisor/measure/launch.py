"""One launch: fresh workers, their modes built and warmed, then blocks in turn.

Both workers are alive and one is running: alternation in short blocks makes both sides see the
same second of the machine. Knows the protocol of a launch; decides nothing about its numbers.
A worker that crashes or hangs costs its own mode: the others go on in a fresh process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from advisor.measure import gates
from advisor.measure.crew import Crew
from advisor.measure.work import (
    Cell,
    Failure,
    LaunchResult,
    Mode,
    ModeRun,
    Series,
    ToolchainSpec,
)
from advisor.workers.replies import (
    ReplyError,
    check_block,
    check_build,
    check_facts,
    check_finish,
    check_latency,
    check_warm,
)
from advisor.measure.schedule import block_orders, launch_order
from advisor.measure.setting import Setting
from advisor.workers.worker import WorkerError, WorkerProcess

_STATUS = {"worker-hung": "timeout", "framework-missing": "skipped", "device-missing": "skipped"}


class Launch:
    """One launch of one series."""

    def __init__(
        self,
        setting: Setting,
        series: Series,
        index: int,
        cells: Sequence[Cell],
        skipped: Mapping[tuple[str, str], Failure],
        *,
        first: bool,
    ) -> None:
        self._setting = setting
        self._series = series
        self._cells = cells
        self._skipped = skipped
        self._first = first
        self._crew = Crew(setting, series)
        self._done: set[tuple[str, str]] = set()
        self._alone: str | None = None
        self._meter = setting.meter(series.cpus, self._crew.pids)
        self._pool = ThreadPoolExecutor(max_workers=2)
        self.result = LaunchResult(index)

    def run(self) -> LaunchResult:
        """Measure every cell; always ends its workers."""
        try:
            if self._series.exclusive:
                self._measure_one_by_one()
            else:
                self._start_all()
                for cell in self._cells:
                    self._measure_cell(cell)
        except KeyboardInterrupt:
            self.result.interrupted = True
        finally:
            # Ending the workers first releases threads that still wait for an answer.
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._crew.close()
            self._pool.shutdown(wait=True)
        if self.result.interrupted:
            # A cell in the middle of its rounds says nothing; finished ones are kept.
            runs = {k: run for k, run in self.result.runs.items() if k in self._done}
            self.result.runs = runs
        return self.result

    def _measure_one_by_one(self) -> None:
        """Every cell with one toolchain's worker, which then makes room for the next one's."""
        for place, toolchain in enumerate(self._toolchains()):
            self._alone = toolchain.key
            with self.result.spending("starting"):
                self._start_one(toolchain, place)
            for cell in self._cells:
                self._measure_cell(cell)
            self._crew.end(toolchain)

    def _side_by_side(self, actions: Sequence[Callable[[], None]]) -> None:
        """Run the set-up of each worker; together, but where one would slow what is timed."""
        protocol = self._setting.protocol
        apart = len(self._series.setup_cpus) > 1 or not protocol.compile_alone
        if (self._first and not apart) or not protocol.concurrent_setup:
            for action in actions:
                action()
            return
        for future in [self._pool.submit(action) for action in actions]:
            future.result()

    def _toolchains(self) -> list[ToolchainSpec]:
        found = {m.toolchain.key: m.toolchain for c in self._cells for m in c.modes}
        # The same key for all launches, so that every other one has the reversed order.
        key = f"{self._setting.seed}/{self._series.key}"
        return [found[name] for name in launch_order(sorted(found), self.result.index, key)]

    def _start_all(self) -> None:
        self._setting.tick(f"starting workers on {self._cores_text()}")
        toolchains = self._toolchains()
        with self.result.spending("starting"):
            self._side_by_side([partial(self._start_one, t, n) for n, t in enumerate(toolchains)])

    def _start_one(self, toolchain: ToolchainSpec, place: int) -> None:
        self._crew.seat(toolchain, place)
        worker = self._start_or_fail(toolchain)
        if worker is not None and self._first:
            self._ask_facts(toolchain, worker)

    def _start_or_fail(self, toolchain: ToolchainSpec) -> WorkerProcess | None:
        """A worker that has said hello; where none does, every cell that it owes has failed."""
        try:
            worker = self._crew.start(toolchain)
        except WorkerError as error:
            self._fail_all(toolchain, error)
            return None
        self.result.hellos[toolchain.key] = worker.hello
        return worker

    def _ask_facts(self, toolchain: ToolchainSpec, worker: WorkerProcess) -> None:
        if toolchain.framework == "numpy":
            return
        try:
            limit_s = self._setting.protocol.facts_timeout_s
            precision = worker.ask("precision", timeout_s=limit_s)
            peak = worker.ask("peak", timeout_s=limit_s)
            self.result.facts[toolchain.key] = {
                **check_facts(precision, "max_relative_error"),
                **check_facts(peak, "flops_per_s", "bytes_per_s"),
            }
        except (WorkerError, ReplyError) as error:
            self._fail_all(toolchain, _as_worker_error(error))
            self._crew.end(toolchain)

    def _measure_cell(self, cell: Cell) -> None:
        """Every mode that is owed, in turn; or one by one, each in a process of its own."""
        modes = [
            mode
            for mode in cell.modes
            if self._alone in (None, mode.toolchain.key)
            and (self._first or not mode.few_samples)
            and (cell.key, mode.label) not in self._skipped
            and (cell.key, mode.label) not in self.result.failures
        ]
        if cell.own_process:
            for mode in modes:
                self._measure_apart(cell, mode)
        else:
            self._measure_modes(cell, modes)
        for mode in cell.modes:
            if self._alone in (None, mode.toolchain.key):
                self._done.add((cell.key, mode.label))
                self._drop(cell, mode)

    def _measure_apart(self, cell: Cell, mode: Mode) -> None:
        """One mode in a fresh process; where none starts, this mode alone has failed."""
        with self._crew.apart(mode.toolchain):
            with self.result.spending("starting"):
                started = self._guarded(cell, mode, self._start_apart)
            if started:
                self._measure_modes(cell, [mode])
        self._done.add((cell.key, mode.label))

    def _start_apart(self, cell: Cell, mode: Mode) -> None:
        del cell
        self._crew.start(mode.toolchain)

    def _measure_modes(self, cell: Cell, modes: list[Mode]) -> None:
        while modes:
            with self.result.spending("starting"):
                self._start_missing(modes)
            modes = self._unbroken(cell, modes)
            if not modes or self._try_cell(cell, modes):
                break
            for mode in modes:
                if (cell.key, mode.label) in self.result.failures:
                    self._crew.end(mode.toolchain)
            modes = self._unbroken(cell, modes)

    def _unbroken(self, cell: Cell, modes: Sequence[Mode]) -> list[Mode]:
        return [m for m in modes if (cell.key, m.label) not in self.result.failures]

    def _start_missing(self, modes: Sequence[Mode]) -> None:
        """A fresh process for each toolchain whose worker broke or was ended."""
        for toolchain in {mode.toolchain.key: mode.toolchain for mode in modes}.values():
            if toolchain.key not in self._crew.workers:
                self._start_or_fail(toolchain)

    def _try_cell(self, cell: Cell, modes: Sequence[Mode]) -> bool:
        """Build, warm and time *modes*; False where one of them broke."""
        self._crew.move(to_measure=False)
        groups: dict[str, list[Mode]] = {}
        for mode in modes:
            groups.setdefault(mode.toolchain.key, []).append(mode)
        with self.result.spending("building"):
            self._side_by_side(
                [partial(self._prepare_group, cell, group) for group in groups.values()]
            )
        if len(self._unbroken(cell, modes)) < len(modes):
            return False
        self._crew.move(to_measure=True)
        return self._rounds(cell, modes)

    def _prepare_group(self, cell: Cell, modes: Sequence[Mode]) -> None:
        for mode in modes:
            if not self._guarded(cell, mode, self._prepare):
                return

    def _prepare(self, cell: Cell, mode: Mode) -> None:
        protocol = self._setting.protocol
        worker = self._crew.workers[mode.toolchain.key]
        self._setting.tick(f"{cell.key} {mode.label} on {self._cores_text()}: building")
        path, _ = self._setting.inputs.get(cell.key, ("", ""))
        plant_s = self._setting.plants_s.get(mode.label, 0.0)
        observe = str(self.observation_path(cell, mode)) if self._first and path else ""
        reply = worker.ask(
            "build",
            timeout_s=protocol.build_timeout_s,
            key=_key(cell, mode),
            mode=mode.name,
            workload=cell.probe,
            size=dict(cell.size),
            inputs=path,
            observe=observe,
            plant_s=plant_s,
            source=cell.source,
        )
        built = check_build(reply)
        run = ModeRun(
            import_s=worker.hello.get("import_s"),
            first_calls_s=built["first_calls_s"],
            build_s=built["build_s"],
            variant=built["variant"],
            counters=built["counters"],
        )
        if built.get("fell_back"):
            raise WorkerError("fell-back", "the mode ran without having compiled anything")
        self._setting.tick(f"{cell.key} {mode.label} on {self._cores_text()}: warming up")
        if not mode.few_samples:
            warm = worker.ask(
                "warm",
                timeout_s=protocol.build_timeout_s,
                key=_key(cell, mode),
                min_s=protocol.warm_min_s,
                max_s=protocol.warm_max_s,
            )
            run.steady, run.calls = check_warm(warm)
        self.result.runs[cell.key, mode.label] = run

    def observation_path(self, cell: Cell, mode: Mode) -> Path:
        """Where the worker writes what this mode computed."""
        name = f"{self._series.key}-{cell.key}-{mode.label}".replace("/", "-")
        return self._setting.workspace / f"observed-{name}.npz"

    def _rounds(self, cell: Cell, modes: Sequence[Mode]) -> bool:
        protocol = self._setting.protocol
        by_label = {mode.label: mode for mode in modes}
        key = f"{self._setting.seed}/{self._series.key}/{cell.key}/{self.result.index}"
        regular = [mode.label for mode in modes if not mode.few_samples]
        rounds = protocol.few_blocks if cell.one_off else protocol.rounds
        start = self._meter.read()
        for number, order in enumerate(block_orders(regular, rounds, key)):
            self._setting.tick(
                f"{cell.key} on {self._cores_text()}: round {number + 1} of {rounds}"
            )
            if not self._round(cell, [by_label[label] for label in order], number):
                return False
        share = self._busiest(cell, self._meter.foreign_share(start, self._meter.read()))
        self.result.foreign_share[cell.key] = share
        blocks = {label: self.result.runs[cell.key, label].blocks for label in regular}
        gates.mark_blocks(blocks)
        self.result.noisy.discard(cell.key)
        if share is not None and share > gates.LAUNCH_FOREIGN_SHARE:
            self.result.noisy.add(cell.key)
        few = [mode for mode in modes if mode.few_samples]
        for number in range(protocol.few_blocks):
            if not self._round(cell, few, number):
                return False
        waited = [mode for mode in modes if cell.latency and not mode.few_samples]
        if not all(self._guarded(cell, mode, self._wait_for_each) for mode in waited):
            return False
        return all(self._guarded(cell, mode, self._collect) for mode in modes)

    def _busiest(self, cell: Cell, share: float | None) -> float | None:
        """Of workers that follow each other, the more disturbed one counts for both."""
        before = self.result.foreign_share.get(cell.key) if self._series.exclusive else None
        return share if before is None or share is None else max(before, share)

    def _round(self, cell: Cell, modes: Sequence[Mode], number: int) -> bool:
        before = self._meter.read()
        blocks: list[dict[str, Any]] = []
        for mode in modes:
            time.sleep(self._setting.protocol.gap_s)
            if not self._guarded(cell, mode, self._block):
                return False
            block = self.result.runs[cell.key, mode.label].blocks[-1]
            block["round"] = number
            blocks.append(block)
        share = self._meter.foreign_share(before, self._meter.read())
        for block in blocks:
            block["foreign_share"] = share
        return True

    def _block(self, cell: Cell, mode: Mode) -> None:
        protocol = self._setting.protocol
        run = self.result.runs[cell.key, mode.label]
        reply = self._timed(
            cell,
            mode,
            "block",
            seconds=protocol.block_s,
            calls=run.calls,
            min_samples=2 if mode.few_samples else protocol.min_samples,
        )
        run.blocks.append(check_block(reply))

    def _wait_for_each(self, cell: Cell, mode: Mode) -> None:
        reply = self._timed(cell, mode, "latency", seconds=self._setting.protocol.latency_s)
        self.result.runs[cell.key, mode.label].waited_s = check_latency(reply)

    def _timed(self, cell: Cell, mode: Mode, verb: str, **request: Any) -> dict[str, Any]:
        worker = self._crew.workers[mode.toolchain.key]
        limit_s = self._setting.protocol.block_timeout_s
        with self.result.spending("timing"):
            return worker.ask(verb, timeout_s=limit_s, key=_key(cell, mode), **request)

    def _collect(self, cell: Cell, mode: Mode) -> None:
        reply = self._crew.workers[mode.toolchain.key].ask(
            "finish", timeout_s=30.0, key=_key(cell, mode)
        )
        run = self.result.runs[cell.key, mode.label]
        run.counters, run.peak_memory_bytes = check_finish(reply)

    def _guarded(self, cell: Cell, mode: Mode, action: Callable[[Cell, Mode], None]) -> bool:
        try:
            action(cell, mode)
        except (WorkerError, ReplyError) as error:
            self._fail(cell, mode, _as_worker_error(error))
            return False
        return True

    def _fail(self, cell: Cell, mode: Mode, error: WorkerError) -> None:
        if self.result.interrupted:
            # A worker that we ended ourselves has not failed.
            return
        status = _STATUS.get(error.reason, "failed")
        self.result.failures[cell.key, mode.label] = Failure(status, error.reason, error.text)
        self.result.runs.pop((cell.key, mode.label), None)

    def _fail_all(self, toolchain: ToolchainSpec, error: WorkerError) -> None:
        for cell in self._cells:
            for mode in cell.modes:
                if mode.toolchain == toolchain and (cell.key, mode.label) not in self._done:
                    self._fail(cell, mode, error)

    def _drop(self, cell: Cell, mode: Mode) -> None:
        worker = self._crew.workers.get(mode.toolchain.key)
        if worker is None or (cell.key, mode.label) not in self.result.runs:
            return
        try:
            worker.ask("drop", timeout_s=30.0, key=_key(cell, mode))
        except WorkerError:
            self._crew.end(mode.toolchain)

    def _cores_text(self) -> str:
        return "1 core" if self._series.cores == 1 else f"{self._series.cores} cores"


def _as_worker_error(error: WorkerError | ReplyError) -> WorkerError:
    if isinstance(error, WorkerError):
        return error
    return WorkerError("worker-garbage", f"an answer that cannot be: {error}")


def _key(cell: Cell, mode: Mode) -> str:
    return f"{cell.key}:{mode.label}"
