"""What the modes of one item do in live workers: built, warmed, then timed in turn.

Knows the questions that a worker is asked and the order of blocks. It must not know how workers
are started, nor which items there are. What one mode breaks costs that mode alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from advisor.evidence import Block, EntryStatus
from advisor.measure import gates
from advisor.measure.crashes import told_of_crash
from advisor.measure.itself import STEPS
from advisor.measure.pool import LaunchOptions, WorkerPool
from advisor.measure.quiet import Meter
from advisor.measure.schedule import block_orders
from advisor.measure.work import Failure, LaunchResult, Mode, ModeRun, Series, WorkItem
from advisor.workers.replies import (
    ReplyError,
    check_block,
    check_build,
    check_finish,
    check_latency,
    check_warm,
)
from advisor.workers.worker import WorkerError, garbage

_STATUS: dict[str, EntryStatus] = {
    "worker-hung": "timeout",
    "framework-missing": "skipped",
    "device-missing": "skipped",
}
_FINISH_TIMEOUT_S = 30.0
# So many rounds in a row that others spoilt are no burst: they are waited for.
SPOILT_ROUNDS = 3
# Timing an item may take this share of what building it took, up to so many times the plan: more
# pairs pin a launch's ratio, but it is launches that differ.
TIMED_SHARE = 0.5
MOST_TIMES_DEAR = 2
# The least that a block of long steps takes: one to refill the caches, and one that counts.
BLOCK_CALLS = 2
LONG_CALL_S = 0.02


class Turns:
    """The modes of a series' items in one launch, taking turns; fills `result`."""

    def __init__(
        self,
        options: LaunchOptions,
        series: Series,
        pool: WorkerPool,
        result: LaunchResult,
        meter: Meter,
        *,
        first: bool,
        again: bool = False,
    ) -> None:
        self._options = options
        self._series = series
        self._pool = pool
        self._meter = meter
        self._first = first
        self._again = again
        self._spoilt = 0
        self.result = result

    def guarded(self, item: WorkItem, mode: Mode, action: Callable[[WorkItem, Mode], None]) -> bool:
        """Whether *action* went well; where not, the mode has failed."""
        try:
            action(item, mode)
        except WorkerError as error:
            self.fail(item, mode, error)
            return False
        except ReplyError as error:
            self.fail(item, mode, garbage(error))
            return False
        return True

    def fail(self, item: WorkItem, mode: Mode, error: WorkerError) -> None:
        """Note why *mode* gives nothing, and forget what it gave in this launch."""
        if self.result.interrupted:
            # A worker that we ended ourselves has not failed.
            return
        status = _STATUS.get(error.id, "failed")
        hello = self.result.hellos.get(mode.toolchain.key)
        reason = told_of_crash(error.reason, item, mode, (hello.version if hello else None) or "")
        self.result.failures[item.key, mode.label] = Failure(status, reason)
        self.result.runs.pop((item.key, mode.label), None)

    def prepare(self, item: WorkItem, mode: Mode, *, limit_s: float = math.inf) -> None:
        """Build *mode* within *limit_s*, make its first calls, and warm it until it is steady.

        Raises:
            WorkerError, ReplyError: it could not be built, or fell back to another mode.
        """
        protocol = self._options.protocol
        about = {"item": item.key, "mode": mode.label, "cores": self._series.cores}
        self._options.tick("building", **about)
        run = self._build(item, mode, limit_s)
        self._options.tick("warming", **about)
        if not mode.few_samples:
            warm = self._pool.workers[mode.toolchain.key].ask(
                "warm",
                timeout_s=protocol.build_timeout_s,
                key=_key(item, mode),
                min_s=protocol.warm_min_s,
                max_s=protocol.warm_max_s,
            )
            run.steady, run.calls, run.warm_call_s = check_warm(warm)
        self.result.runs[item.key, mode.label] = run

    def _build(self, item: WorkItem, mode: Mode, limit_s: float) -> ModeRun:
        worker = self._pool.workers[mode.toolchain.key]
        path, _ = self._options.inputs.get(item.key, ("", ""))
        reply = worker.ask(
            "build",
            timeout_s=min(self._options.protocol.build_timeout_s, limit_s),
            key=_key(item, mode),
            mode=mode.name,
            workload=item.workload,
            size=dict(item.size),
            inputs=path,
            **self._observe(item, mode, path),
            plant_s=self._options.plants_s.get(mode.label, 0.0),
            source=item.source,
            **({"variant": mode.variant} if mode.variant else {}),
        )
        built = check_build(reply)
        _refuse_given_up(built.counters)
        if built.fell_back:
            raise WorkerError("fell-back", "nothing-compiled")
        return ModeRun(
            import_s=worker.hello.import_s,
            first_calls_s=built.first_calls_s,
            build_s=built.build_s,
            variant=built.variant,
            counters=built.counters,
        )

    def _observe(self, item: WorkItem, mode: Mode, inputs: str) -> dict[str, Any]:
        """What a build is asked to show of itself: all of it once, and the start of it again."""
        # A user's own step is built again inside the worker that shows it.
        again = self._again and not item.source
        if not (inputs and item.observed and (self._first or again)):
            return {}
        steps = {"steps": STEPS} if again else {}
        return {"observe": str(self.observation_path(item, mode)), **steps}

    def observation_path(self, item: WorkItem, mode: Mode) -> Path:
        """Where the worker writes what this mode computed."""
        again = "-again" if self._again else ""
        name = f"{self._series.key}-{item.key}-{mode.label}{again}".replace("/", "-")
        return self._options.workspace / f"observed-{name}.npz"

    def time(self, item: WorkItem, modes: Sequence[Mode], *, built_s: float = 0.0) -> bool:
        """Blocks of all *modes* in turn, then what is asked of each alone; False where one broke.

        The modes have been prepared, which took *built_s*, and their workers are where they are
        measured.
        """
        protocol = self._options.protocol
        regular = [mode for mode in modes if not mode.few_samples]
        few = [mode for mode in modes if mode.few_samples]
        if regular and not self._rounds(item, regular, built_s):
            return False
        for number in range(protocol.few_blocks):
            if not self._round(item, few, number):
                return False
        waited = regular if item.latency else []
        if not all(self.guarded(item, mode, self._wait_for_each) for mode in waited):
            return False
        return all(self.guarded(item, mode, self._collect) for mode in modes)

    def _rounds(self, item: WorkItem, modes: Sequence[Mode], built_s: float) -> bool:
        """All rounds of the modes that are compared, and what the gates say of their blocks.

        They go on until the planned number of clean ones is there: a few bad seconds cost those
        seconds. The launch's own limit is `gates.MOST_TIMES_ROUNDS` times the plan, and half of
        that where not one round was clean.
        """
        result, by_label = self.result, {mode.label: mode for mode in modes}
        key = f"{self._options.seed}/{self._series.key}/{item.key}/{result.index}"
        planned = self._planned(item, modes, built_s)
        once = item.one_off and item.role != "choice"
        most = planned if once else self._most(item, planned)
        start = self._meter.read()
        for number, order in enumerate(block_orders(list(by_label), most, key)):
            clean = self._clean(item, by_label) if number >= planned else 0
            if number >= planned and (clean >= planned or (not clean and 2 * number >= most)):
                break
            about = {"item": item.key, "cores": self._series.cores, "rounds": planned}
            self._options.tick("timing", round=min(number, planned - 1) + 1, **about)
            if not self._round(item, [by_label[label] for label in order], number):
                return False
        share = self._busiest(item, self._meter.foreign_share(start, self._meter.read()))
        result.foreign_share[item.key] = share
        marked = gates.marked_blocks(self._blocks(item, by_label))
        for label in by_label:
            result.runs[item.key, label].blocks = marked[label]
        return True

    def _planned(self, item: WorkItem, modes: Sequence[Mode], built_s: float) -> int:
        """How many clean rounds of *modes*: more where the launch was dear to build."""
        protocol = self._options.protocol
        if item.one_off:
            return protocol.few_blocks
        calls_s = [BLOCK_CALLS * self.result.runs[item.key, m.label].warm_call_s for m in modes]
        round_s = math.fsum(max(protocol.block_s, s) + protocol.gap_s for s in calls_s)
        worth = TIMED_SHARE * built_s / round_s
        return max(protocol.rounds, min(round(worth), protocol.rounds * MOST_TIMES_DEAR))

    def _most(self, item: WorkItem, planned: int) -> int:
        """The launch's own limit of rounds."""
        usual = planned if item.one_off else self._options.protocol.rounds
        return max(planned, usual * gates.MOST_TIMES_ROUNDS)

    def _blocks(self, item: WorkItem, labels: Iterable[str]) -> dict[str, list[Block]]:
        return {label: self.result.runs[item.key, label].blocks for label in labels}

    def _clean(self, item: WorkItem, labels: Iterable[str]) -> int:
        return gates.clean_rounds(self._blocks(item, labels))

    def _busiest(self, item: WorkItem, share: float | None) -> float | None:
        """Of workers that follow each other, the more disturbed one counts for both."""
        before = self.result.foreign_share.get(item.key) if self._series.exclusive else None
        return share if before is None or share is None else max(before, share)

    def _round(self, item: WorkItem, modes: Sequence[Mode], number: int) -> bool:
        """One block of each of *modes*, kept with what others used meanwhile."""
        before = self._meter.read()
        blocks: dict[str, Block] = {}

        def time_one(item: WorkItem, mode: Mode) -> None:
            blocks[mode.label] = self._block(item, mode)

        for mode in modes:
            time.sleep(self._options.protocol.gap_s)
            if not self.guarded(item, mode, time_one):
                return False
        share = self._meter.foreign_share(before, self._meter.read())
        for label, block in blocks.items():
            ended = replace(block, round=number, foreign_share=share)
            self.result.runs[item.key, label].blocks.append(ended)
        self._let_pass(share)
        return True

    def _let_pass(self, share: float | None) -> None:
        """After rounds in a row that others spoilt, wait for them instead of timing more."""
        busy = share is not None and share > gates.ROUND_FOREIGN_SHARE
        self._spoilt = self._spoilt + 1 if busy else 0
        if self._spoilt >= SPOILT_ROUNDS:
            self._options.patience.wait(self._meter, self._options.tick)
            self._spoilt = 0

    def _block(self, item: WorkItem, mode: Mode) -> Block:
        protocol = self._options.protocol
        run = self.result.runs[item.key, mode.label]
        # One call of so long a step has refilled the caches: a second one says nothing more.
        long = {"discard": 1} if run.warm_call_s >= LONG_CALL_S else {}
        reply = self._timed(
            item,
            mode,
            "block",
            seconds=protocol.block_s,
            calls=run.calls,
            **long,
            min_samples=2 if mode.few_samples else item.min_samples or protocol.min_samples,
        )
        return check_block(reply)

    def _wait_for_each(self, item: WorkItem, mode: Mode) -> None:
        reply = self._timed(item, mode, "latency", seconds=self._options.protocol.latency_s)
        self.result.runs[item.key, mode.label].waited_s = check_latency(reply)

    def _timed(self, item: WorkItem, mode: Mode, verb: str, **request: Any) -> dict[str, Any]:
        worker = self._pool.workers[mode.toolchain.key]
        limit_s = self._options.protocol.block_timeout_s
        with self.result.spending("timing"):
            return worker.ask(verb, timeout_s=limit_s, key=_key(item, mode), **request)

    def _collect(self, item: WorkItem, mode: Mode) -> None:
        worker = self._pool.workers[mode.toolchain.key]
        reply = worker.ask("finish", timeout_s=_FINISH_TIMEOUT_S, key=_key(item, mode))
        run = self.result.runs[item.key, mode.label]
        run.counters, run.peak_memory_bytes = check_finish(reply)
        _refuse_given_up(run.counters)

    def drop(self, item: WorkItem, mode: Mode) -> None:
        """Let the worker forget what it built; one that cannot is ended."""
        worker = self._pool.workers.get(mode.toolchain.key)
        if worker is None or (item.key, mode.label) not in self.result.runs:
            return
        try:
            worker.ask("drop", timeout_s=_FINISH_TIMEOUT_S, key=_key(item, mode))
        except WorkerError:
            self._pool.end(mode.toolchain)


def _refuse_given_up(counters: Mapping[str, Any]) -> None:
    """Refuse a compiled mode whose compiler gave up: it is timed as what it is not.

    Raises:
        WorkerError: after so many compilations of one function PyTorch runs it eagerly.
    """
    limit = counters.get("gave_up_after")
    if isinstance(limit, int):
        raise WorkerError("fell-back", "gave-up", count=limit)


def _key(item: WorkItem, mode: Mode) -> str:
    return f"{item.key}:{mode.label}"
