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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.measure.cell_runs import CellRuns, launch_logs
from advisor.workers.environment import worker_environment
from advisor.measure.launch import Launch
from advisor.measure.work import Cell, LaunchResult, Mode, Protocol, Series, ToolchainSpec
from advisor.measure.quiet import CpuMeter, MeterFactory, wait_until_quiet
from advisor.workers.replies import ReplyError, check_block, check_warm
from advisor.measure.setting import Setting
from advisor.measure.verdicts import SPREAD_FLOOR, Looks, Verdict, call
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv

PLANTED_SHARE = 0.20
# Launches that may be repeated because others disturbed them.
MOST_REPEATS = 2
QUIET_LIMIT_S = 10.0
_LOOKS = Looks((4,), 0.05)
_PROTOCOL = Protocol(rounds=8, block_s=0.020, warm_min_s=0.05, warm_max_s=0.5)
_A, _B, _PLANTED = "numpy.a", "numpy.b", "numpy.planted"


@dataclass(frozen=True)
class SelftestResult:
    """What the self-test found; `document` is its part of the evidence."""

    passed: bool
    spread: float
    document: dict[str, Any]


def selftest(
    *,
    worker: Sequence[str],
    workspace: Path,
    cpus: Sequence[int],
    tell: Callable[[str], None] = lambda _: None,
    launches: int = 4,
    seed: int = 0,
    meter: MeterFactory = CpuMeter,
) -> SelftestResult:
    """Run it; about six seconds. Never raises for what it finds, only for an interrupt."""
    looks = Looks((launches,), _LOOKS.alpha)
    wait_until_quiet(meter(cpus, list), limit_s=QUIET_LIMIT_S, tell=tell)
    try:
        plant_s = PLANTED_SHARE * _per_call_s(worker, workspace, cpus)
        setting = Setting(
            workspace=workspace,
            worker=worker,
            settings="matched",
            seed=seed,
            protocol=_PROTOCOL,
            inputs={},
            plants_s={_PLANTED: plant_s},
            tick=tell,
            meter=meter,
        )
        results = _launches(setting, cpus, launches)
    except (WorkerError, ReplyError) as error:
        return _failed("selftest-broken", f"the self-test's worker failed: {error}")
    broken = next((f for launch in results[2] for f in launch.failures.values()), None)
    if broken is not None:
        return _failed("selftest-broken", f"the self-test's worker failed: {broken.text}")
    runs = CellRuns(*results)
    equal, equal_logs = _verdict(runs, (_A, _B), looks)
    planted, _ = _verdict(runs, (_A, _PLANTED), looks)
    return _judge(equal, equal_logs, planted)


def _launches(
    setting: Setting, cpus: Sequence[int], count: int
) -> tuple[Cell, Series, list[LaunchResult]]:
    first = ToolchainSpec("numpy-a", "numpy", sys.executable)
    second = ToolchainSpec("numpy-b", "numpy", sys.executable)
    modes = (Mode(_A, first), Mode(_B, second), Mode(_PLANTED, second))
    cell = Cell("selftest", "Self-test", "numpy", {}, modes)
    series = Series("cpu", tuple(cpus), (cell,))
    found: list[LaunchResult] = []
    for index in range(count + MOST_REPEATS):
        if sum(cell.key not in launch.noisy for launch in found) == count:
            break
        setting.tick(f"self-test: launch {index + 1} of {max(count, index + 1)}")
        result = Launch(setting, series, index, series.cells, {}, first=False).run()
        if result.interrupted:
            raise KeyboardInterrupt
        found.append(result)
    return cell, series, found


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
    return float(statistics.median(check_block(reply)["samples_s"]))


def _verdict(runs: CellRuns, pair: tuple[str, str], looks: Looks) -> tuple[Verdict, list[float]]:
    logs, _, _ = launch_logs(runs, *pair)
    return call(logs, looks, floor=SPREAD_FLOOR), logs


def _judge(equal: Verdict, equal_logs: Sequence[float], planted: Verdict) -> SelftestResult:
    spread = statistics.stdev(equal_logs) if len(equal_logs) > 1 else math.inf
    found = planted.word == "a_faster"
    if equal.word in ("a_faster", "b_faster"):
        return _failed("equal-called-different", "equal code was called different", spread)
    if "too-few-launches" in (equal.reason, planted.reason):
        text = "too few quiet launches: other processes use the CPUs"
        return _failed("machine-busy", text, spread)
    if not found:
        return _failed("delay-not-found", "a planted delay of 20 % was not found", spread)
    interval = planted.interval
    document = {
        "status": "passed",
        "aa_log_sd": round(spread, 5),
        "planted_detected": True,
        "reason": None,
        "details": {
            "launches": len(equal_logs),
            "aa_verdict": equal.word,
            "planted_ratio": round(math.exp(interval.estimate), 4) if interval else None,
        },
    }
    return SelftestResult(passed=True, spread=max(SPREAD_FLOOR, spread), document=document)


def _failed(reason: str, text: str, spread: float = math.inf) -> SelftestResult:
    hint = "stop what else runs on this machine and try again: fw-advisor selftest"
    document = {
        "status": "failed",
        "aa_log_sd": round(spread, 5) if math.isfinite(spread) else None,
        "planted_detected": False if reason == "delay-not-found" else None,
        "reason": {"id": reason, "text": text, "hint": hint},
        "details": {},
    }
    return SelftestResult(
        passed=False, spread=spread if math.isfinite(spread) else 1.0, document=document
    )


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
        return SelftestResult(
            passed=True, spread=float(stored["spread"]), document=dict(stored["document"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(directory: Path, cpus: Sequence[int], result: SelftestResult) -> None:
    """Keep a pass; a failure is never kept, since the machine may be quiet a minute later."""
    if not result.passed:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("selftest-*.json"):
            old.unlink()
        text = json.dumps({"spread": result.spread, "document": result.document})
        (directory / f"selftest-{cache_key(cpus)}.json").write_text(text, "utf-8")
    except OSError:
        return
