"""One measuring campaign: from toolchains and wishes to a whole evidence document.

The one entry for callers: takes the machine's lock and a workspace, runs the self-test (or
takes an earlier pass), measures the plan, and assembles ``fw-advisor/evidence@1``. It reads no
clock for the document and finds no interpreters: the date, the machine and the toolchains are
handed in.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.errors import UserError
from advisor.measure.affinity import affinity_of
from advisor.measure.environment import recorded, worker_environment
from advisor.measure.lock import machine_lock
from advisor.measure.model import ToolchainSpec
from advisor.measure.plan import Plan, Wishes, make_plan
from advisor.measure.quiet import CpuMeter, MeterFactory
from advisor.measure.run import Measured, Progress, Run, SelftestOutcome
from advisor.measure.selftest import SelftestResult, cached, selftest, store
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.measure.worker import WorkerCommand, WorkerError, WorkerProcess
from advisor.measure.workspace import workspace

EVIDENCE_SCHEMA = "fw-advisor/evidence@1"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Everything a campaign needs to know.

    `machine` and `toolchain_documents` go into the evidence as they are; `missing` holds, per
    framework that could not be found, why: ``{id, text, hint}``. `own_workloads` are files with
    the user's own steps, measured instead of the shipped workloads.
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


def usable_cpus(cpu_quota: float | None = None) -> tuple[int, ...]:
    """The CPUs that workers may use: the affinity of this process, cut to the quota."""
    found = affinity_of(os.getpid()) or tuple(range(os.cpu_count() or 1))
    if cpu_quota is None:
        return found
    # Threads beyond the quota would be throttled in turn, a different way in each framework.
    return found[-max(1, int(cpu_quota)) :]


def read_catalogue(
    worker: Sequence[str], place: Path, own: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The workloads as the worker describes them, or the users' *own* (paths of files).

    Needs NumPy in this interpreter.

    Raises:
        UserError: something in a user's file is wrong.
    """
    environment = worker_environment(place, "catalogue")
    argv = (sys.executable, "-B", *worker, "catalogue", *own)
    command = WorkerCommand(argv, environment, (), place / "catalogue.log")
    with WorkerProcess(command) as process:
        reply = process.receive("catalogue", timeout_s=60.0)
    if not reply.get("ok"):
        raise UserError(
            str((reply.get("error") or {}).get("text", "the catalogue could not be read")),
            hint="a file that works is printed by: fw-advisor probe --workload-template",
        )
    found = reply.get("workloads")
    if not isinstance(found, list):
        raise WorkerError("worker-garbage", "the catalogue is no list of workloads")
    return found


def planned(campaign: Campaign) -> Plan:
    """What the campaign would measure; runs nothing but the catalogue."""
    with workspace() as place:
        return _plan(campaign, place)


def _plan(campaign: Campaign, place: Path) -> Plan:
    return make_plan(
        read_catalogue(campaign.worker, place, campaign.own_workloads),
        campaign.toolchains,
        campaign.wishes,
        usable_cpus(campaign.cpu_quota),
        campaign.missing,
    )


def measure(campaign: Campaign) -> Finished:
    """Run the campaign.

    Raises:
        UserError: another run holds the machine's lock, or a probe does not exist.
    """
    with machine_lock(campaign.lock_wait_s), workspace() as place:
        plan = _plan(campaign, place)
        try:
            tested = self_test(campaign, place)
        except KeyboardInterrupt:
            return _finished(campaign, plan, Measured([], [], {}, {}, interrupted=True), None)
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
        measured = run.measure()
        environments = {k: recorded(v, place) for k, v in measured.environments.items()}
        measured = replace(measured, environments=environments)
        return _finished(campaign, plan, measured, tested.document)


def self_test(campaign: Campaign, place: Path, *, fresh: bool = False) -> SelftestResult:
    """An earlier pass on this boot, or a new self-test on one CPU.

    On one CPU, since NumPy's own threads on two virtual CPUs differ between launches by more
    than what is to be found: that would test NumPy and not the measuring.
    """
    cpus = usable_cpus(campaign.cpu_quota)[-1:]
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
        "notices": [*measured.notices, *_left_out(plan)],
    }
    # What leaves here is JSON already: a bare node prints it as it is.
    document = json.loads(json.dumps(document, allow_nan=False))
    complete = measured.complete and not campaign.missing
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
    if not plan.left_out:
        return []
    names = ", ".join(
        f"{row['probe']}/{row['size']} on {row['cores']} core(s)" for row in plan.left_out
    )
    return [
        {
            "id": "cut-to-budget",
            "severity": "info",
            "text": f"left out to keep to the budget of {plan.budget_s:.0f} s: {names}",
            "hint": "a larger --budget measures them too",
        }
    ]
