"""One launch: fresh workers, the modes of every item built and warmed, then blocks in turn.

Both workers are alive and one is running: alternation in short blocks makes both sides see the
same second of the machine. Knows the protocol of a launch; decides nothing about its numbers.
A worker that crashes or hangs costs its own mode: the others go on in a fresh process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from advisor.evidence import UNTRIED, Reason
from advisor.measure.choosing import certifying, is_heavy
from advisor.measure.pool import LaunchOptions, WorkerPool
from advisor.measure.schedule import launch_order
from advisor.measure.tries import Tries, in_turns
from advisor.measure.turns import Turns
from advisor.measure.work import Failure, LaunchResult, Mode, Series, ToolchainSpec, WorkItem
from advisor.pair import JIT
from advisor.workers.replies import ReplyError, check_facts
from advisor.workers.worker import WorkerError, WorkerProcess, garbage


class RunningLaunch:
    """One launch of one series.

    Args:
        options: What all launches of the run share.
        series: The device, the CPUs and all items.
        index: Which launch it is, from 0.
        items: The items that need this launch.
        skipped: What failed in earlier launches, by item and mode.
        first: Whether no launch of the series was made before: it times compilers, each alone.
        again: Whether one was: what is built shows once more what it computes.

    Where a budget limits how long the variants of a model may be tried, those that come last are
    noted as untried.
    """

    def __init__(
        self,
        options: LaunchOptions,
        series: Series,
        index: int,
        items: Sequence[WorkItem],
        skipped: Mapping[tuple[str, str], Failure],
        *,
        first: bool,
        again: bool = False,
    ) -> None:
        self._options = options
        self._series = series
        self._items = items
        self._skipped = skipped
        self._first = first
        self._pool = WorkerPool(options, series)
        self._done: set[tuple[str, str]] = set()
        self._alone: str | None = None
        self._untried: list[Mode] = []
        self._tries = Tries(on_cpu=series.on_cpu)
        self._broken: set[str] = set()
        self._threads = ThreadPoolExecutor(max_workers=2)
        self.result = LaunchResult(index)
        meter = options.meter(series.cpus, self._pool.pids)
        self._turns = Turns(
            options, series, self._pool, self.result, meter, first=first, again=again
        )

    def run(self) -> LaunchResult:
        """Measure every item; always ends its workers."""
        try:
            if self._series.exclusive:
                self._measure_one_by_one()
            else:
                self._start_all()
                self._measure_items()
        except KeyboardInterrupt:
            self.result.interrupted = True
        finally:
            # Ending the workers first releases threads that still wait for an answer.
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._pool.close()
            self._threads.shutdown(wait=True)
        if self.result.interrupted:
            # An item in the middle of its rounds says nothing; finished ones are kept.
            runs = {k: run for k, run in self.result.runs.items() if k in self._done}
            self.result.runs = runs
        return self.result

    def observation_path(self, item: WorkItem, mode: Mode) -> Path:
        """Where the worker writes what this mode computed."""
        return self._turns.observation_path(item, mode)

    def _measure_one_by_one(self) -> None:
        """Every item with one toolchain's worker, which then makes room for the next one's."""
        for place, toolchain in enumerate(self._toolchains()):
            self._alone = toolchain.key
            with self.result.spending("starting"):
                self._start_one(toolchain, place)
            self._measure_items()
            self._pool.end(toolchain)

    def _measure_items(self) -> None:
        for item in self._items:
            # What a choice that was not tried would have found is not certified.
            chosen = item.role != "parity" or self._has_chosen(item)
            if chosen and self._options.room(item):
                self._measure_item(item)

    def _has_chosen(self, parity: WorkItem) -> bool:
        """Whether the ways to write the model of *parity* were tried in this launch, or before."""
        choices = [i for i in self._items if i.role == "choice" and i.asked is parity.asked]
        return not choices or any((i.key, m.label) in self._done for i in choices for m in i.modes)

    def _side_by_side(self, actions: Sequence[Callable[[], None]], *, heavy: bool = False) -> None:
        """Run the set-up of each worker; together, but where one would slow what is timed.

        Nor together where what is set up is *heavy* and they have the same CPUs.
        """
        protocol = self._options.protocol
        own_cpus = len(self._series.setup_cpus) > 1
        in_turn = self._first and not own_cpus and protocol.compile_alone
        if in_turn or (heavy and not own_cpus) or not protocol.concurrent_setup:
            for action in actions:
                action()
            return
        for future in [self._threads.submit(action) for action in actions]:
            future.result()

    def _toolchains(self) -> list[ToolchainSpec]:
        by_key = {m.toolchain.key: m.toolchain for item in self._items for m in item.modes}
        # The same key for all launches, so that every other one has the reversed order.
        key = f"{self._options.seed}/{self._series.key}"
        return [by_key[name] for name in launch_order(sorted(by_key), self.result.index, key)]

    def _needs_worker(self, toolchain: ToolchainSpec) -> bool:
        """Not one whose modes are all broken, or run in processes of their own."""
        return self._first or any(
            mode.toolchain == toolchain
            and not (item.own_process or mode.few_samples)
            and (item.key, mode.label) not in self._skipped
            for item in self._items
            for mode in item.modes
        )

    def _start_all(self) -> None:
        self._options.tick("starting", cores=self._series.cores)
        placed = list(enumerate(self._toolchains()))
        for place, toolchain in placed:
            self._pool.seat(toolchain, place)
        needed = [(place, t) for place, t in placed if self._needs_worker(t)]
        with self.result.spending("starting"):
            self._side_by_side([partial(self._start_one, t, place) for place, t in needed])

    def _start_one(self, toolchain: ToolchainSpec, place: int) -> None:
        self._pool.seat(toolchain, place)
        worker = self._start_or_fail(toolchain)
        if worker is not None and self._first:
            self._ask_facts(toolchain, worker)

    def _start_or_fail(self, toolchain: ToolchainSpec) -> WorkerProcess | None:
        """A worker that has said hello; where none does, every item that it owes has failed."""
        try:
            worker = self._pool.start(toolchain)
        except WorkerError as error:
            self._fail_all(toolchain, error)
            return None
        self.result.hellos[toolchain.key] = worker.hello
        return worker

    def _ask_facts(self, toolchain: ToolchainSpec, worker: WorkerProcess) -> None:
        if toolchain.framework == "numpy":
            return
        try:
            limit_s = self._options.protocol.facts_timeout_s
            precision = worker.ask("precision", timeout_s=limit_s)
            peak = worker.ask("peak", timeout_s=limit_s)
            self.result.facts[toolchain.key] = {
                **check_facts(precision, "max_relative_error"),
                **check_facts(peak, "flops_per_s", "bytes_per_s"),
            }
        except (WorkerError, ReplyError) as error:
            self._fail_all(toolchain, garbage(error) if isinstance(error, ReplyError) else error)
            self._pool.end(toolchain)

    def _measure_item(self, item: WorkItem) -> None:
        """Every mode that is owed, in turn; or one by one, each in a process of its own."""
        modes = item.modes
        if item.role == "parity":
            modes = certifying(item, self._items, self.result)
        here = [mode for mode in modes if self._alone in (None, mode.toolchain.key)]
        owed = [
            mode
            for mode in here
            if (self._first or not mode.few_samples)
            and (item.key, mode.label) not in self._skipped
            and (item.key, mode.label) not in self.result.failures
        ]
        if item.own_process:
            for mode in owed:
                self._measure_apart(item, mode)
        else:
            self._measure_modes(item, owed)
        for mode in here:
            self._done.add((item.key, mode.label))
            self._turns.drop(item, mode)
        for mode in self._untried:
            self.result.failures[item.key, mode.label] = Failure("skipped", Reason(UNTRIED))
        self._untried.clear()

    def _measure_apart(self, item: WorkItem, mode: Mode) -> None:
        """One mode in a fresh process; where none starts, this mode alone has failed."""
        with self._pool.apart(mode.toolchain):
            with self.result.spending("starting"):
                started = self._turns.guarded(item, mode, self._start_apart)
            if started:
                self._measure_modes(item, [mode])
        self._done.add((item.key, mode.label))

    def _start_apart(self, item: WorkItem, mode: Mode) -> None:
        del item
        self._pool.start(mode.toolchain)

    def _measure_modes(self, item: WorkItem, modes: list[Mode]) -> None:
        while modes:
            with self.result.spending("starting"):
                self._start_missing(modes)
            modes = self._unbroken(item, modes)
            if not modes or self._try_item(item, modes):
                break
            for mode in modes:
                if (item.key, mode.label) in self.result.failures:
                    self._pool.end(mode.toolchain)
            modes = self._unbroken(item, modes)

    def _unbroken(self, item: WorkItem, modes: Sequence[Mode]) -> list[Mode]:
        return [m for m in modes if (item.key, m.label) not in self.result.failures]

    def _start_missing(self, modes: Sequence[Mode]) -> None:
        """A fresh process for each toolchain whose worker broke or was ended."""
        for toolchain in {mode.toolchain.key: mode.toolchain for mode in modes}.values():
            if toolchain.key not in self._pool.workers:
                self._start_or_fail(toolchain)

    def _try_item(self, item: WorkItem, modes: Sequence[Mode]) -> bool:
        """Build, warm and time *modes*; False where one of them broke."""
        self._pool.move(to_measure=False)
        groups: dict[str, list[Mode]] = {}
        for mode in modes:
            groups.setdefault(mode.toolchain.key, []).append(mode)
        self._untried.clear()
        self._tries = Tries(on_cpu=self._series.on_cpu)
        self._broken.clear()
        begin = time.monotonic()
        with self.result.spending("building"):
            self._prepare(item, groups)
        if len(self._unbroken(item, modes)) < len(modes):
            return False
        modes = [mode for mode in modes if mode not in self._untried]
        self._pool.move(to_measure=True)
        for key, worker in self._pool.workers.items():
            # They are elsewhere now than when they said hello.
            self.result.hellos[key] = worker.hello
        return self._turns.time(item, modes, built_s=time.monotonic() - begin)

    def _prepare(self, item: WorkItem, groups: Mapping[str, Sequence[Mode]]) -> None:
        """Build and warm what each worker is to run; of a model's ways what there is time for."""
        choosing_s = self._options.choosing_s() if item.role == "choice" else None
        heavy = self._series.on_cpu and is_heavy(item)
        if choosing_s is None:
            actions = [partial(self._prepare_group, item, group) for group in groups.values()]
            self._side_by_side(actions, heavy=heavy)
            return
        until_s = time.monotonic() + choosing_s
        for turn in zip(*(in_turns(group) for group in groups.values()), strict=True):
            actions = [partial(self._prepare_group, item, group, until_s) for group in turn]
            self._side_by_side(actions, heavy=heavy)

    def _prepare_group(
        self, item: WorkItem, modes: Sequence[Mode], until_s: float = math.inf
    ) -> None:
        """Prepare *modes* in turn; but a framework's first, only those that *until_s* has time for.

        Those that it has not are untried. Where one breaks, its worker has no turn more: what else
        it has built is built again, in a fresh one.
        """
        for mode in self._unbroken(item, modes):
            if mode.toolchain.key in self._broken:
                return
            begin = time.monotonic()
            expected_s = self._tries.expected_s(item, mode, self.result.runs.get((item.key, JIT)))
            bounded = self._tries.begun(mode) and math.isfinite(until_s)
            if bounded and begin + expected_s > until_s:
                self._untried.append(mode)
                continue
            limit_s = self._tries.limit_s(mode, expected_s) if bounded else math.inf
            prepare = partial(self._turns.prepare, limit_s=limit_s)
            if self._turns.guarded(item, mode, prepare):
                self._tries.note(mode, time.monotonic() - begin)
                continue
            self._broken.add(mode.toolchain.key)
            failure = self.result.failures.get((item.key, mode.label))
            if item.role == "choice" and failure is not None:
                late = bounded and failure.status == "timeout"
                alike = self._tries.alike(item.modes, mode, failure, late=late)
                self.result.failures |= {(item.key, label): f for label, f in alike.items()}
            return

    def _fail_all(self, toolchain: ToolchainSpec, error: WorkerError) -> None:
        for item in self._items:
            for mode in item.modes:
                if mode.toolchain == toolchain and (item.key, mode.label) not in self._done:
                    self._turns.fail(item, mode, error)
