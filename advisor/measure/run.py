"""A whole run: inputs, launches until the verdicts settle, and the probes that come of them.

The one place that knows the order of things. It prints nothing: progress goes to a callback.
An interrupt keeps what was finished.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from advisor.devices import index_of
from advisor.evidence import Notice, Probe, Reason
from advisor.measure.assemble import probe_of
from advisor.measure.attribution import disagreements
from advisor.measure.certificate import SeriesContext
from advisor.measure.choosing import LIMITS, Room, certifying, estimating, parity_labels
from advisor.measure.clock import Clock, Owed, Step
from advisor.measure.comparisons import crossing_pairs, pairs_of
from advisor.measure.family import hold_together
from advisor.measure.journal import Done, Journal
from advisor.measure.launch import RunningLaunch
from advisor.measure.need import MOST_REPEATS, Need
from advisor.measure.plan import Plan
from advisor.measure.pool import LaunchOptions
from advisor.measure.progress import OnProgress, Progress, unreported
from advisor.measure.quiet import (
    BUSY_SHARE,
    CpuMeter,
    MeterFactory,
    Patience,
    foreign_processes,
    measured_gpu,
    wait_until_quiet,
)
from advisor.measure.selftest import SelftestResult
from advisor.measure.wishes import other_work
from advisor.measure.work import Failure, LaunchResult, Series, WorkItem, WorkRuns
from advisor.workers.environment import dropped_tuning, kept_tuning, worker_environment
from advisor.workers.replies import Hello
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv

QUIET_LIMIT_S = 20.0
# How long launches may wait, all together, while others are busy for some seconds.
PATIENCE_S = 20.0
# How far over its budget a run may be expected to end: estimates are good to a few percent.
OVERRUN = 1.05
_INPUTS_TIMEOUT_S = 120.0

_Observed = tuple[str, str, str]
"""What showed something: the keys of its series and item, and the mode's label."""


@dataclass
class RunResult:
    """What a run gives: probes and notices, what workers said, and whether it was stopped.

    What is of a toolchain goes by its key; `facts` are free-form, as its worker told them.
    `too_large` says by the key of a model's choice why nothing estimates it.
    """

    probes: list[Probe] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    hellos: dict[str, Hello] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    interrupted: bool = False
    wall_s: float = 0.0
    spent_s: dict[str, float] = field(default_factory=dict)
    too_large: dict[str, Reason] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every entry has times, from all its launches."""
        return not self.interrupted and all(
            e.status == "ok" and e.reason is None for p in self.probes for e in p.entries
        )


class Run:
    """One measuring run of a plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        worker: Sequence[str],
        workspace: Path,
        selftest: SelftestResult,
        report: OnProgress = unreported,
        stop: Callable[[], bool] = lambda: False,
        plants_s: Mapping[str, float] | None = None,
        meter: MeterFactory = CpuMeter,
        begun_s: float | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._plan = plan
        self._worker = tuple(worker)
        self._workspace = workspace
        self._selftest = selftest
        self._report = report
        self._stop = stop
        self._plants_s = dict(plants_s or {})
        self._meter = meter
        self._launches: dict[str, list[LaunchResult]] = {s.key: [] for s in plan.series}
        self._inputs: dict[str, tuple[str, str]] = {}
        self._failed: dict[str, dict[tuple[str, str], Failure]] = {s.key: {} for s in plan.series}
        self._observations: dict[_Observed, Path] = {}
        self._observed_again: dict[_Observed, Path] = {}
        self._notices: list[Notice] = []
        # What came before, the self-test and the catalogue, is a part of the budget.
        self._start = time.monotonic() if begun_s is None else begun_s
        self._clock = Clock(plan.protocol)
        self._owed: list[Owed] = []
        self._settled = 0
        self._unreached: set[tuple[str, str]] = set()
        self._guests: int | None = None
        self._patience = Patience(PATIENCE_S)
        self._too_large: dict[str, Reason] = {}
        self._journal = journal
        # Launches of an earlier process that are still to be taken up, the next one last.
        self._past = list(reversed(journal.done)) if journal else []

    def measure(self) -> RunResult:
        """Run every launch that is needed; returns what there is, also when interrupted."""
        interrupted = False
        try:
            self._write_inputs()
            if self._past:
                self._tick("going-on", n=len(self._past))
            self._wait_for_quiet()
            self._count_guests()
            interrupted = self._launch_until_settled()
            self._count_guests()
        except KeyboardInterrupt:
            interrupted = True
        if interrupted:
            for launches in self._launches.values():
                # What was not reached was stopped too: its entries say so.
                launches.extend([] if launches else [LaunchResult(0, interrupted=True)])
        probes = [
            self._probe(series, item) for series in self._plan.series for item in series.items
        ]
        every = [launch for launches in self._launches.values() for launch in launches]
        return RunResult(
            probes=hold_together(probes, self._plan.looks),
            notices=[*self._notices, *disagreements(probes), *_tuning_told()],
            hellos={k: v for launch in every for k, v in launch.hellos.items()},
            environments={
                t.key: worker_environment(self._workspace, t.key) for t in self._plan.toolchains
            },
            facts={k: v for launch in every for k, v in launch.facts.items()},
            interrupted=interrupted,
            wall_s=time.monotonic() - self._start,
            spent_s=_spent(every),
            too_large=self._too_large,
        )

    def _tick(self, stage: str, /, **values: Any) -> None:
        if "item" in values:
            self._clock.turn_to(values["item"])
        done_s = self._elapsed_s()
        left_s = self._clock.left_s(self._owed) if self._owed else self._plan.seconds()
        total_s = done_s + max(0.5, left_s)
        self._report(Progress(done_s, total_s, stage, values, self._settled, self._crossing()))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start

    def _crossing(self) -> int:
        """How many comparisons across frameworks there are to settle."""
        return sum(len(crossing_pairs(i)) for s in self._plan.series for i in s.items)

    def _compared(self) -> int:
        """How many comparisons the run makes, of all kinds."""
        return sum(len(pairs_of(i)) for s in self._plan.series for i in s.items)

    def _write_inputs(self) -> None:
        self._tick("writing-inputs")
        self._write_inputs_of([item for s in self._plan.series for item in s.items])

    def _write_inputs_of(self, wanted: Sequence[WorkItem]) -> None:
        items = {item.key: item for item in wanted}
        # Any interpreter with NumPy will do; the frameworks' own have it for certain.
        others = [toolchain.interpreter for toolchain in self._plan.toolchains]
        try:
            self._inputs |= self._inputs_by(sys.executable, items)
        except WorkerError:
            if not others:
                raise
            self._inputs |= self._inputs_by(others[0], items)

    def _inputs_by(
        self, interpreter: str, items: Mapping[str, WorkItem]
    ) -> dict[str, tuple[str, str]]:
        """By item the file of its inputs and their SHA-256, written by a worker of NumPy's."""
        written = {}
        command = WorkerCommand(
            worker_argv(interpreter, self._worker, "--framework", "numpy"),
            worker_environment(self._workspace, "inputs"),
            (),
            self._workspace / "inputs.log",
        )
        with WorkerProcess(command) as worker:
            for key, item in items.items():
                path = self._workspace / f"inputs-{key.replace('/', '-')}.npz"
                reply = worker.ask(
                    "inputs",
                    timeout_s=_INPUTS_TIMEOUT_S,
                    workload=item.workload,
                    size=dict(item.size),
                    seed=self._plan.seed,
                    path=str(path),
                    source=item.source,
                )
                written[key] = (str(path), str(reply["sha256"]))
        return written

    def _wait_for_quiet(self) -> None:
        if not self._plan.series:
            return
        meter = self._meter(self._plan.series[0].cpus, list)
        share = wait_until_quiet(meter, limit_s=QUIET_LIMIT_S, tick=self._tick)
        if share is not None and share >= BUSY_SHARE:
            self._notices.append(Notice("machine-busy", "warning", values={"share": share}))
            # Whoever did not stop while he was waited for will not stop either during launches.
            self._patience = Patience(0.0)

    def _count_guests(self) -> None:
        """Other processes on the accelerator; none of our own workers lives now."""
        devices = [series.device for series in self._plan.series if not series.on_cpu]
        if devices:
            index = index_of(devices[0])
            gpu = measured_gpu(int(index), os.environ) if index.isdigit() else None
            counts = [c for c in (foreign_processes(gpu=gpu), self._guests) if c is not None]
            self._guests = max(counts, default=None)

    def _launch_until_settled(self) -> bool:
        """Launch series by series while anything is open; returns whether it was stopped."""
        limit = self._plan.looks.most + MOST_REPEATS
        limit = max([limit, *(done.result.index + 1 for done in self._past)])
        for index in range(limit):
            any_active = False
            for series in self._plan.series:
                if self._past:
                    # What an earlier process launched, and what it left, is as it was.
                    any_active |= self._take_up(series, index)
                    continue
                active = self._affordable(series, self._active_items(series))
                if not active:
                    continue
                if self._stop():
                    return True
                any_active = True
                result = self._launch(series, index, active)
                if result.interrupted:
                    return True
            if not any_active:
                break
        if self._past:
            raise other_work()
        return False

    def _affordable(self, series: Series, items: list[WorkItem]) -> list[WorkItem]:
        """Those of *items* whose comparisons can be settled in what is left of the budget.

        What needs least is served first: a launch that calls nothing is spent for nothing. First
        launches take the plan at its word; `_room` ends them in time.
        """
        budget_s = self._plan.budget_s
        if budget_s is None or not any(self._launches.values()):
            return items
        if not self._launches[series.key] and self._elapsed_s() < budget_s:
            return items
        owed = {one.item.key: one for one in self._owed if one.series.key == series.key}
        left_s = OVERRUN * budget_s - self._elapsed_s()
        chosen: list[Owed] = []
        needed = [owed.get(item.key, Owed(series, item, 1)) for item in items]
        for one in sorted(needed, key=lambda o: self._clock.left_s([o])):
            if self._clock.left_s([*chosen, one]) <= left_s:
                chosen.append(one)
        kept = {one.item.key for one in chosen}
        if len(kept) < len(items):
            self._note_budget(budget_s)
        return [item for item in items if item.key in kept]

    def _room(self, series: Series, item: WorkItem, *, first: bool) -> bool:
        """Whether the budget has the time for *item* in the launch that runs."""
        budget_s, nothing_yet = self._plan.budget_s, not any(self._launches.values())
        step_s = self._clock.step_s(Step(series, item, first))
        if budget_s is None or self._elapsed_s() + step_s <= OVERRUN * budget_s:
            return True
        if nothing_yet and item is series.items[0]:
            return True
        self._note_budget(budget_s)
        return False

    def _note_budget(self, budget_s: float) -> None:
        if not any(notice.id == "budget-spent" for notice in self._notices):
            self._notices.append(Notice("budget-spent", values={"budget_s": budget_s}))

    def _launch(self, series: Series, index: int, items: Sequence[WorkItem]) -> LaunchResult:
        made = len(self._launches[series.key])
        first, again = made == 0, made == 1
        failed = self._failed[series.key]
        options = replace(self._options(), room=partial(self._room, series, first=first))
        launch = RunningLaunch(options, series, index, items, failed, first=first, again=again)
        self._look_ahead({(series.key, item.key) for item in items})
        self._clock.begin(series, items, first=first)
        result = launch.run()
        self._clock.end()
        done = Done(
            series.key,
            tuple(item.key for item in items),
            result,
            self._elapsed_s(),
            steps=self._clock.steps(),
            patience_s=self._patience.left_s,
            notices=tuple(self._notices),
            guests=self._guests,
            inputs={item.key: self._inputs[item.key][1] for item in items},
            seen=_observed_in(launch, items) if first or again else {},
        )
        if self._journal is not None and not result.interrupted:
            self._journal.note(done)
        self._account(series, items, done)
        return result

    def _take_up(self, series: Series, index: int) -> bool:
        """Account for the next launch of an earlier process, if it was this one."""
        done = self._past[-1]
        if (done.series, done.result.index) != (series.key, index):
            return False
        self._past.pop()
        series = next(s for s in self._plan.series if s.key == done.series)
        by_key = {item.key: item for item in series.items}
        inputs = {key: self._inputs[key][1] for key in by_key}
        if any(inputs.get(key) != sha256 for key, sha256 in done.inputs.items()):
            raise other_work()
        self._start = time.monotonic() - done.elapsed_s
        self._clock.take_up(done.steps)
        self._patience.left_s = min(self._patience.left_s, done.patience_s)
        told = {notice.id for notice in done.notices}
        self._notices = [*done.notices, *(n for n in self._notices if n.id not in told)]
        guests = [c for c in (done.guests, self._guests) if c is not None]
        self._guests = max(guests, default=None)
        self._account(series, [by_key[key] for key in done.items], done)
        return True

    def _account(self, series: Series, items: Sequence[WorkItem], done: Done) -> None:
        """Take in what a launch gave: all that follows from it, whoever made it."""
        made, result = len(self._launches[series.key]), done.result
        self._launches[series.key].append(result)
        self._failed[series.key].update(result.failures)
        seen_in = self._observed_again if made else self._observations
        seen_in.update({(series.key, *key): path for key, path in done.seen.items()})
        if made == 0:
            # Without the first launch nothing of an item was observed: it has no later one.
            seen = {key for key, _ in (*result.runs, *result.failures)}
            self._unreached |= {(series.key, i.key) for i in items if i.key not in seen}
            if not result.interrupted:
                self._go_on_with_models(series, items, done)
        self._look_ahead(frozenset())

    def _go_on_with_models(self, series: Series, items: Sequence[WorkItem], done: Done) -> None:
        """After the launch that chose among the variants of models: plan what estimates."""
        result = done.result
        choices = [item for item in items if item.role == "choice"]
        room = Room(
            limits=LIMITS[self._plan.profile],
            memory_bytes=self._plan.memory_bytes,
            left_s=self._left_s(done.elapsed_s, max(1, len(choices))),
            thorough=self._plan.profile == "thorough",
        )
        more: list[WorkItem] = []
        for choice in choices:
            items_of_choice, reason = estimating(choice, result, room)
            more.extend(items_of_choice)
            if reason is not None:
                self._too_large[choice.key] = reason
        if more:
            self._write_inputs_of(more)
            tried = (
                replace(item, modes=certifying(item, items, result))
                if item.role == "parity"
                else item
                for item in series.items
            )
            grown = replace(series, items=(*tried, *more))
            every = tuple(grown if s.key == series.key else s for s in self._plan.series)
            self._plan = replace(self._plan, series=every)

    def _left_s(self, elapsed_s: float, among: int) -> float | None:
        """What *elapsed_s* leaves of the budget for each of so many; None where there is none."""
        budget_s = self._plan.budget_s
        return None if budget_s is None else max(1.0, budget_s - elapsed_s) / among

    def _look_ahead(self, running: Collection[tuple[str, str]]) -> None:
        """What is still owed beyond the items that are *running*, and how much has settled."""
        owed, settled = [], 0
        for series in self._plan.series:
            need = self._need(series)
            for work, failed in self._works(series):
                more = need.expected(work, failed) - ((series.key, work.item.key) in running)
                settled += len(crossing_pairs(work.item)) - len(need.open_pairs(work, failed))
                if more > 0:
                    owed.append(Owed(series, work.item, more))
        self._owed, self._settled = owed, settled

    def _works(self, series: Series) -> list[tuple[WorkRuns, Collection[str]]]:
        """The items of *series* with their launches, and which modes of each have failed."""
        launches, failed = self._launches[series.key], self._failed[series.key]
        return [
            (
                WorkRuns(item, series, launches),
                {label for key, label in failed if key == item.key},
            )
            for item in series.items
            if (series.key, item.key) not in self._unreached
        ]

    def _options(self) -> LaunchOptions:
        return LaunchOptions(
            workspace=self._workspace,
            worker=self._worker,
            settings=self._plan.settings,
            seed=self._plan.seed,
            protocol=self._plan.protocol,
            inputs=self._inputs,
            plants_s=self._plants_s,
            tick=self._tick,
            meter=self._meter,
            patience=self._patience,
        )

    def _active_items(self, series: Series) -> list[WorkItem]:
        """Items that need another launch: too few good ones, or an open verdict before its look."""
        need = self._need(series)
        return [work.item for work, failed in self._works(series) if need.more(work, failed)]

    def _need(self, series: Series) -> Need:
        return Need(
            self._context(series), self._compared(), self._plan.looks, self._selftest.passed
        )

    def _context(self, series: Series) -> SeriesContext:
        launches = self._launches[series.key]
        facts = {k: v for launch in launches for k, v in launch.facts.items()}
        return SeriesContext(
            looks=self._plan.looks,
            floor=self._selftest.floor_on(series.cores),
            selftest=self._selftest.part.status,
            peaks={k: f["flops_per_s"] for k, f in facts.items() if "flops_per_s" in f},
            copies={k: f["bytes_per_s"] for k, f in facts.items() if "bytes_per_s" in f},
            settings=self._plan.settings,
            precisions={
                k: f["max_relative_error"] for k, f in facts.items() if "max_relative_error" in f
            },
            hellos={k: v for launch in launches for k, v in launch.hellos.items()},
            device_guests=self._guests,
            fast_cpus=self._plan.fast_cpus,
        )

    def _probe(self, series: Series, item: WorkItem) -> Probe:
        source, labels = item.parity_from or item.key, parity_labels(item)
        observations, again = (
            {
                label: path
                for (of_series, of_item, label), path in seen_in.items()
                if (of_series, of_item) == (series.key, source)
                and (labels is None or label in labels)
            }
            for seen_in in (self._observations, self._observed_again)
        )
        sha256 = self._inputs.get(item.key, ("", ""))[1] or None
        return probe_of(
            WorkRuns(item, series, self._launches[series.key]),
            self._context(series),
            observations,
            again=again,
            inputs_sha256=sha256,
            missing=self._plan.missing,
        )


def _observed_in(launch: RunningLaunch, items: Sequence[WorkItem]) -> dict[tuple[str, str], Path]:
    """Where the modes of *items* showed what they computed in *launch*, or should have."""
    return {
        (item.key, mode.label): path
        for item in items
        for mode in item.modes
        if (path := launch.observation_path(item, mode)).exists()
        or (item.observed and (item.key, mode.label) in launch.result.runs)
    }


def _tuning_told() -> list[Notice]:
    """Which variables of the caller's environment are not in the numbers, and which are."""
    told = (("tuning-dropped", sorted(dropped_tuning())), ("tuning-kept", kept_tuning()))
    return [Notice(name, values={"names": names}) for name, names in told if names]


def _spent(launches: Sequence[LaunchResult]) -> dict[str, float]:
    """Wall seconds of all launches by what they went into."""
    kinds = sorted({kind for launch in launches for kind in launch.spent_s})
    return {k: sum(launch.spent_s.get(k, 0.0) for launch in launches) for k in kinds}
