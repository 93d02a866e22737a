"""What the benchmarks share: groups of launches on the real apparatus, and rows of a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.evidence import Comparison, Selftest
from advisor.measure.catalogue import read_catalogue
from advisor.measure.cpus import usable_cpus
from advisor.measure.plan import PROTOCOLS, Plan
from advisor.measure.run import Run, RunResult
from advisor.measure.selftest import SelftestResult
from advisor.measure.verdicts import QUICK, Looks
from advisor.measure.work import Mode, Protocol, Series, ToolchainSpec, WorkItem
from advisor.resources import resource_dir
from advisor.workers.lock import machine_lock
from advisor.workers.workspace import workspace

WORKER = (str(resource_dir("probes")),)
PASSED = SelftestResult(Selftest(status="passed"), 0.02)


@dataclass(frozen=True)
class Row:
    """One line of the table: what was asked, what was seen, and whether it reached the bar."""

    test: str
    bar: str
    seen: str
    reached: bool
    numbers: Mapping[str, Any] = field(default_factory=dict)


def toolchain(framework: str, name: str = "", index: int = 0) -> ToolchainSpec:
    """This interpreter as a toolchain; *name* sets several of one framework apart."""
    key = f"{framework}-{index}"
    return ToolchainSpec(key, framework, sys.executable, None, f"@{name}" if name else "", index)


def twin_modes(framework: str, mode: str) -> tuple[Mode, Mode]:
    """The same mode of the same framework twice, in processes of their own."""
    return Mode(mode, toolchain(framework)), Mode(mode, toolchain(framework, "twin", 1))


def item_of(workload: str, size: str, modes: Sequence[Mode]) -> WorkItem:
    """An item of the catalogue with *modes*."""
    with workspace() as place:
        offered = {w.id: w for w in read_catalogue(WORKER, place)}[workload]
    described = offered.sizes[size]
    return WorkItem(
        workload=workload,
        title=offered.title,
        size_name=size,
        size=described.size,
        modes=tuple(modes),
        flops=described.flops,
        bytes_moved=described.bytes,
        samples_per_step=described.samples_per_step,
        tolerance=described.tolerance,
        precision=described.precision,
    )


def run_group(
    item: WorkItem,
    *,
    cores: int = 1,
    seed: int = 0,
    looks: Looks = QUICK,
    protocol: Protocol | None = None,
    plants_s: Mapping[str, float] | None = None,
) -> RunResult:
    """One independent group of launches of *item*; the machine's lock is held meanwhile."""
    cpus = usable_cpus()
    series = Series("cpu", cpus[-cores:], (item,), setup_cpus=_setup(cpus, cores))
    toolchains = tuple({m.toolchain.key: m.toolchain for m in item.modes}.values())
    plan = Plan(
        profile="bench",
        settings="matched",
        seed=seed,
        series=(series,),
        looks=looks,
        protocol=protocol or PROTOCOLS["quick"],
        toolchains=toolchains,
    )
    with machine_lock(5.0), workspace() as place:
        return Run(
            plan, worker=WORKER, workspace=place, selftest=PASSED, plants_s=plants_s
        ).measure()


def _setup(cpus: Sequence[int], cores: int) -> tuple[tuple[int, ...], ...]:
    if cores > 1 or len(cpus) == 1:
        return (tuple(cpus),)
    return tuple((cpu,) for cpu in reversed(cpus))


def compared(result: RunResult) -> Comparison:
    """The one comparison of a group with two modes."""
    return result.probes[0].comparisons[0]


def median_s(result: RunResult, place: int = 0) -> float:
    """The median of one entry."""
    return result.probes[0].entries[place].median_s or 0.0


def called(verdict: str) -> bool:
    """Whether a verdict names a winner."""
    return verdict in ("a_faster", "b_faster")


def counts(verdicts: Sequence[str]) -> dict[str, int]:
    """How often each word was said."""
    return {word: verdicts.count(word) for word in sorted(set(verdicts))}


Bench = Callable[..., Iterable[Row]]
"""A benchmark: from the number of groups to its rows."""
