"""One measuring campaign: from toolchains and wishes to a whole evidence document.

The one entry for callers: takes the machine's lock and a workspace, runs the self-test (or
takes an earlier pass), measures the plan, and assembles ``fw-advisor/evidence@1``. It reads no
clock for the document and finds no interpreters: the date, the machine and the toolchains are
handed in.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.errors import NothingToMeasureError
from advisor.machine.cpu import one_per_core
from advisor.workers.affinity import affinity_of
from advisor.measure.attribution import attributions
from advisor.measure.catalogue import as_offered, offers_of, read_catalogue, users_fault
from advisor.workers.environment import recorded
from advisor.workers.lock import machine_lock
from advisor.measure.work import ToolchainSpec
from advisor.measure.plan import Plan, make_plan
from advisor.measure.quiet import CpuMeter, MeterFactory
from advisor.measure.run import Measured, Progress, Run, SelftestOutcome
from advisor.measure.selection import Wishes
from advisor.measure.selftest import SelftestResult, cached, selftest, store
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.workers.worker import WorkerError
from advisor.workers.workspace import workspace

_MOST_NAMED = 30
EVIDENCE_SCHEMA = "fw-advisor/evidence@1"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Everything a campaign needs to know.

    `machine` and `toolchain_documents` go into the evidence as they are; `missing` holds, per
    framework that could not be found, why: ``{id, text, hint}``. `own_workloads` are files with
    the user's own steps, measured instead of the shipped workloads. `notices` go into the
    evidence beside its own; `short` says that something asked for is left out.
    """

    worker: Sequence[str]
    toolchains: Sequence[ToolchainSpec]
    toolchain_documents: Sequence[Mapping[str, Any]]
    missing: Mapping[str, Mapping[str, str]]
    machine: Mapping[str, Any]
    wishes: Wishes
    created: str
    cache: Path
    own_workloads: Sequence[str] = ()
    lock_wait_s: float = 0.0
    cpu_quota: float | None = None
    notices: Sequence[Mapping[str, str]] = ()
    short: bool = False
    report: Callable[[Progress], None] = field(default=lambda _: None)
    stop: Callable[[], bool] = field(default=lambda: False)
    meter: MeterFactory = CpuMeter


@dataclass(frozen=True)
class Finished:
    """What a campaign gave: the evidence document, and whether it holds all that was planned."""

    document: dict[str, Any]
    complete: bool
    interrupted: bool
    wall_s: float


def usable_cpus(
    cpu_quota: float | None = None, siblings: Sequence[Sequence[int]] = ()
) -> tuple[int, ...]:
    """The CPUs that workers may use: one per physical core of this process's, cut to the quota.

    *siblings* holds the groups of logical CPUs that share a core, as far as the system tells.
    """
    found = affinity_of(os.getpid()) or tuple(range(os.cpu_count() or 1))
    # Two threads on one core slow each other, and how much differs between the frameworks.
    found = one_per_core(found, siblings)
    if cpu_quota is None:
        return found
    # Threads beyond the quota would be throttled in turn, a different way in each framework.
    return found[-max(1, int(cpu_quota)) :]


def _cpus(campaign: Campaign) -> tuple[int, ...]:
    details = campaign.machine.get("details") or {}
    return usable_cpus(campaign.cpu_quota, details.get("smt_siblings") or ())


def planned(campaign: Campaign) -> Plan:
    """What the campaign would measure; runs nothing but the catalogue.

    Raises:
        NothingToMeasureError: native Windows.
    """
    _refuse_native_windows()
    with workspace() as place:
        return _plan(campaign, _catalogue(campaign, place))


def _catalogue(campaign: Campaign, place: Path) -> list[dict[str, Any]]:
    return read_catalogue(campaign.worker, place, campaign.own_workloads)


def _plan(campaign: Campaign, catalogue: Sequence[Mapping[str, Any]]) -> Plan:
    offered = {f for names in offers_of(catalogue).values() for f in names}
    return make_plan(
        catalogue,
        campaign.toolchains,
        campaign.wishes,
        _cpus(campaign),
        # What a user's file does not offer is not missed.
        {f: why for f, why in campaign.missing.items() if f in offered},
    )


def _refuse_native_windows() -> None:
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
    _refuse_native_windows()
    with machine_lock(campaign.lock_wait_s), workspace() as place:
        begin = time.monotonic()
        catalogue = _catalogue(campaign, place)
        plan = _plan(campaign, catalogue)
        try:
            testing = time.monotonic()
            tested = self_test(campaign, place)
        except KeyboardInterrupt:
            return _finished(campaign, plan, Measured([], [], {}, {}, interrupted=True), None)
        tested_s = time.monotonic() - testing
        outcome = SelftestOutcome(
            tested.document["status"],
            tested.spread if tested.passed else ASSUMED_SPREAD,
            tested.document,
        )
        run = Run(
            plan,
            worker=campaign.worker,
            workspace=place,
            selftest=outcome,
            report=campaign.report,
            stop=campaign.stop,
            meter=campaign.meter,
        )
        measured = _run(run)
        environments = {k: recorded(v, place) for k, v in measured.environments.items()}
        probes = as_offered(measured.probes, offers_of(catalogue))
        spent_s = {
            **measured.spent_s,
            "self_test": tested_s,
            "all": time.monotonic() - begin,
        }
        measured = replace(measured, environments=environments, probes=probes, spent_s=spent_s)
        return _finished(campaign, plan, measured, tested.document)


def _run(run: Run) -> Measured:
    try:
        return run.measure()
    except WorkerError as error:
        fault = users_fault(error)
        if fault is None:
            raise
        raise fault from error


def self_test(campaign: Campaign, place: Path, *, fresh: bool = False) -> SelftestResult:
    """An earlier pass on this boot, or a new self-test on one CPU.

    On one CPU, since NumPy's own threads on two virtual CPUs differ between launches by more
    than what is to be found: that would test NumPy and not the measuring.

    Raises:
        NothingToMeasureError: native Windows.
    """
    _refuse_native_windows()
    cpus = _cpus(campaign)[-1:]
    known = None if fresh else cached(campaign.cache, cpus)
    if known is not None:
        return known
    result = selftest(
        worker=campaign.worker,
        workspace=place,
        cpus=cpus,
        tell=lambda text: campaign.report(Progress(0.0, 6.0, text)),
        seed=campaign.wishes.seed,
        meter=campaign.meter,
    )
    store(campaign.cache, cpus, result)
    return result


def _finished(
    campaign: Campaign, plan: Plan, measured: Measured, tested: Mapping[str, Any] | None
) -> Finished:
    document = {
        "schema": EVIDENCE_SCHEMA,
        "tool": {"name": "fw-advisor", "version": __version__},
        "created": campaign.created,
        "settings": plan.settings,
        "profile": plan.profile,
        "seed": plan.seed,
        "machine": dict(campaign.machine),
        "toolchains": _toolchain_documents(campaign, measured),
        "selftest": tested,
        "probes": measured.probes,
        "attributions": attributions(
            measured.probes, selftest=tested["status"] if tested else "not_run"
        ),
        "spent_s": {k: round(v, 2) for k, v in measured.spent_s.items()},
        "notices": [*campaign.notices, *measured.notices, *_left_out(plan)],
    }
    # What leaves here is JSON already: a bare node prints it as it is.
    document = json.loads(json.dumps(document, allow_nan=False))
    complete = measured.complete and not plan.missing and not campaign.short
    return Finished(document, complete, measured.interrupted, measured.wall_s)


def _toolchain_documents(campaign: Campaign, measured: Measured) -> list[dict[str, Any]]:
    documents = [dict(document) for document in campaign.toolchain_documents]
    for spec in campaign.toolchains:
        hello = measured.hellos.get(spec.key, {})
        facts = measured.facts.get(spec.key, {})
        seen = {
            "version": hello.get("version"),
            "python": hello.get("python"),
            "threads": hello.get("threads"),
            "devices": hello.get("devices"),
            "precision": facts or None,
            "environment": measured.environments.get(spec.key),
        }
        if spec.index < len(documents):
            documents[spec.index].update({k: v for k, v in seen.items() if v is not None})
    return documents


def _left_out(plan: Plan) -> list[dict[str, Any]]:
    return [*_modes_left_out(plan), *_cut(plan)]


def _modes_left_out(plan: Plan) -> list[dict[str, Any]]:
    """That PyTorch's compiler was not tried: its best mode may be another than what was timed."""
    torch = any(toolchain.framework == "pytorch" for toolchain in plan.toolchains)
    if plan.profile != "quick" or not torch:
        return []
    return [
        {
            "id": "compile-not-measured",
            "severity": "info",
            "text": "the quick profile measures PyTorch without torch.compile, which may be faster",
            "hint": "--profile standard measures both",
        }
    ]


def _cut(plan: Plan) -> list[dict[str, Any]]:
    if not plan.left_out:
        return []
    rows = [f"{r['probe']}/{r['size']} on {r['cores']} core(s)" for r in plan.left_out]
    names = ", ".join(rows[:_MOST_NAMED])
    if len(rows) > _MOST_NAMED:
        names += f" and {len(rows) - _MOST_NAMED} more"
    return [
        {
            "id": "cut-to-budget",
            "severity": "info",
            "text": f"left out to keep to the budget of {plan.budget_s:.0f} s: {names}",
            "hint": "a larger --budget measures them too",
        }
    ]
