"""One measuring campaign: from toolchains and wishes to the whole evidence.

The one entry for callers: takes the machine's lock and a workspace, runs the self-test (or
takes an earlier pass), measures the plan, and puts the evidence together, in parts: what it says
is put into words elsewhere. It reads no clock for the evidence and finds no interpreters: the
date, the machine and the toolchains are handed in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.devices import is_cpu
from advisor.errors import NothingToMeasureError
from advisor.evidence import (
    Attribution,
    Evidence,
    Machine,
    Notice,
    Probe,
    Reason,
    Tool,
    Toolchain,
    Work,
)
from advisor.measure.attribution import attributions
from advisor.measure.catalogue import OfferedWorkload, read_catalogue, users_fault
from advisor.measure.cpus import cpus_of
from advisor.measure.journal import Journal, Start
from advisor.measure.models import asked_models
from advisor.measure.plan import TIMES_LAUNCHES, Plan, make_plan, notices_of, times_only
from advisor.measure.progress import OnProgress, Progress, unreported
from advisor.measure.quiet import CpuMeter, MeterFactory
from advisor.measure.run import Run, RunResult
from advisor.measure.selftest import (
    MOST_AGE_S,
    SelftestResult,
    cache_key,
    cached,
    patient_selftest,
    store,
)
from advisor.measure.translation import module_works
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.measure.ways import waits_for_python, ways_left_out
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from advisor.measure.works import Basis, as_works_say, works_of
from advisor.workers.environment import recorded
from advisor.workers.lock import Holder, machine_lock
from advisor.workers.worker import WorkerError
from advisor.workers.workspace import workspace

# About what a self-test takes.
_SELFTEST_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Everything a campaign needs to know.

    `worker` is what an interpreter runs to become a worker; a passed self-test is remembered in
    `cache`. `machine`, `toolchain_parts` and the date `created` go into the evidence, `notices`
    beside its own. `missing` holds, per framework that could not be found, why; `short` says that
    something asked for is left out. `own_workloads` are files with the user's own steps, measured
    instead of the shipped workloads, or ``FILE.py:NAME`` of a module; `unlike` says by the model
    of a work (``module:NAME``, or a family that stands for a module) what the module has and the
    measurement does not. What is finished goes into the `journal`, and what it holds already is
    not measured again.
    """

    worker: Sequence[str]
    toolchains: Sequence[ToolchainSpec]
    toolchain_parts: Sequence[Toolchain]
    missing: Mapping[str, Reason]
    machine: Machine
    wishes: Wishes
    created: str
    cache: Path
    own_workloads: Sequence[str] = ()
    unlike: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lock_wait_s: float = 0.0
    notices: Sequence[Notice] = ()
    short: bool = False
    report: OnProgress = field(default=unreported)
    stop: Callable[[], bool] = field(default=lambda: False)
    meter: MeterFactory = CpuMeter
    journal: Journal | None = None


@dataclass(frozen=True)
class Finished:
    """What a campaign gave: the evidence in parts, and whether it holds all that was planned."""

    evidence: Evidence
    complete: bool
    interrupted: bool
    wall_s: float


def planned(campaign: Campaign) -> Plan:
    """What the campaign would measure; runs nothing but the catalogue.

    Raises:
        NothingToMeasureError: native Windows.
    """
    refuse_native_windows()
    with workspace() as place:
        return _plan(campaign, _catalogue(campaign, place), place)


def _catalogue(campaign: Campaign, place: Path) -> list[OfferedWorkload]:
    return read_catalogue(campaign.worker, place, campaign.own_workloads)


def _plan(
    campaign: Campaign,
    catalogue: Sequence[OfferedWorkload],
    place: Path,
    spent_s: float = 0.0,
) -> Plan:
    offers = {framework for workload in catalogue for framework in workload.frameworks}
    models = asked_models(campaign.worker, place, campaign.wishes.models)
    plan = make_plan(
        catalogue,
        campaign.toolchains,
        campaign.wishes,
        cpus_of(campaign.machine),
        # What a user's file does not offer is not missed.
        {f: why for f, why in campaign.missing.items() if f in offers},
        spent_s=spent_s,
        models=models,
    )
    return replace(
        plan,
        memory_bytes=_memory_bytes(campaign.machine, campaign.wishes.device),
        fast_cpus=frozenset(campaign.machine.details.get("fast_cpus") or ()),
    )


def _memory_bytes(machine: Machine, device: str) -> float | None:
    """What a model has to fit into: the machine's memory, or the least of its accelerators."""
    if is_cpu(device):
        return machine.memory_bytes
    return min((a.memory_bytes for a in machine.accelerators if a.memory_bytes), default=None)


def refuse_native_windows() -> None:
    """Refuse to measure where worker processes cannot be.

    Raises:
        NothingToMeasureError: native Windows.
    """
    if os.name == "nt":
        raise NothingToMeasureError(
            "nothing is measured on native Windows: worker processes need POSIX",
            hint="use WSL2: install fw-advisor and the frameworks inside it, and measure there",
        )


def measure(campaign: Campaign) -> Finished:
    """Run the campaign.

    Raises:
        NothingToMeasureError: native Windows.
        UserError: another run holds the machine's lock, or a probe does not exist.
    """
    refuse_native_windows()
    with lock_for(campaign), workspace() as place:
        begin = time.monotonic()
        if campaign.journal is not None:
            campaign.journal.load()
        catalogue = _catalogue(campaign, place)
        plan = _plan(campaign, catalogue, place)
        try:
            start = _started(campaign, place, begin, then_s=plan.seconds())
        except KeyboardInterrupt:
            return _finished(campaign, plan, RunResult(interrupted=True), None)
        tested = start.selftest
        if campaign.wishes.budget_s:
            plan = _plan(campaign, catalogue, place, spent_s=start.spent_s)
        if not tested.passed:
            # Minutes of measuring would give no ratio: times only, and it is said.
            plan = times_only(plan)
        run = Run(
            plan,
            worker=campaign.worker,
            workspace=place,
            selftest=tested,
            report=campaign.report,
            stop=campaign.stop,
            meter=campaign.meter,
            begun_s=begin,
            journal=campaign.journal,
        )
        result = _run(run)
        result = replace(
            result,
            environments={k: recorded(v, place) for k, v in result.environments.items()},
            spent_s={
                **result.spent_s,
                "self_test": start.took_s,
                "all": result.wall_s,
            },
        )
        return _finished(campaign, plan, result, tested)


def _started(campaign: Campaign, place: Path, begin: float, *, then_s: float) -> Start:
    """The self-test with its times: the one of the run that is gone on with, where it holds.

    A plan is cut to what was spent when that run made its own: both are to be the same.
    """
    journal = campaign.journal
    earlier = journal.start if journal else None
    key = cache_key(cpus_of(campaign.machine), machine_state(campaign.machine))
    young = earlier is not None and 0 <= time.time() - earlier.made_s <= MOST_AGE_S
    if earlier is not None and earlier.key == key and young:
        return earlier
    testing = time.monotonic()
    tested = self_test(campaign, place, then_s=then_s)
    now = time.monotonic()
    start = Start(
        tested,
        made_s=tested.made_s or time.time(),
        took_s=now - testing,
        spent_s=earlier.spent_s if earlier else now - begin,
        key=key,
    )
    if journal is not None:
        journal.note_start(start)
    return start


def lock_for(campaign: Campaign) -> AbstractContextManager[None]:
    """The machine's lock, waited for as long as *campaign* says; it is told for whom."""
    waiting = partial(_tell_waiting, campaign.report)
    return machine_lock(campaign.lock_wait_s, waiting=waiting)


def _tell_waiting(report: OnProgress, holder: Holder | None) -> None:
    if holder is None:
        report(Progress(0.0, 0.0, "waiting-for-another"))
        return
    values = {"pid": holder.pid, "since_s": max(0.0, time.time() - holder.since_s)}
    report(Progress(0.0, 0.0, "waiting-for-holder", values))


def _run(run: Run) -> RunResult:
    try:
        return run.measure()
    except WorkerError as error:
        fault = users_fault(error)
        if fault is None:
            raise
        raise fault from error


def self_test(
    campaign: Campaign, place: Path, *, fresh: bool = False, then_s: float = 0.0
) -> SelftestResult:
    """An earlier pass of this day and boot, in the machine's present state, or a new self-test.

    *then_s* is how long what comes after it takes, for the time that is told.

    Raises:
        NothingToMeasureError: native Windows.
    """
    refuse_native_windows()
    cpus, state = cpus_of(campaign.machine), machine_state(campaign.machine)
    earlier = None if fresh else cached(campaign.cache, cpus, state)
    if earlier is not None:
        return earlier
    begin = time.monotonic()

    def tick(stage: str, /, **values: Any) -> None:
        done_s = time.monotonic() - begin
        total_s = max(_SELFTEST_S, done_s + 1.0) + then_s
        campaign.report(Progress(done_s, total_s, stage, values))

    result = patient_selftest(
        worker=campaign.worker,
        workspace=place,
        cpus=cpus,
        tick=tick,
        seed=campaign.wishes.seed,
        meter=campaign.meter,
    )
    store(campaign.cache, cpus, result, state)
    return result


def machine_state(machine: Machine) -> dict[str, Any]:
    """What of the machine can change within a day and moves times: power, clocks, quota."""
    return {
        "cpu": machine.cpu,
        "cpu_quota": machine.cpu_quota,
        **{key: machine.details.get(key) for key in ("on_battery", "governor", "frequency_driver")},
    }


def evidence_of(campaign: Campaign, **parts: Any) -> Evidence:
    """The document of a run of *campaign*: what stands before anything is measured, and *parts*."""
    usual = {
        "tool": Tool(version=__version__),
        "created": campaign.created,
        "profile": campaign.wishes.profile,
        "seed": campaign.wishes.seed,
        "machine": campaign.machine,
        "toolchains": list(campaign.toolchain_parts),
        "notices": list(campaign.notices),
    }
    return Evidence(**{**usual, **parts})


def _finished(
    campaign: Campaign, plan: Plan, result: RunResult, tested: SelftestResult | None
) -> Finished:
    works = _works(campaign, plan, result, tested.floor_on(2) if tested else ASSUMED_SPREAD)
    evidence = evidence_of(
        campaign,
        settings="default" if plan.settings == "default" else "matched",
        profile=plan.profile,
        seed=plan.seed,
        toolchains=_toolchain_parts(campaign, result),
        selftest=tested.part if tested else None,
        probes=as_works_say(result.probes, works),
        works=works,
        attributions=_attributions(result.probes, tested),
        spent_s={k: round(v, 2) for k, v in result.spent_s.items()},
        resumed=_resumed(campaign),
        notices=[
            *campaign.notices,
            *result.notices,
            *notices_of(plan),
            *_times_only(tested),
            *waits_for_python(works),
            *ways_left_out(plan.models, result.probes),
        ],
    )
    complete = result.complete and not plan.missing and not campaign.short
    return Finished(evidence, complete, result.interrupted, result.wall_s)


def _resumed(campaign: Campaign) -> int | None:
    """How many launches were made before an interruption; None where there was none."""
    journal = campaign.journal
    return len(journal.done) if journal is not None and journal.taken_up else None


def _attributions(probes: Sequence[Probe], tested: SelftestResult | None) -> list[Attribution]:
    if tested is None:
        return []
    # What is toggled may be the number of cores: the wider floor holds for both ends.
    return attributions(probes, floor=tested.floor_on(2), selftest=tested.part.status)


def _works(campaign: Campaign, plan: Plan, result: RunResult, floor: float) -> list[Work]:
    """What the models that were asked for predict, and the user's own module before them."""
    too_large = {**plan.too_large, **result.too_large}
    basis = Basis(looks=plan.looks, floor=floor, too_large=too_large)
    families = works_of(plan.models, result.probes, basis)
    lacking = campaign.unlike
    return [
        *module_works(result.probes, lacking),
        *(replace(work, unlike=list(lacking.get(work.model, ()))) for work in families),
    ]


def _toolchain_parts(campaign: Campaign, result: RunResult) -> list[Toolchain]:
    """The toolchains with what their workers said of themselves."""
    parts = list(campaign.toolchain_parts)
    for spec in campaign.toolchains:
        if spec.index >= len(parts):
            continue
        part, hello = parts[spec.index], result.hellos.get(spec.key)
        environment = result.environments.get(spec.key)
        part = replace(
            part,
            precision=result.facts.get(spec.key) or part.precision,
            environment=part.environment if environment is None else environment,
        )
        if hello is not None:
            part = replace(
                part,
                version=hello.version or part.version,
                python=hello.python or part.python,
                threads=part.threads if hello.threads is None else hello.threads,
                devices=hello.devices or part.devices,
            )
        parts[spec.index] = part
    return parts


def _times_only(tested: SelftestResult | None) -> list[Notice]:
    """That nothing was compared, since measuring did not work here."""
    if tested is None or tested.passed:
        return []
    return [Notice("times-only", "warning", values={"launches": TIMES_LAUNCHES})]
