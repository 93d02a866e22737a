"""Training a small classifier to an accuracy, each run a process of its own from its start.

For every framework in turn, with what one seed draws alike for both: from starting the process
until the accuracy was there, imports and compiling included. Nothing here compares frameworks.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.accuracy import AccuracyRun, Look, Mean, TimeToAccuracy, first_look
from advisor.evidence import Notice
from advisor.measure.campaign import (
    Campaign,
    Finished,
    evidence_of,
    lock_for,
    refuse_native_windows,
)
from advisor.measure.cpus import cpus_of
from advisor.measure.progress import Progress
from advisor.measure.quiet import BUSY_SHARE
from advisor.measure.work import ToolchainSpec
from advisor.pair import FRAMEWORKS
from advisor.ratio import t_quantile
from advisor.reason import Reason
from advisor.workers.environment import worker_environment
from advisor.workers.replies import Attained, ReplyError, check_attained, check_hello
from advisor.workers.worker import (
    WorkerCommand,
    WorkerError,
    WorkerProcess,
    garbage,
    worker_argv,
)
from advisor.workers.workspace import workspace

SEEDS = {"quick": 3, "standard": 5, "thorough": 10}
_A_RUN_S = 6.0
_START_TIMEOUT_S = 180.0


@dataclass(frozen=True)
class Goal:
    """What is trained for, and how long."""

    accuracy: float = 0.95
    epochs: int = 30
    hidden: int = 256
    batch: int = 64

    @property
    def size(self) -> dict[str, Any]:
        """What a worker is told of it."""
        return {"hidden": self.hidden, "batch": self.batch}


def measure_accuracy(
    campaign: Campaign, goal: Goal | None = None, *, limit_s: float = 300.0
) -> Finished:
    """Train to *goal* in the first toolchain of each framework of *campaign*.

    Args:
        campaign: What was found and asked for; its models and probes are left alone.
        goal: What is trained for.
        limit_s: How long one training may take.

    Raises:
        UserError: another run holds the machine's lock.
        NothingToMeasureError: native Windows.
    """
    refuse_native_windows()
    begin = time.monotonic()
    with lock_for(campaign), workspace() as place:
        run = _Trainings(campaign, place, goal or Goal(), limit_s)
        interrupted = False
        try:
            run.measure()
        except KeyboardInterrupt:
            interrupted = True
    wall_s = time.monotonic() - begin
    evidence = evidence_of(
        campaign,
        settings="default",
        spent_s={"time_to_accuracy": round(wall_s, 2)},
        notices=[*campaign.notices, *run.notices],
        time_to_accuracy=run.found,
    )
    whole = not run.notices and all(one.status == "ok" for one in run.found)
    complete = whole and not interrupted and not campaign.missing and not campaign.short
    return Finished(evidence, complete, interrupted, wall_s)


class _Trainings:
    """All seeds in every framework, in turn; `found` grows with every run."""

    def __init__(self, campaign: Campaign, place: Path, goal: Goal, limit_s: float) -> None:
        self._campaign = campaign
        self._place = place
        self._goal = goal
        self._limit_s = limit_s
        self._cpus = cpus_of(campaign.machine)
        self._begin = time.monotonic()
        wanted = campaign.wishes.frameworks or FRAMEWORKS
        first = {spec.framework: spec for spec in reversed(campaign.toolchains)}
        self._specs = [first[name] for name in wanted if name in first]
        self._number = 0
        self.notices: list[Notice] = []
        self.found = [self._bare(spec) for spec in self._specs]

    def measure(self) -> None:
        seeds, base = SEEDS[self._campaign.wishes.profile], self._campaign.wishes.seed
        # The first of each reads the framework's files from the disk, and is not counted.
        for place, spec in enumerate(self._specs):
            self._try(place, spec, base, counted=False)
        for number in range(seeds):
            if number > 1 and self._over_budget():
                budget_s = self._campaign.wishes.budget_s
                self.notices.append(Notice("budget-spent", values={"budget_s": budget_s}))
                return
            for place, spec in enumerate(self._specs):
                if self.found[place].status == "ok":
                    self._try(place, spec, base + number, counted=True)

    def _over_budget(self) -> bool:
        budget_s = self._campaign.wishes.budget_s
        return budget_s is not None and time.monotonic() - self._begin >= budget_s

    def _bare(self, spec: ToolchainSpec) -> TimeToAccuracy:
        return TimeToAccuracy(
            size=self._goal.size,
            goal=self._goal.accuracy,
            epochs=self._goal.epochs,
            device=self._campaign.wishes.device,
            cores=len(self._cpus),
            framework="pytorch" if spec.framework == FRAMEWORKS[0] else "jax",
            version=spec.version,
            toolchain=spec.index,
        )

    def _try(self, place: int, spec: ToolchainSpec, seed: int, *, counted: bool) -> None:
        self._tick(spec, seed)
        self._number += 1
        one = self.found[place]
        try:
            run, attained = self._run(spec, seed)
        except (WorkerError, ReplyError) as error:
            fault = garbage(error) if isinstance(error, ReplyError) else error
            self.found[place] = replace(one, status="failed", reason=fault.reason)
            return
        if counted:
            grown = replace(
                one,
                mode=attained.mode or None,
                code_lines=attained.code_lines,
                runs=[*one.runs, run],
            )
            self.found[place] = with_means(grown)
            self._refuse_unlike()

    def _refuse_unlike(self) -> None:
        """What one seed draws has to be the same in both frameworks, or nothing is told."""
        drawn: dict[int, str | None] = {}
        for one in self.found:
            for run in one.runs:
                if drawn.setdefault(run.seed, run.inputs_sha256) != run.inputs_sha256:
                    reason = Reason("accuracy-unlike-inputs", "", {"seed": run.seed})
                    self.found = [
                        replace(self._bare(spec), status="invalid", reason=reason)
                        for spec in self._specs
                    ]
                    return

    def _run(self, spec: ToolchainSpec, seed: int) -> tuple[AccuracyRun, Attained]:
        name = f"accuracy-{spec.key}-{self._number}"
        options = ("--framework", spec.framework, "--settings", "default")
        where = ("--device", self._campaign.wishes.device, "--cores", str(len(self._cpus)))
        command = WorkerCommand(
            worker_argv(spec.interpreter, self._campaign.worker, *options, *where),
            # A place of its own: what another run compiled is not there.
            worker_environment(self._place, name),
            self._cpus,
            self._place / f"{name}.log",
        )
        pids: list[int] = []
        meter = self._campaign.meter(self._cpus, lambda: pids)
        before, begin = meter.read(), time.monotonic()
        with WorkerProcess(command) as worker:
            hello = check_hello(worker.ask("hello", timeout_s=_START_TIMEOUT_S))
            pids.append(hello.pid)
            imported_s = time.monotonic() - begin
            reply = worker.ask(
                "attain",
                timeout_s=self._limit_s,
                seed=seed,
                epochs=self._goal.epochs,
                **self._goal.size,
            )
            share = meter.foreign_share(before, meter.read())
        attained = check_attained(reply, self._goal.epochs)
        looks = [Look(imported_s + seconds, accuracy) for seconds, accuracy in attained.looks]
        epoch, reached_s = first_look(looks, self._goal.accuracy) or (None, None)
        run = AccuracyRun(
            seed=seed,
            imported_s=imported_s,
            first_step_s=imported_s + attained.first_step_s,
            reached_epoch=epoch,
            reached_s=reached_s,
            peak_memory_bytes=attained.peak_memory_bytes,
            inputs_sha256=attained.inputs_sha256,
            disturbed=share is not None and share >= BUSY_SHARE,
            looks=looks,
        )
        return run, attained

    def _tick(self, spec: ToolchainSpec, seed: int) -> None:
        done_s = time.monotonic() - self._begin
        runs = len(self._specs) * (SEEDS[self._campaign.wishes.profile] + 1)
        left_s = max(1, runs - self._number) * _A_RUN_S
        values = {"framework": spec.framework, "seed": seed}
        self._campaign.report(Progress(done_s, done_s + left_s, "accuracy-training", values))


def with_means(one: TimeToAccuracy) -> TimeToAccuracy:
    """*one* with what its runs say on average."""
    later_s = [
        (run.looks[-1].seconds - run.looks[0].seconds) / (len(run.looks) - 1)
        for run in one.runs
        if len(run.looks) > 1
    ]
    return replace(
        one,
        reached_s=_mean_s([run.reached_s for run in one.reaching]),
        reached_epoch=_mean([run.reached_epoch for run in one.reaching]),
        first_step_s=_mean_s([run.first_step_s for run in one.runs]),
        epoch_s=_mean_s(later_s),
        accuracy=_mean([run.accuracy for run in one.runs], most=1.0),
        peak_memory_bytes=_mean([run.peak_memory_bytes for run in one.runs]),
    )


def _mean_s(times_s: Sequence[float | None]) -> Mean | None:
    """The geometric mean of times, as everywhere: its interval holds no time below zero."""
    made = _mean([math.log(value) for value in times_s if value], least=-math.inf)
    if made is None:
        return None
    ci = made.ci and (math.exp(made.ci[0]), math.exp(made.ci[1]))
    return Mean(mean=math.exp(made.mean), ci=ci)


def _mean(
    values: Sequence[float | None], *, least: float = 0.0, most: float = math.inf
) -> Mean | None:
    """The mean with an interval that keeps to what there can be, *least* to *most*."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    mean = statistics.fmean(known)
    if len(known) < 2:
        return Mean(mean=mean)
    spread = statistics.stdev(known) / math.sqrt(len(known))
    half = t_quantile(0.975, len(known) - 1) * spread
    return Mean(mean=mean, ci=(max(least, mean - half), min(most, mean + half)))
