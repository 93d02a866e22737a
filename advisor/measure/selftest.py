"""Does measuring work on this machine: is equal code called equal, and a planted delay found?

Runs the whole apparatus (workers, blocks, gates, intervals) on NumPy work, so that it needs no
framework and takes seconds. Without a pass no verdict is called. The spread between launches of
equal code, seen here on one core and on all of them, is the floor under every later interval.
A failure for want of quiet says nothing about measuring: the test is made again when others stop.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from advisor import __version__
from advisor.evidence import Reason, Selftest, to_data
from advisor.files import replace_file
from advisor.measure.gates import block_median_s, launch_logs
from advisor.measure.launch import RunningLaunch
from advisor.measure.pool import LaunchOptions
from advisor.measure.progress import Tick, silent
from advisor.measure.quiet import BUSY_SHARE, CpuMeter, MeterFactory, wait_until_quiet
from advisor.measure.verdicts import ASSUMED_SPREAD, SPREAD_FLOOR, Looks, Verdict, call
from advisor.measure.work import (
    LaunchResult,
    Mode,
    Protocol,
    Series,
    ToolchainSpec,
    WorkItem,
    WorkRuns,
)
from advisor.owned import ForeignError, own_directory, read_own, refuse_foreign
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
# How long a self-test that others disturbed is made again, waiting for them included.
PATIENCE_S = 45.0
# A pass holds for a day: less than a machine needs to become another.
MOST_AGE_S = 86400.0
_MOST_BYTES = 1 << 20
# Launches on all cores, where nothing is planted.
_LAUNCHES_ON_ALL = 3
_LOOKS = Looks((4,), 0.05)
_PROTOCOL = Protocol(rounds=8, block_s=0.020, warm_min_s=0.05, warm_max_s=0.5)
EMPTY: Mapping[str, object] = MappingProxyType({})
_A, _B, _PLANTED = "numpy.a", "numpy.b", "numpy.planted"


@dataclass(frozen=True)
class SelftestResult:
    """What the self-test showed.

    Attributes:
        part: Its part of the evidence.
        spread: Standard deviation, between launches of equal code on one core, of the logarithm of
            their ratio.
        on_all: The same on all cores; None where there is one, or where it could not be seen.
        disturbed: Whether others cost it clean pairs, so that a failure may be theirs.
        made_s: When it was made, seconds since 1970; 0 where nobody noted it.
    """

    part: Selftest
    spread: float
    on_all: float | None = None
    disturbed: bool = False
    made_s: float = field(default=0.0, compare=False)

    @property
    def passed(self) -> bool:
        """Whether measuring works here."""
        return self.part.status == "passed"

    @property
    def floor(self) -> float:
        """What bounds the spread of every later comparison from below."""
        return self.spread if self.passed else ASSUMED_SPREAD

    def floor_on(self, cores: int) -> float:
        """The same for a comparison on so many *cores*.

        On several it is what equal code showed there, but no more than is assumed of a machine
        that nobody tested: NumPy's threads wait for each other in another way than a framework's,
        whose own spread stands in every interval anyway.
        """
        if cores == 1 or self.on_all is None:
            return self.floor
        return max(self.floor, min(self.on_all, ASSUMED_SPREAD))


def patient_selftest(
    *,
    worker: Sequence[str],
    workspace: Path,
    cpus: Sequence[int],
    tick: Tick = silent,
    seed: int = 0,
    meter: MeterFactory = CpuMeter,
) -> SelftestResult:
    """The self-test, made again when others disturbed it, for `PATIENCE_S` at most.

    Only a disturbed failure is made again: to repeat any until it passes would be no test.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        result = selftest(
            worker=worker, workspace=workspace, cpus=cpus, tick=tick, seed=seed, meter=meter
        )
        left_s = deadline - time.monotonic()
        if result.passed or not result.disturbed or left_s <= 0:
            return result
        tick("self-test-again", left_s=left_s)
        share = wait_until_quiet(meter(cpus, list), limit_s=left_s, tick=tick)
        if share is not None and share >= BUSY_SHARE:
            return result
        seed += 1


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
    """Run it once, on the last of *cpus* and on all; about ten seconds.

    Equal code and a planted delay are judged on one CPU: NumPy's own threads on two virtual CPUs
    differ between launches by more than what is to be found, and would test NumPy. Never raises
    for what it shows, only for an interrupt.
    """
    looks = Looks((launches,), _LOOKS.alpha)
    one = tuple(cpus[-1:])
    wait_until_quiet(meter(cpus, list), limit_s=QUIET_LIMIT_S, tick=tick)
    try:
        plant_s = PLANTED_SHARE * _per_call_s(worker, workspace, one)
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
        work = _launches(options, one, launches, (_A, _B, _PLANTED))
        tested = _judged(work, looks)
        if not tested.passed or len(cpus) == 1:
            return tested
        return _with_all_cores(tested, _launches(options, cpus, _LAUNCHES_ON_ALL, (_A, _B)))
    except WorkerError as error:
        return _broken(error.reason)
    except ReplyError as error:
        return _broken(garbage(error).reason)


def _judged(work: WorkRuns, looks: Looks) -> SelftestResult:
    failures = [f for launch in work.launches for f in launch.failures.values()]
    if failures:
        return _broken(failures[0].reason)
    equal = launch_logs(work, _A, _B)
    planted = launch_logs(work, _A, _PLANTED)
    verdicts = (call(seen.logs, looks, floor=SPREAD_FLOOR) for seen in (equal, planted))
    result = _judge(next(verdicts), equal.logs, next(verdicts))
    return replace(result, disturbed=equal.disturbed or planted.disturbed)


def _with_all_cores(tested: SelftestResult, work: WorkRuns) -> SelftestResult:
    """*tested* with the spread of equal code on all cores; as it is where too few were clean."""
    logs = launch_logs(work, _A, _B).logs
    if len(logs) < 2:
        return tested
    spread = statistics.stdev(logs)
    details = {**tested.part.details, "aa_log_sd_on_all_cores": round(spread, 5)}
    return replace(tested, part=replace(tested.part, details=details), on_all=spread)


def _launches(
    options: LaunchOptions, cpus: Sequence[int], count: int, labels: Sequence[str]
) -> WorkRuns:
    first = ToolchainSpec("numpy-a", "numpy", sys.executable)
    second = ToolchainSpec("numpy-b", "numpy", sys.executable)
    modes = tuple(Mode(label, first if label == _A else second) for label in labels)
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
        _, calls, _ = check_warm(process.ask("warm", timeout_s=30.0, key="a", min_s=0.2, max_s=1.0))
        reply = process.ask(
            "block", timeout_s=30.0, key="a", seconds=0.1, calls=calls, min_samples=5
        )
    return block_median_s(check_block(reply))


def _judge(equal: Verdict, equal_logs: Sequence[float], planted: Verdict) -> SelftestResult:
    spread = statistics.stdev(equal_logs) if len(equal_logs) > 1 else math.inf
    if equal.word in ("a_faster", "b_faster"):
        return _failed(Reason("equal-called-different"), spread)
    open_for = {verdict.reason.id for verdict in (equal, planted) if verdict.reason}
    if "too-few-launches" in open_for:
        return _failed(Reason("machine-busy"), spread)
    if planted.word != "a_faster":
        return _failed(Reason("delay-not-found", values={"share": PLANTED_SHARE}), spread)
    slowed = planted.ratio
    part = Selftest(
        status="passed",
        aa_log_sd=round(spread, 5),
        planted_detected=True,
        details={
            "launches": len(equal_logs),
            "aa_verdict": equal.word,
            "planted_ratio": round(slowed.value, 4) if slowed else None,
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


def cache_key(cpus: Sequence[int], state: Mapping[str, object] = EMPTY) -> str:
    """What a pass holds for: this boot, these CPUs, these versions, and the machine's *state*."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = platform.node()
    try:
        numpy = version("numpy")
    except PackageNotFoundError:
        numpy = ""
    facts = [boot, platform.machine(), platform.python_version(), numpy, __version__, list(cpus)]
    text = json.dumps([*facts, sorted(state.items())], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def cached(
    directory: Path, cpus: Sequence[int], state: Mapping[str, object] = EMPTY
) -> SelftestResult | None:
    """An earlier pass that still holds: not a day old, and the machine's *state* is the same."""
    try:
        # A pass that somebody else wrote would vouch for what nobody tested.
        refuse_foreign(directory)
        place = directory / f"selftest-{cache_key(cpus, state)}.json"
        stored = json.loads(read_own(place, _MOST_BYTES))
        if not 0 <= time.time() - float(stored["at_s"]) <= MOST_AGE_S:
            return None
        on_all = stored["on_all"]
        part = Selftest(
            status="passed",
            aa_log_sd=float(stored["aa_log_sd"]),
            planted_detected=True,
            details=dict(stored["details"]),
        )
        return SelftestResult(
            part,
            float(stored["spread"]),
            None if on_all is None else float(on_all),
            made_s=float(stored["at_s"]),
        )
    except (ForeignError, OSError, ValueError, KeyError, TypeError):
        return None


def store(
    directory: Path,
    cpus: Sequence[int],
    result: SelftestResult,
    state: Mapping[str, object] = EMPTY,
) -> None:
    """Keep a pass; a failure is never kept, since the machine may be quiet a minute later."""
    if not result.passed:
        return
    part = result.part
    kept = {
        "spread": result.spread,
        "on_all": result.on_all,
        "aa_log_sd": part.aa_log_sd,
        "details": part.details,
        "at_s": time.time(),
    }
    try:
        path = own_directory(directory) / f"selftest-{cache_key(cpus, state)}.json"
        replace_file(path, json.dumps(kept), mode=0o600)
        for old in directory.glob("selftest-*.json"):
            if old != path:
                old.unlink()
    except (ForeignError, OSError):
        return
