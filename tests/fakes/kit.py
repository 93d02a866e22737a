"""Short words for tests of measuring: scripts for the fake worker, plans, runs, meters."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor.evidence import Entry, Evidence, Probe, Selftest, to_data
from advisor.evidence_io import evidence_from
from advisor.jsonio import dumps
from advisor.measure.plan import Plan
from advisor.measure.progress import OnProgress, unreported
from advisor.measure.quiet import Usage
from advisor.measure.run import Run, RunResult
from advisor.measure.selftest import SelftestResult
from advisor.measure.verdicts import Looks
from advisor.measure.work import Mode, Protocol, Series, ToolchainSpec, WorkItem
from advisor.render.evidence_words import word_evidence
from advisor.workers.affinity import affinity_of
from tests.fakes import observations

FAKE = Path(__file__).with_name("worker.py")
QUICK = Protocol(
    rounds=6,
    block_s=0.02,
    warm_min_s=0.0,
    warm_max_s=0.1,
    gap_s=0.0,
    hello_timeout_s=20.0,
    build_timeout_s=20.0,
    block_timeout_s=20.0,
)
LOOKS = Looks((3, 4), 0.05)
PASSED = SelftestResult(Selftest(status="passed"), 0.01)
TORCH = ToolchainSpec("pytorch-0", "pytorch", sys.executable)
JAX = ToolchainSpec("jax-0", "jax", sys.executable)
TOLERANCE = {"forward": 1e-4, "grad": 1e-3, "curve": 1e-3}


class Meter:
    """A machine on which others use a fixed share of the CPUs."""

    share: float | None = 0.0

    def __init__(self, cpus: Sequence[int], pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids

    def read(self) -> Usage | None:
        """A reading that no clock is behind."""
        list(self._pids())
        return Usage(0.0, 0.0, 0.0)

    def foreign_share(self, before: Usage | None, after: Usage | None) -> float | None:
        """The same share whenever it is asked."""
        return self.share


class BusyMeter(Meter):
    """A machine of which others use half."""

    share = 0.5


def meter_of(*shares: float, then: float = 0.0) -> type[Meter]:
    """A meter of which every new one says these shares in turn, and *then* for ever."""

    class Scripted(Meter):
        def __init__(self, cpus: Sequence[int], pids: Callable[[], Iterable[int]]) -> None:
            super().__init__(cpus, pids)
            self.shares = itertools.chain(shares, itertools.repeat(then))

        def foreign_share(self, before: Usage | None, after: Usage | None) -> float | None:
            return next(self.shares)

    return Scripted


def cpus(count: int = 2) -> tuple[int, ...]:
    """The last *count* CPUs that this process may use, or all where there are fewer."""
    return (affinity_of(0) or (0,))[-count:]


@dataclass
class Script:
    """What a fake worker is told; `argv` goes where the worker's path goes."""

    state: Path
    modes: dict[str, dict[str, Any]] = field(default_factory=dict)
    frameworks: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    workloads: list[dict[str, Any]] | None = None
    models: list[dict[str, Any]] | None = None
    seed: int = 0

    @property
    def argv(self) -> tuple[str, ...]:
        """Path and options of the fake."""
        told = {
            "state": str(self.state),
            "modes": self.modes,
            "frameworks": self.frameworks,
            "faults": self.faults,
            "seed": self.seed,
        }
        if self.workloads is not None:
            told["workloads"] = self.workloads
        if self.models is not None:
            told["models"] = self.models
        return (str(FAKE), "--script", json.dumps(told))

    def fault(self, verb: str, kind: str, who: str, **more: Any) -> Script:
        """Add a fault; *who* is a mode (with a dot) or a framework."""
        key = "mode" if "." in who else "framework"
        self.faults.append({"verb": verb, "kind": kind, key: who, **more})
        return self

    def starts(self, framework: str) -> int:
        """How often a worker of *framework* was started."""
        path = self.state / f"starts-{framework}"
        return path.stat().st_size if path.exists() else 0


def make_script(state: Path) -> Script:
    """A fake that does everything right, with *state* for what outlives its processes."""
    observations.write_all(state / "observations")
    return Script(state)


def with_selftest(script: Script, sd: float = 0.004, **medians: float) -> Script:
    """*script*, its self-test's modes ``a``, ``b`` and ``planted`` taking 1 ms unless told."""
    script.modes = {
        f"numpy.{name}": {
            "median_s": medians.get(name, 1e-3),
            "launch_sd": sd,
            "block_sd": 0.002,
        }
        for name in ("a", "b", "planted")
    }
    return script


def modes_of(*names: str) -> tuple[Mode, ...]:
    """Modes by name, each on the toolchain of its framework."""
    toolchains = {"pytorch": TORCH, "jax": JAX}
    return tuple(
        Mode(name, toolchains[name.split(".")[0]], few_samples=name == "jax.eager")
        for name in names
    )


def item(workload: str = "fake", modes: Sequence[Mode] = (), **changes: Any) -> WorkItem:
    """An item of the fake workload."""
    modes = tuple(modes) or modes_of("pytorch.eager", "jax.jit")
    usual: dict[str, Any] = {"flops": 1e6, "tolerance": TOLERANCE, **changes}
    return WorkItem(workload, f"The {workload} workload", "small", {"n": 8}, modes, **usual)


def plan(*items: WorkItem, cores: int = 2, **changes: Any) -> Plan:
    """A plan of one series."""
    series = Series("cpu", cpus(cores), items or (item(),))
    toolchains = {m.toolchain.key: m.toolchain for i in series.items for m in i.modes}
    made = Plan(
        profile="standard",
        settings="matched",
        seed=3,
        series=(series,),
        looks=LOOKS,
        protocol=QUICK,
        toolchains=tuple(toolchains.values()),
    )
    return replace(made, **changes)


def run(
    script: Script,
    made: Plan | None = None,
    *,
    selftest: SelftestResult = PASSED,
    meter: type[Meter] = Meter,
    report: OnProgress = unreported,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """A whole run with the fake worker, in words, as a reader of its file has it."""
    place = script.state / "workspace"
    place.mkdir(exist_ok=True)
    result = Run(
        made or plan(),
        worker=script.argv,
        workspace=place,
        selftest=selftest,
        meter=meter,
        report=report,
        stop=stop,
    ).measure()
    read = read_back(Evidence(probes=result.probes, notices=result.notices))
    return replace(result, probes=read.probes, notices=read.notices)


def read_back(evidence: Evidence) -> Evidence:
    """*evidence* put into words, written, and read at the border."""
    text = dumps(to_data(word_evidence(evidence)))
    return evidence_from(json.loads(text), name="what was measured")


def entries(probe: Probe) -> dict[str, Entry]:
    """Entries of a probe by mode."""
    return {entry.mode: entry for entry in probe.entries}


def alive(pid: int) -> bool:
    """Whether *pid* runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"
