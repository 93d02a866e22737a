"""Does measuring work on this machine: is equal code called equal, and a planted delay found?

Runs the whole apparatus (workers, blocks, gates, intervals) on NumPy work, so that it needs no
framework and takes seconds. Without a pass no verdict is called. The spread between launches of
equal code, seen here, is the floor under every later interval.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from advisor import __version__
from advisor.evidence import Reason, Selftest, to_data
from advisor.measure.gates import block_median_s
from advisor.measure.item_runs import WorkRuns, launch_logs
from advisor.measure.launch import RunningLaunch
from advisor.measure.pool import LaunchOptions
from advisor.measure.progress import Tick, silent
from advisor.measure.quiet import CpuMeter, MeterFactory, wait_until_quiet
from advisor.measure.verdicts import ASSUMED_SPREAD, SPREAD_FLOOR, Looks, Verdict, call
from advisor.measure.work import LaunchResult, Mode, Protocol, Series, ToolchainSpec, WorkItem
from advisor.workers.environment import worker_environment
from advisor.workers.replies import ReplyError, check_block, check_warm
from advisor.workers.worker import (
    WorkerCommand,
    WorkerError,
    WorkerProcess,
    garbage,
    worker_argv,
)

PLANTED_SHARE = 0.20
# Launches that may be repeated because others disturbed them.
MOST_REPEATS = 2
QUIET_LIMIT_S = 10.0
_LOOKS = Looks((4,), 0.05)
_PROTOCOL = Protocol(rounds=8, block_s=0.020, warm_min_s=0.05, warm_max_s=0.5)
_A, _B, _PLANTED = "numpy.a", "numpy.b", "numpy.planted"


@dataclass(frozen=True)
class SelftestResult:
    """What the self-test showed.

    Attributes:
        part: Its part of the evidence.
        spread: Standard deviation, between launches of equal code, of the logarithm of their ratio.
    """

    part: Selftest
    spread: float

    @property
    def passed(self) -> bool:
        """Whether measuring works here."""
        return self.part.status == "passed"

    @property
    def floor(self) -> float:
        """What bounds the spread of every later comparison from below."""
        return self.spread if self.passed else ASSUMED_SPREAD


def selftest(
    *,
    worker: Sequence[str],
    workspace: Path,
    cpus: Sequence[int],
    tick: Tick = silent,
    launches: int = 4,
    seed: int = 0,
    meter: MeterFactory = CpuMeter,
) -> SelftestResult:
    """Run it; about six seconds. Never raises for what it shows, only for an interrupt."""
    looks = Looks((launches,), _LOOKS.alpha)
    wait_until_quiet(meter(cpus, list), limit_s=QUIET_LIMIT_S, tick=tick)
    try:
        plant_s = PLANTED_SHARE * _per_call_s(worker, workspace, cpus)
        options = LaunchOptions(
            workspace=workspace,
            worker=worker,
            settings="matched",
            seed=seed,
            protocol=_PROTOCOL,
            inputs={},
            plants_s={_PLANTED: plant_s},
            tick=tick,
            meter=meter,
        )
        work = _launches(options, cpus, launches)
    except WorkerError as error:
        return _broken(error.reason)
    except ReplyError as error:
        return _broken(garbage(error).reason)
    failures = [f for launch in work.launches for f in launch.failures.values()]
    if failures:
        return _broken(failures[0].reason)
    equal, equal_logs = _verdict(work, (_A, _B), looks)
    planted, _ = _verdict(work, (_A, _PLANTED), looks)
    return _judge(equal, equal_logs, planted)


def _launches(options: LaunchOptions, cpus: Sequence[int], count: int) -> WorkRuns:
    first = ToolchainSpec("numpy-a", "numpy", sys.executable)
    second = ToolchainSpec("numpy-b", "numpy", sys.executable)
    modes = (Mode(_A, first), Mode(_B, second), Mode(_PLANTED, second))
    item = WorkItem("selftest", "Self-test", "numpy", {}, modes)
    series = Series("cpu", tuple(cpus), (item,))
    done: list[LaunchResult] = []
    for index in range(count + MOST_REPEATS):
        if len(launch_logs(WorkRuns(item, series, done), _A, _B).logs) == count:
            break
        options.tick("self-test", launch=index + 1, launches=max(count, index + 1))
        result = RunningLaunch(options, series, index, series.items, {}, first=False).run()
        if result.interrupted:
            raise KeyboardInterrupt
        done.append(result)
    return WorkRuns(item, series, done)


def _per_call_s(worker: Sequence[str], workspace: Path, cpus: Sequence[int]) -> float:
    """Time of one call on a warmed-up worker: what the planted delay is a share of."""
    command = WorkerCommand(
        worker_argv(sys.executable, worker, "--framework", "numpy"),
        worker_environment(workspace, "numpy-a"),
        tuple(cpus),
        workspace / "selftest.log",
    )
    with WorkerProcess(command) as process:
        process.ask("hello", timeout_s=30.0)
        process.ask("build", timeout_s=30.0, key="a", mode=_A)
        _, calls = check_warm(process.ask("warm", timeout_s=30.0, key="a", min_s=0.2, max_s=1.0))
        reply = process.ask(
            "block", timeout_s=30.0, key="a", seconds=0.1, calls=calls, min_samples=5
        )
    return block_median_s(check_block(reply))


def _verdict(work: WorkRuns, pair: tuple[str, str], looks: Looks) -> tuple[Verdict, list[float]]:
    logs = launch_logs(work, *pair).logs
    return call(logs, looks, floor=SPREAD_FLOOR), logs


def _judge(equal: Verdict, equal_logs: Sequence[float], planted: Verdict) -> SelftestResult:
    spread = statistics.stdev(equal_logs) if len(equal_logs) > 1 else math.inf
    if equal.word in ("a_faster", "b_faster"):
        return _failed(Reason("equal-called-different"), spread)
    open_for = {verdict.reason.id for verdict in (equal, planted) if verdict.reason}
    if "too-few-launches" in open_for:
        return _failed(Reason("machine-busy"), spread)
    if planted.word != "a_faster":
        return _failed(Reason("delay-not-found", values={"share": PLANTED_SHARE}), spread)
    interval = planted.interval
    part = Selftest(
        status="passed",
        aa_log_sd=round(spread, 5),
        planted_detected=True,
        details={
            "launches": len(equal_logs),
            "aa_verdict": equal.word,
            "planted_ratio": round(math.exp(interval.estimate), 4) if interval else None,
        },
    )
    return SelftestResult(part, max(SPREAD_FLOOR, spread))


def _broken(because: Reason) -> SelftestResult:
    return _failed(Reason("selftest-broken", values={"because": to_data(because)}))


def _failed(reason: Reason, spread: float = math.inf) -> SelftestResult:
    seen = math.isfinite(spread)
    part = Selftest(
        status="failed",
        aa_log_sd=round(spread, 5) if seen else None,
        planted_detected=False if reason.id == "delay-not-found" else None,
        reason=reason,
    )
    return SelftestResult(part, spread if seen else 1.0)


def cache_key(cpus: Sequence[int]) -> str:
    """What a pass holds for: this boot, these CPUs, these versions."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = platform.node()
    try:
        numpy = version("numpy")
    except PackageNotFoundError:
        numpy = ""
    facts = [boot, platform.machine(), platform.python_version(), numpy, __version__, list(cpus)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def cached(directory: Path, cpus: Sequence[int]) -> SelftestResult | None:
    """An earlier pass that still holds, or None."""
    try:
        stored = json.loads((directory / f"selftest-{cache_key(cpus)}.json").read_text("utf-8"))
        part = Selftest(
            status="passed",
            aa_log_sd=float(stored["aa_log_sd"]),
            planted_detected=True,
            details=dict(stored["details"]),
        )
        return SelftestResult(part, float(stored["spread"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(directory: Path, cpus: Sequence[int], result: SelftestResult) -> None:
    """Keep a pass; a failure is never kept, since the machine may be quiet a minute later."""
    if not result.passed:
        return
    part = result.part
    kept = {"spread": result.spread, "aa_log_sd": part.aa_log_sd, "details": part.details}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("selftest-*.json"):
            old.unlink()
        (directory / f"selftest-{cache_key(cpus)}.json").write_text(json.dumps(kept), "utf-8")
    except OSError:
        return
