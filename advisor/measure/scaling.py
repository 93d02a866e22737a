"""Scaling of one framework's own step over the devices at hand: from models asked for to evidence.

For every model, framework and way: first that several devices compute the gradients that one
computes, then steps of one device and of several in turn. Nothing here compares frameworks, and
nothing says how fast devices are that are not there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.devices import CPU, info_of, is_cpu, word_of
from advisor.errors import UserError
from advisor.measure.campaign import (
    Campaign,
    Finished,
    evidence_of,
    lock_for,
    refuse_native_windows,
)
from advisor.measure.cpus import cpus_of
from advisor.measure.models import AskedModel, asked_models, describe_models
from advisor.measure.progress import Progress
from advisor.measure.ranks import RankError, RankOptions
from advisor.measure.scaling_figures import with_figures
from advisor.measure.scaling_launch import LaunchFound, LaunchPlan, OneLaunch, ScalingBatch
from advisor.measure.scaling_projection import Beyond, with_projections
from advisor.measure.work import ToolchainSpec
from advisor.pair import FRAMEWORKS
from advisor.reason import Reason
from advisor.scaling import Scaling, ScalingParity, ScalingPoint
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerProcess, worker_argv
from advisor.workers.workspace import workspace

NOTHING_BEYOND = Beyond()
LAUNCHES = {"quick": 3, "standard": 4, "thorough": 6}
_INPUTS_TIMEOUT_S = 300.0
_A_LAUNCH_S = 15.0
_JAX_WAYS = {CPU: ("mesh", "processes")}
_WAYS = {CPU: ("ddp",), "cuda": ("ddp", "fsdp"), "rocm": ("ddp", "fsdp"), "xpu": ("ddp", "fsdp")}


def measure_scaling(
    campaign: Campaign, devices: int, *, beyond: Beyond = NOTHING_BEYOND, limit_s: float = 120.0
) -> Finished:
    """Measure the models of *campaign* over 2, 4, ... and *devices* devices.

    Args:
        campaign: What was found and asked for; its models are what is scaled.
        devices: How many devices or, on a CPU, processes.
        beyond: What to project from it; one device is enough for that.
        limit_s: How long one answer of a rank may take.

    Raises:
        UserError: too many devices for this machine, or no model that is offered so.
        NothingToMeasureError: native Windows.
    """
    refuse_native_windows()
    begin = time.monotonic()
    cpus = cpus_of(campaign.machine)
    refuse_too_many(campaign, devices, cpus, least=1 if beyond.links else 2)
    with lock_for(campaign), workspace() as place:
        models = asked_models(campaign.worker, place, campaign.wishes.models)
        _refuse_none_offered(campaign, models, place)
        run = _ScalingRun(campaign, place, devices, cpus, limit_s)
        interrupted = False
        try:
            run.measure(models)
        except KeyboardInterrupt:
            interrupted = True
    wall_s = time.monotonic() - begin
    evidence = evidence_of(
        campaign,
        spent_s={"scaling": round(wall_s, 2)},
        scaling=[with_projections(one, beyond) for one in run.found],
    )
    whole = all(s.status == "ok" and all(map(_is_whole, s.points)) for s in run.found)
    complete = whole and not interrupted and not campaign.missing and not campaign.short
    return Finished(evidence, complete, interrupted, wall_s)


def refuse_too_many(
    campaign: Campaign, devices: int, cpus: Sequence[int], *, least: int = 2
) -> None:
    """Refuse a number of devices below *least*, or that is not here.

    Raises:
        UserError: with how many there are.
    """
    if devices < least:
        raise UserError(
            f"--devices {devices}: scaling compares one device with several",
            hint="ask for 2 or more, or project from one: --devices 1 --link 50GB/s,5us "
            "--project 8",
        )
    device = campaign.wishes.device
    if is_cpu(device):
        if devices > len(cpus):
            raise UserError(
                f"--devices {devices}: on a CPU each device is a process with cores of its own, "
                f"and {len(cpus)} can be used here",
                hint=f"ask for --devices {len(cpus)}"
                if len(cpus) > 1
                else "measure on a machine with more cores, or with accelerators",
            )
        return
    kinds = info_of(device).kinds
    here = sum(a.count for a in campaign.machine.accelerators if a.kind in kinds)
    if here and devices > here:
        raise UserError(
            f"--devices {devices}: this machine has {here} of {word_of(device)}",
            hint=f"ask for --devices {here}" if here > 1 else "measure on a machine with more",
        )


def _refuse_none_offered(campaign: Campaign, models: Sequence[AskedModel], place: Path) -> None:
    if any(model.split for model in models):
        return
    offered = [m["id"] for m in describe_models(campaign.worker, place) if m.get("split")]
    names = ", ".join(model.model for model in models)
    raise UserError(
        f"--devices is not offered for the model {names}: how its batch is shared out is not "
        "written yet",
        hint=f"it is for: {', '.join(offered)}",
    )


def _is_whole(point: ScalingPoint) -> bool:
    """Whether a point has all that was asked for; a batch that cannot be shared out is nobody's."""
    return point.status == "skipped" or (point.status == "ok" and point.reason is None)


def counts_up_to(devices: int) -> list[int]:
    """2, 4, 8, ... below *devices*, and *devices*; 1 alone where there is no more."""
    counts = [2**n for n in range(1, devices.bit_length()) if 2**n < devices]
    return [*counts, devices]


@dataclass
class _Group:
    """What the launches of one number of devices gave so far, and why there are no more."""

    found: list[LaunchFound]
    reason: Reason | None = None


class _ScalingRun:
    """All models over all toolchains and ways; `found` grows with every launch."""

    def __init__(
        self, campaign: Campaign, place: Path, devices: int, cpus: tuple[int, ...], limit_s: float
    ) -> None:
        self._campaign = campaign
        self._place = place
        self._devices = devices
        self._cpus = cpus
        self._limit_s = limit_s
        self._begin = time.monotonic()
        self._inputs: dict[tuple[str, str, int], str] = {}
        self._left = 0
        self.found: list[Scaling] = []

    def measure(self, models: Sequence[AskedModel]) -> None:
        wishes = self._campaign.wishes
        wanted = wishes.frameworks or FRAMEWORKS
        chains = [t for t in self._campaign.toolchains if t.framework in wanted]
        rows = [(m, t, w) for m in models for t in chains for w in self._ways(t)]
        counts = counts_up_to(self._devices)
        self._left = len(rows) * len(counts) * LAUNCHES[wishes.profile]
        for model, toolchain, way in rows:
            bare = self._bare(model, toolchain, way)
            if not model.split:
                reason = Reason("scaling-not-offered", "family", {"model": model.model})
                self.found.append(replace(bare, status="skipped", reason=reason))
            elif not way:
                values = {"framework": toolchain.framework, "device": wishes.device}
                reason = Reason("scaling-not-offered", "device", values)
                self.found.append(replace(bare, status="skipped", reason=reason))
            else:
                self._scale(bare, model, toolchain)

    def _ways(self, toolchain: ToolchainSpec) -> tuple[str, ...]:
        if self._devices == 1:
            return ("alone",)
        if toolchain.framework != FRAMEWORKS[0]:
            return _JAX_WAYS.get(self._campaign.wishes.device, ("mesh",))
        word = word_of(self._campaign.wishes.device)
        if word == "gpu":
            kinds = {a.kind for a in self._campaign.machine.accelerators}
            return ("ddp", "fsdp") if kinds & {"nvidia", "amd", "intel_gpu"} else ("",)
        return _WAYS.get(word, ("",))

    def _bare(self, model: AskedModel, toolchain: ToolchainSpec, way: str) -> Scaling:
        device = self._campaign.wishes.device
        return Scaling(
            model=model.model,
            name=model.name,
            title=model.title,
            size=dict(model.size),
            precision=model.precision,
            device=device,
            devices=self._devices,
            cores_per_device=len(self._cpus) // self._devices if is_cpu(device) else None,
            framework="pytorch" if toolchain.framework == FRAMEWORKS[0] else "jax",
            version=toolchain.version,
            toolchain=toolchain.index,
            way=way,
        )

    def _scale(self, bare: Scaling, model: AskedModel, toolchain: ToolchainSpec) -> None:
        """One element, put together anew after every launch: an interruption keeps the last."""
        self.found.append(bare)
        groups: dict[int, _Group] = {}
        for count in counts_up_to(self._devices):
            groups[count] = group = _Group([])
            try:
                plan = self._plan(model, toolchain, bare.way, count)
                for index in range(LAUNCHES[self._campaign.wishes.profile]):
                    if group.found and self._over_budget(group):
                        break
                    launch = OneLaunch(plan, index, self._tick, self._campaign.meter)
                    group.found.append(launch.found)
                    launch.run()
                    self._left -= 1
                    self.found[-1] = scaling_of(bare, model, groups)
                    if launch.found.parity is not None and launch.found.parity.status != "ok":
                        break
            except RankError as error:
                group.reason = error.reason
            self.found[-1] = scaling_of(bare, model, groups)

    def _over_budget(self, group: _Group) -> bool:
        budget_s = self._campaign.wishes.budget_s
        spent_s = time.monotonic() - self._begin
        return budget_s is not None and len(group.found) > 1 and spent_s >= budget_s

    def _plan(
        self, model: AskedModel, toolchain: ToolchainSpec, way: str, count: int
    ) -> LaunchPlan:
        device, batch = self._campaign.wishes.device, int(model.size["batch"])
        each = len(self._cpus) // self._devices
        # On a CPU a device is an equal part of the cores, however many take part.
        cpus = self._cpus[: each * count] if is_cpu(device) else self._cpus
        single = self._batch(model, toolchain, "single", batch)
        shared = [self._batch(model, toolchain, "weak", batch * count)] if count > 1 else []
        if batch % count == 0 and count > 1:
            shared.append(self._batch(model, toolchain, "strong", batch))
        return LaunchPlan(
            model=model.model,
            options=RankOptions(
                worker=self._campaign.worker,
                toolchain=toolchain,
                way=way,
                device=device,
                devices=count,
                cpus=cpus,
                precision=model.precision,
                workspace=self._place,
                limit_s=self._limit_s,
            ),
            single=single,
            shared=shared,
            # The batch that one device has in any case, where it can be shared out.
            parity=shared[-1] if shared else single,
            exclusive=info_of(device).exclusive,
            seed=self._campaign.wishes.seed,
        )

    def _batch(
        self, model: AskedModel, toolchain: ToolchainSpec, kind: str, batch: int
    ) -> ScalingBatch:
        size = {**model.size, "batch": batch}
        key = (model.model, model.name, batch)
        if key not in self._inputs:
            self._inputs[key] = self._write(model, toolchain, size)
        return ScalingBatch(kind=kind, batch=batch, size=size, inputs=self._inputs[key])

    def _write(self, model: AskedModel, toolchain: ToolchainSpec, size: Mapping[str, Any]) -> str:
        """The file of the shared inputs at *size*, written by NumPy under *toolchain*."""
        path = self._place / f"inputs-{model.model}-{model.name}-{size['batch']}.npz"
        command = WorkerCommand(
            worker_argv(toolchain.interpreter, self._campaign.worker, "--framework", "numpy"),
            worker_environment(self._place, "inputs"),
            (),
            self._place / "inputs.log",
        )
        with WorkerProcess(command) as worker:
            worker.ask(
                "inputs",
                timeout_s=_INPUTS_TIMEOUT_S,
                workload=model.workload,
                size=dict(size),
                seed=self._campaign.wishes.seed,
                path=str(path),
                source=None,
            )
        return str(path)

    def _tick(self, stage: str, /, **values: Any) -> None:
        done_s = time.monotonic() - self._begin
        self._campaign.report(Progress(done_s, done_s + self._left * _A_LAUNCH_S, stage, values))


def scaling_of(bare: Scaling, model: AskedModel, groups: Mapping[int, _Group]) -> Scaling:
    """*bare* with a point of one device, and two of every number of devices."""
    batch = int(model.size["batch"])
    points, failures = [], [g.reason for g in groups.values() if g.reason is not None]
    first = next(iter(groups.values()))
    alone = ScalingPoint(devices=1, kind="single", batch=batch, batch_per_device=batch)
    points.append(_point(alone, first, None))
    for count, group in groups.items():
        if count == 1:
            continue
        parity = next((f.parity for f in group.found if f.parity is not None), None)
        weak = ScalingPoint(devices=count, kind="weak", batch=batch * count, batch_per_device=batch)
        strong = replace(weak, kind="strong", batch=batch, batch_per_device=batch // count)
        points.append(_point(weak, group, parity))
        if batch % count:
            values = {"batch": batch, "devices": count}
            reason = Reason("scaling-not-offered", "batch", values)
            points.append(replace(strong, status="skipped", reason=reason))
        else:
            points.append(_point(strong, group, parity))
    hello = next((f.hello for g in groups.values() for f in g.found if f.hello), {})
    variant = next((f.variant for g in groups.values() for f in g.found if f.variant), None)
    sizes = [f.gradient_bytes for g in groups.values() for f in g.found if f.gradient_bytes]
    nothing = failures and not any(p.step_s for p in points)
    return replace(
        bare,
        mode=_text(hello, "mode"),
        backend=_text(hello, "backend"),
        version=_text(hello, "version") or bare.version,
        variant=variant,
        status="failed" if nothing else "ok",
        reason=failures[0] if nothing else None,
        points=points,
        gradient_bytes=sizes[0] if sizes else None,
    )


def _text(hello: Mapping[str, Any], key: str) -> str | None:
    value = hello.get(key)
    return value[:200] if isinstance(value, str) else None


def _point(point: ScalingPoint, group: _Group, parity: ScalingParity | None) -> ScalingPoint:
    point = replace(point, parity=parity)
    if parity is not None and parity.status != "ok":
        return replace(point, status="invalid", reason=parity.reason)
    launches = [f.launches[point.kind] for f in group.found if point.kind in f.launches]
    if not launches or (parity is None and point.devices > 1):
        reason = group.reason or Reason("not-reached")
        return replace(point, status="failed", reason=reason)
    starts = [f.start_s.get("single" if point.devices == 1 else "shared") for f in group.found]
    timed = sorted(s for s in starts if s is not None)
    start_s = timed[len(timed) // 2] if timed else None
    # What ended a later launch is told beside the figures of those before it.
    point = replace(point, start_s=start_s, reason=group.reason)
    return _with_looks(with_figures(point, launches), group)


def _with_looks(point: ScalingPoint, group: _Group) -> ScalingPoint:
    """*point* with the memory and the collectives of the last launch that looked."""
    memory = next((f.memory[point.kind] for f in group.found[::-1] if point.kind in f.memory), None)
    if memory is not None:
        size, counts = memory
        told = size is not None
        point = replace(
            point,
            memory_per_device_bytes=size,
            memory_counts=counts if told else None,
            memory_reason=None if told else Reason("scaling-not-told", "memory"),
        )
    if point.devices == 1:
        return replace(point, collectives_reason=Reason("scaling-not-told", "alone"))
    seen = (f.collectives[point.kind] for f in group.found[::-1] if point.kind in f.collectives)
    seconds, _ = next(seen, (None, ""))
    missing = None if seconds is not None else Reason("scaling-not-told", "collectives")
    return replace(point, collectives_s=seconds, collectives_reason=missing)
