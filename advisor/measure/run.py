"""A whole run: inputs, launches until the verdicts settle, and the probes that come of them.

The one place that knows the order of things. It prints nothing: progress goes to a callback.
An interrupt keeps what was finished.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from advisor.devices import index_of
from advisor.evidence import Notice, Probe, Reason
from advisor.measure.attribution import disagreements, several_speeds
from advisor.measure.choosing import LIMITS, Room
from advisor.measure.clock import WARM_SHARE, Clock, Owed, Step
from advisor.measure.family import hold_together
from advisor.measure.inputs import write_inputs
from advisor.measure.journal import Done, Journal
from advisor.measure.launch import RunningLaunch
from advisor.measure.ledger import Ledger, choices_in
from advisor.measure.need import MOST_REPEATS
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
from advisor.measure.work import LaunchResult, Series, WorkItem
from advisor.workers.environment import dropped_tuning, kept_tuning, worker_environment
from advisor.workers.replies import Hello

QUIET_LIMIT_S = 20.0
# How long launches may wait, all together, while others are busy for some seconds.
PATIENCE_S = 20.0
# How far over its budget a run may be expected to end: estimates are good to a few percent.
OVERRUN = 1.05
# Of what a budget has left, the part that may go into trying ways to write a model.
CHOOSING_SHARE = 0.45


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
            (e.status == "ok" and e.reason is None) or e.untried
            for p in self.probes
            for e in p.entries
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
        self._ledger = Ledger(plan, selftest)
        self._worker = tuple(worker)
        self._workspace = workspace
        self._report = report
        self._stop = stop
        self._plants_s = dict(plants_s or {})
        self._meter = meter
        self._notices: list[Notice] = []
        # What came before, the self-test and the catalogue, is a part of the budget.
        self._start = time.monotonic() if begun_s is None else begun_s
        self._clock = Clock(plan.protocol)
        self._patience = Patience(PATIENCE_S)
        self._journal = journal
        # Launches of an earlier process that are still to be taken up, the next one last.
        self._past = list(reversed(journal.done)) if journal else []

    @property
    def _plan(self) -> Plan:
        return self._ledger.plan

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
            self._ledger.stopped()
        probes, every = self._ledger.probes(), self._ledger.launches
        return RunResult(
            probes=hold_together(probes, self._plan.looks),
            notices=[
                *self._notices,
                *disagreements(probes),
                *several_speeds(probes),
                *_tuning_told(),
            ],
            hellos={k: v for launch in every for k, v in launch.hellos.items()},
            environments={
                t.key: worker_environment(self._workspace, t.key) for t in self._plan.toolchains
            },
            facts={k: v for launch in every for k, v in launch.facts.items()},
            interrupted=interrupted,
            wall_s=time.monotonic() - self._start,
            spent_s=_spent(every),
            too_large=self._ledger.too_large,
        )

    def _tick(self, stage: str, /, **values: Any) -> None:
        if "item" in values:
            self._clock.turn_to(values["item"])
        done_s = self._elapsed_s()
        owed, settled = self._ledger.owed, self._ledger.settled
        left_s = self._clock.left_s(owed) if owed else self._plan.seconds()
        if self._plan.budget_s is not None:
            # What the budget has no time for is not begun.
            left_s = min(left_s, OVERRUN * self._plan.budget_s - done_s)
        total_s = done_s + max(0.5, left_s)
        self._report(Progress(done_s, total_s, stage, values, settled, self._ledger.crossing()))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start

    def _write_inputs(self) -> None:
        self._tick("writing-inputs")
        self._write_inputs_of([item for s in self._plan.series for item in s.items])

    def _write_inputs_of(self, items: Sequence[WorkItem]) -> None:
        self._ledger.inputs |= write_inputs(items, self._plan, self._worker, self._workspace)

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
            counts = [c for c in (foreign_processes(gpu=gpu), self._ledger.guests) if c is not None]
            self._ledger.guests = max(counts, default=None)

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
                active = self._affordable(series, self._ledger.active_items(series))
                if not active:
                    continue
                if self._stop():
                    return True
                if self._takes_too_long(series):
                    self._ledger.leave_out(series)
                    continue
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

        What needs least is served first: a launch that calls nothing is spent for nothing. But of
        a model that was asked for times are worth a launch in themselves, and what is needed at
        the end is a guess before it. First launches take the plan at its word; `_room` ends them
        in time.
        """
        budget_s = self._plan.budget_s
        if budget_s is None or not self._ledger.launches:
            return items
        if not self._ledger.launches_of(series) and self._elapsed_s() < budget_s:
            return items
        owed = {one.item.key: one for one in self._ledger.owed if one.series.key == series.key}
        left_s = OVERRUN * budget_s - self._elapsed_s()
        chosen: list[Owed] = []
        needed = [owed.get(item.key, Owed(series, item, 1)) for item in items]
        for one in sorted(needed, key=lambda o: self._clock.left_s([o])):
            if self._clock.left_s([*chosen, one]) <= left_s:
                chosen.append(one)
        for one in needed:
            once = replace(one, launches=1)
            if (
                one.item.asked
                and one not in chosen
                and self._clock.left_s([*chosen, once]) <= left_s
            ):
                chosen.append(once)
        kept = {one.item.key for one in chosen}
        if len(kept) < len(items):
            self._note_budget(budget_s)
        return [item for item in items if item.key in kept]

    def _takes_too_long(self, series: Series) -> bool:
        """Whether *series* decides nothing, was not begun, and would make the run too long."""
        beside_s, every = self._plan.beside_s, self._plan.series
        decides = series.cores == max(s.cores for s in every)
        if beside_s is None or decides or self._ledger.launches_of(series):
            return False
        if self._elapsed_s() + self._clock.left_s(self._ledger.owed) <= beside_s:
            return False
        values = {"cores": series.cores, "limit_s": beside_s}
        self._notices.append(Notice("fewer-cores-left-out", values=values))
        return True

    def _room(self, series: Series, item: WorkItem, *, first: bool) -> bool:
        """Whether the budget has the time for *item* in the launch that runs.

        What models will need that were tried in it before is theirs: one result is worth more
        than the beginnings of two.
        """
        budget_s, nothing_yet = self._plan.budget_s, not self._ledger.launches
        step_s = self._clock.step_s(Step(series, item, first))
        if first and item.role != "parity":
            step_s = self._with_promised_s(series, item, step_s)
        if budget_s is None or self._elapsed_s() + step_s <= OVERRUN * budget_s:
            return True
        if nothing_yet and item is series.items[0]:
            return True
        self._note_budget(budget_s)
        return False

    def _with_promised_s(self, series: Series, item: WorkItem, step_s: float) -> float:
        """*step_s*, and what later launches of the models take that were tried before *item*.

        Another model takes no less than those before it, and is to have its launches too.
        """
        looks = self._plan.looks
        later = (looks.early or looks.launches[0]) * WARM_SHARE
        before = choices_in(series.items[: series.items.index(item)])
        tried_s = [self._clock.spent_s(Step(series, choice, first=True)) for choice in before]
        if item.role == "choice" and before:
            step_s = max(step_s, *tried_s) * (1 + later)
        return step_s + later * math.fsum(tried_s)

    def _choosing_s(self) -> float | None:
        """How long the variants of a model may be tried, of what a budget has left."""
        left_s = self._left_s(self._elapsed_s(), 1)
        return None if math.isinf(left_s) else CHOOSING_SHARE * left_s

    def _note_budget(self, budget_s: float) -> None:
        if not any(notice.id == "budget-spent" for notice in self._notices):
            self._notices.append(Notice("budget-spent", values={"budget_s": budget_s}))

    def _launch(self, series: Series, index: int, items: Sequence[WorkItem]) -> LaunchResult:
        made = len(self._ledger.launches_of(series))
        first, again = made == 0, made == 1
        failed = self._ledger.failures_of(series)
        options = replace(
            self._options(),
            room=partial(self._room, series, first=first),
            choosing_s=self._choosing_s,
        )
        launch = RunningLaunch(options, series, index, items, failed, first=first, again=again)
        self._ledger.look_ahead({(series.key, item.key) for item in items})
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
            guests=self._ledger.guests,
            inputs={item.key: self._ledger.inputs[item.key][1] for item in items},
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
        inputs = {key: self._ledger.inputs[key][1] for key in by_key}
        if any(inputs.get(key) != sha256 for key, sha256 in done.inputs.items()):
            raise other_work()
        self._start = time.monotonic() - done.elapsed_s
        self._clock.take_up(done.steps)
        self._patience.left_s = min(self._patience.left_s, done.patience_s)
        told = {notice.id for notice in done.notices}
        self._notices = [*done.notices, *(n for n in self._notices if n.id not in told)]
        guests = [c for c in (done.guests, self._ledger.guests) if c is not None]
        self._ledger.guests = max(guests, default=None)
        self._account(series, [by_key[key] for key in done.items], done)
        return True

    def _account(self, series: Series, items: Sequence[WorkItem], done: Done) -> None:
        """Take in what a launch gave: all that follows from it, whoever made it."""
        first = not self._ledger.launches_of(series)
        self._ledger.take_in(series, items, done)
        if first and not done.result.interrupted:
            self._go_on_with_models(series, items, done)
        self._ledger.look_ahead(frozenset())

    def _go_on_with_models(self, series: Series, items: Sequence[WorkItem], done: Done) -> None:
        """After the launch that chose among the variants of models: plan what estimates."""
        choices = choices_in(items)
        if not choices:
            return
        room = Room(
            limits=LIMITS[self._plan.profile],
            memory_bytes=self._plan.memory_bytes,
            left_s=self._left_s(done.elapsed_s, len(choices)),
            thorough=self._plan.profile == "thorough",
        )
        more = self._ledger.estimating(items, done.result, room)
        if more:
            self._write_inputs_of(more)
            self._ledger.grow(series, more, items, done.result)

    def _left_s(self, elapsed_s: float, among: int) -> float:
        """What *elapsed_s* leaves of the budget for each of so many; no end without a budget."""
        budget_s = self._plan.budget_s
        return math.inf if budget_s is None else max(1.0, budget_s - elapsed_s) / among

    def _options(self) -> LaunchOptions:
        return LaunchOptions(
            workspace=self._workspace,
            worker=self._worker,
            settings=self._plan.settings,
            seed=self._plan.seed,
            protocol=self._plan.protocol,
            inputs=self._ledger.inputs,
            plants_s=self._plants_s,
            tick=self._tick,
            meter=self._meter,
            patience=self._patience,
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
