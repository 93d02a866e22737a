"""A whole run: lock, workspace, inputs, launches until the verdicts settle, evidence.

The one place that knows the order of things. It prints nothing: progress goes to a callback.
An interrupt keeps what was finished.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.measure.assemble import probe_entry
from advisor.measure.cell_runs import CellRuns, Context, launch_logs
from advisor.measure.certificate import keeps_compiling, too_noisy
from advisor.measure.comparisons import crossing_pairs, verdict_so_far
from advisor.measure.device_quiet import foreign_processes
from advisor.measure.disagreement import disagreements
from advisor.workers.environment import dropped_tuning, worker_environment
from advisor.measure.launch import Launch
from advisor.measure.work import Cell, Failure, LaunchResult, Series
from advisor.measure.plan import Plan, series_seconds
from advisor.measure.quiet import BUSY_SHARE, CpuMeter, MeterFactory, wait_until_quiet
from advisor.measure.setting import Setting
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv

# How many launches may be repeated because others disturbed them.
MOST_REPEATS = 2
QUIET_LIMIT_S = 20.0
# What is never compared needs one launch with empty caches and one with filled ones.
ONE_OFF_LAUNCHES = 2
# How far over its budget a run may go while it is short of its first look.
OVERRUN = 1.3


@dataclass
class Progress:
    """How far a run is: seconds done of about how many, and what it is doing."""

    done_s: float
    total_s: float
    text: str


@dataclass
class SelftestOutcome:
    """What the self-test said, as far as verdicts need it."""

    status: str = "not_run"
    spread: float = ASSUMED_SPREAD
    document: dict[str, Any] | None = None


@dataclass
class Measured:
    """What a run gives: probes and notices, and whether it was stopped."""

    probes: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    hellos: dict[str, dict[str, Any]]
    environments: dict[str, dict[str, str]]
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    interrupted: bool = False
    wall_s: float = 0.0
    spent_s: dict[str, float] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every entry has times, from all its launches."""
        return not self.interrupted and all(
            e["status"] == "ok" and not e["reason"] for p in self.probes for e in p["entries"]
        )


class Run:
    """One measuring run of a plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        worker: Sequence[str],
        workspace: Path,
        selftest: SelftestOutcome,
        report: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
        plants_s: Mapping[str, float] | None = None,
        meter: MeterFactory = CpuMeter,
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
        self._observations: dict[tuple[str, str, str], Path] = {}
        self._notices: list[dict[str, Any]] = []
        self._start = time.monotonic()
        self._launch_s: dict[str, list[float]] = {s.key: [] for s in plan.series}
        self._guests: int | None = None
        self._total_s = plan.seconds()

    def measure(self) -> Measured:
        """Run every launch that is needed; returns what there is, also when interrupted."""
        interrupted = False
        try:
            self._write_inputs()
            self._wait_for_quiet()
            self._count_guests()
            interrupted = self._launch_until_settled()
            self._count_guests()
        except KeyboardInterrupt:
            interrupted = True
        if interrupted:
            for found in self._launches.values():
                # What was not reached was stopped too: its entries say so.
                found.extend([] if found else [LaunchResult(0, interrupted=True)])
        probes = [
            self._probe(series, cell) for series in self._plan.series for cell in series.cells
        ]
        launches = [lch for found in self._launches.values() for lch in found]
        self._notices += disagreements(probes)
        self._note_environment()
        return Measured(
            probes=probes,
            notices=self._notices,
            hellos={k: v for lch in launches for k, v in lch.hellos.items()},
            environments={
                t.key: worker_environment(self._workspace, t.key) for t in self._plan.toolchains
            },
            facts={k: v for lch in launches for k, v in lch.facts.items()},
            interrupted=interrupted,
            wall_s=time.monotonic() - self._start,
            spent_s=_spent(launches),
        )

    def _tick(self, text: str) -> None:
        done = time.monotonic() - self._start
        self._report(Progress(done, max(self._total_s, done + 1.0), text))

    def _write_inputs(self) -> None:
        self._tick("writing the shared inputs")
        cells = {c.key: c for s in self._plan.series for c in s.cells}
        # Any interpreter with NumPy will do; the frameworks' own have it for certain.
        others = [toolchain.interpreter for toolchain in self._plan.toolchains]
        try:
            self._inputs = self._inputs_by(sys.executable, cells)
        except WorkerError:
            if not others:
                raise
            self._inputs = self._inputs_by(others[0], cells)

    def _inputs_by(self, interpreter: str, cells: dict[str, Cell]) -> dict[str, tuple[str, str]]:
        written = {}
        environment = worker_environment(self._workspace, "inputs")
        command = WorkerCommand(
            worker_argv(interpreter, self._worker, "--framework", "numpy"),
            environment,
            (),
            self._workspace / "inputs.log",
        )
        with WorkerProcess(command) as worker:
            for key, cell in cells.items():
                path = self._workspace / f"inputs-{key.replace('/', '-')}.npz"
                reply = worker.ask(
                    "inputs",
                    timeout_s=120.0,
                    workload=cell.probe,
                    size=dict(cell.size),
                    seed=self._plan.seed,
                    path=str(path),
                    source=cell.source,
                )
                written[key] = (str(path), str(reply["sha256"]))
        return written

    def _wait_for_quiet(self) -> None:
        if not self._plan.series:
            return
        meter = self._meter(self._plan.series[0].cpus, list)
        share = wait_until_quiet(meter, limit_s=QUIET_LIMIT_S, tell=self._tick)
        if share is not None and share >= BUSY_SHARE:
            self._notices.append(
                {
                    "id": "machine-busy",
                    "severity": "warning",
                    "text": f"other processes used {share:.0%} of the CPUs when measuring began",
                    "hint": "stop them, or measure when the machine is idle",
                }
            )

    def _count_guests(self) -> None:
        """Other processes on the accelerator; none of our own workers lives now."""
        if not all(series.on_cpu for series in self._plan.series):
            known = [c for c in (foreign_processes(), self._guests) if c is not None]
            self._guests = max(known, default=None)

    def _launch_until_settled(self) -> bool:
        limit = self._plan.looks.most + MOST_REPEATS
        for index in range(limit):
            any_active = False
            for series in self._plan.series:
                active = self._active_cells(series)
                if not active:
                    continue
                if self._stop():
                    return True
                if self._out_of_time(series):
                    continue
                any_active = True
                result = self._launch(series, index, active)
                if result.interrupted:
                    return True
            if not any_active:
                break
        return False

    def _out_of_time(self, series: Series) -> bool:
        budget, launches = self._plan.budget_s, self._launches[series.key]
        if budget is None or not launches:
            return False
        per_launch = self._seconds_per_launch(series)
        # Launches short of the first look call nothing: a plan that fitted may run over a little.
        too_few = len(launches) < self._plan.looks.launches[0]
        limit_s = budget * OVERRUN if too_few else budget
        left = limit_s - (time.monotonic() - self._start)
        if left >= per_launch * 0.8:
            return False
        if not any(n["id"] == "budget-spent" for n in self._notices):
            self._notices.append(
                {
                    "id": "budget-spent",
                    "severity": "info",
                    "text": f"the budget of {budget:.0f} s was spent before all launches were run",
                    "hint": "a larger --budget lets open comparisons settle",
                }
            )
        return True

    def _seconds_per_launch(self, series: Series) -> float:
        """What the last launch took; only the first, which compiles cold, says too much."""
        seen = self._launch_s[series.key][1:]
        if seen:
            return seen[-1]
        planned = series_seconds(series, self._plan.protocol, self._plan.looks)
        return planned / self._plan.looks.launches[0]

    def _launch(self, series: Series, index: int, cells: Sequence[Cell]) -> LaunchResult:
        setting = Setting(
            workspace=self._workspace,
            worker=self._worker,
            settings=self._plan.settings,
            seed=self._plan.seed,
            protocol=self._plan.protocol,
            inputs=self._inputs,
            plants_s=self._plants_s,
            tick=self._tick,
            meter=self._meter,
        )
        first = not self._launches[series.key]
        failed = self._failed[series.key]
        launch = Launch(setting, series, index, cells, failed, first=first)
        begin = time.monotonic()
        result = launch.run()
        self._launch_s[series.key].append(time.monotonic() - begin)
        self._launches[series.key].append(result)
        failed.update(result.failures)
        if first:
            for cell in cells:
                for mode in cell.modes:
                    path = launch.observation_path(cell, mode)
                    if path.exists() or (cell.key, mode.label) in result.runs:
                        self._observations[series.key, cell.key, mode.label] = path
        return result

    def _active_cells(self, series: Series) -> list[Cell]:
        """Cells that need another launch: too few good ones, or an open verdict before its look."""
        return [cell for cell in series.cells if self._needs_more(series, cell)]

    def _needs_more(self, series: Series, cell: Cell) -> bool:
        launches, looks = self._launches[series.key], self._plan.looks
        if not launches:
            return True
        failed = self._failed[series.key]
        alive = [m.label for m in cell.modes if (cell.key, m.label) not in failed]
        pairs = [p for p in crossing_pairs(cell) if p[0] in alive and p[1] in alive]
        if not pairs:
            enough = ONE_OFF_LAUNCHES if cell.one_off else looks.launches[0]
            return bool(alive) and len(launches) < min(enough, looks.launches[0])
        if len(launches) >= looks.most + MOST_REPEATS:
            return False
        runs = CellRuns(cell, series, launches)
        return any(self._pair_open(runs, pair) for pair in pairs)

    def _pair_open(self, runs: CellRuns, pair: tuple[str, str]) -> bool:
        looks = self._plan.looks
        logs, noisy, _ = launch_logs(runs, *pair)
        if noisy > MOST_REPEATS and noisy > len(logs):
            return False
        if len(logs) >= looks.most or keeps_compiling(runs, pair):
            return False
        if not looks.is_look(len(logs)):
            return True
        if too_noisy(len(logs), noisy) and len(logs) < looks.most:
            # More launches can still outweigh the noisy ones.
            return True
        verdict = verdict_so_far(runs, pair, self._context(runs.series))
        return not (verdict.settled or verdict.hopeless(looks.most))

    def _context(self, series: Series) -> Context:
        launches = self._launches[series.key]
        facts = {k: v for lch in launches for k, v in lch.facts.items()}
        return Context(
            looks=self._plan.looks,
            floor=self._selftest.spread,
            selftest=self._selftest.status,
            peaks={k: f["flops_per_s"] for k, f in facts.items() if "flops_per_s" in f},
            copies={k: f["bytes_per_s"] for k, f in facts.items() if "bytes_per_s" in f},
            settings=self._plan.settings,
            precisions={
                k: f["max_relative_error"] for k, f in facts.items() if "max_relative_error" in f
            },
            hellos={k: v for lch in launches for k, v in lch.hellos.items()},
            device_guests=self._guests,
        )

    def _probe(self, series: Series, cell: Cell) -> dict[str, Any]:
        observations = {
            label: path
            for (s, c, label), path in self._observations.items()
            if s == series.key and c == cell.key
        }
        sha256 = self._inputs.get(cell.key, ("", ""))[1] or None
        return probe_entry(
            CellRuns(cell, series, self._launches[series.key]),
            self._context(series),
            observations,
            sha256,
            self._plan.missing,
        )

    def _note_environment(self) -> None:
        dropped = dropped_tuning()
        if dropped:
            self._notices.append(
                {
                    "id": "tuning-dropped",
                    "severity": "info",
                    "text": "not passed on to the measured processes: " + ", ".join(dropped),
                    "hint": "a plain environment is measured; what these set is not in the numbers",
                }
            )


def _spent(launches: Sequence[LaunchResult]) -> dict[str, float]:
    """Wall seconds of all launches by what they went into."""
    kinds = sorted({kind for launch in launches for kind in launch.spent_s})
    return {k: sum(launch.spent_s.get(k, 0.0) for launch in launches) for k in kinds}
