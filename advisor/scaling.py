"""One step of a model shared out over several devices: ``scaling[]`` of the evidence.

Beside the comparisons and outside of every verdict: how a framework's own step changes with the
number of devices at hand, never one framework against the other, and never a machine that was not
there. Standard library only. It must not know how anything is measured or worded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from advisor.bounds import Bytes, Checked, Count, Id, Limits, Seconds, ShortText
from advisor.pair import Framework
from advisor.reason import Reason

GRADIENT_LIMIT = 1e-5
"""How far gradients of several devices may be from those of one, relative to the largest."""

OFFERED = ("decoder", "mlp", "resnet")
"""The families whose batch can be shared out over devices, as workers offer them."""

DEVICE_WORDS = {"nvidia_multi": "gpu", "nvidia_cluster": "gpu", "tpu_pod": "tpu"}
"""By hardware of several devices (``hardware.train``) the word that ``--device`` takes."""

_MADE_OF = {"gpu": "nvidia", "tpu": "tpu"}

Kind = Literal["single", "weak", "strong"]
Status = Literal["ok", "skipped", "failed", "invalid"]
Share = Annotated[float, Limits(gt=0, lt=1e6)]


@dataclass(frozen=True, kw_only=True)
class ScalingParity:
    """Whether several devices compute the gradients that one device computes.

    `grad_max_relative` is the largest difference of any gradient over the largest value of that
    gradient, in `precision`: float64 where in float32, by `float32_max_relative`, rounding may have
    carried activations across a kink. `reference` is what one device computed: the step over the
    ``whole_batch``, or the mean over its ``parts`` where each process normalises by its own part.
    """

    status: Literal["ok", "failed", "not_checked"] = "not_checked"
    grad_max_relative: Count | None = None
    precision: Id = "float32"
    float32_max_relative: Count | None = None
    limit: Count = GRADIENT_LIMIT
    reference: Literal["whole_batch", "parts"] = "whole_batch"
    devices: int
    batch: int
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class ScalingLaunch:
    """One set of fresh processes: the median step of every block, seconds, in pairs.

    `single_s` are blocks of one device beside `steps_s` of all. Where `disturbed`, others used
    the CPUs meanwhile.
    """

    index: int
    steps_s: list[Seconds] = field(default_factory=list)
    single_s: list[Seconds] = field(default_factory=list)
    disturbed: bool = False


@dataclass(frozen=True, kw_only=True)
class ScalingPoint:
    """So many devices at one batch; intervals are at 95 % over launches.

    ``weak``: every device has the batch that was asked for; ``strong``: they share it. A step's
    time is that of the slowest rank. `efficiency` is the time of one device over this one, times
    the samples per device; `overhead_s` what a step takes beyond its share of one device's.
    `start_s` is from starting the processes to the end of the first step, imports included.
    `collectives_s` counts waiting for other ranks, may overlap with computing, and is None with
    `collectives_reason` where the framework does not tell; so is memory, whose `memory_counts`
    says what it is: ``process_peak``, ``device_peak`` or ``planned`` by the compiler.
    """

    devices: int
    kind: Kind
    batch: int
    batch_per_device: int
    status: Status = "ok"
    reason: Reason | None = None
    parity: ScalingParity | None = None
    step_s: Seconds | None = None
    step_ci: tuple[Seconds, Seconds] | None = None
    efficiency: Share | None = None
    efficiency_ci: tuple[Share, Share] | None = None
    overhead_s: float | None = None
    overhead_ci: tuple[float, float] | None = None
    start_s: Seconds | None = None
    collectives_s: Seconds | None = None
    collectives_reason: Reason | None = None
    memory_per_device_bytes: Bytes | None = None
    memory_counts: Id | None = None
    memory_reason: Reason | None = None
    disturbed: bool = False
    launches: list[ScalingLaunch] = field(default_factory=list)


def refuse_unproven(point: ScalingPoint) -> None:
    """Refuse figures without equal gradients, and a figure outside of its own interval.

    Raises:
        ValueError: with what is wrong.
    """
    figures = (point.step_s, point.efficiency, point.overhead_s)
    proven = point.parity is not None and point.parity.status == "ok"
    if point.devices > 1 and not proven and any(figure is not None for figure in figures):
        raise ValueError("figures of several devices without gradients that were found equal")
    for value, interval in (
        (point.step_s, point.step_ci),
        (point.efficiency, point.efficiency_ci),
        (point.overhead_s, point.overhead_ci),
    ):
        if interval is not None and (value is None or not interval[0] <= value <= interval[1]):
            raise ValueError("a figure lies outside of its own interval")


@dataclass(frozen=True, kw_only=True)
class ProjectedPoint:
    """More devices than there are: a step with all of the exchange hidden, and with none.

    `exchange_s` is one exchange of the gradients by the model, between the machines alone.
    `efficiency` is against one device, at the slower end first.
    """

    devices: int
    machines: int
    exchange_s: Seconds
    step_s: tuple[Seconds, Seconds]
    efficiency: tuple[Share, Share] | None = None


@dataclass(frozen=True, kw_only=True)
class ScalingProjection:
    """Steps beyond the devices at hand over a link that somebody stated: computed, not measured.

    `step_s` is the measured step at `devices` devices, which are one machine of those joined by
    the link; `assumptions` hold in words all that the figures rest on.
    """

    label: Literal["projection"] = "projection"
    model: Literal["ring_all_reduce"] = "ring_all_reduce"
    bandwidth_bytes_per_s: Annotated[float, Limits(gt=0, le=1e18)]
    latency_s: Seconds
    devices: int
    step_s: Seconds
    gradient_bytes: Bytes
    assumptions: list[Reason] = field(default_factory=list)
    points: list[ProjectedPoint] = field(default_factory=list)


def refuse_unfounded(projection: ScalingProjection) -> None:
    """Refuse a projection whose range is none, or that is below the step that was measured.

    Raises:
        ValueError: with what is wrong.
    """
    for point in projection.points:
        least, most = point.step_s
        if not projection.step_s <= least <= most:
            raise ValueError("a projected step is shorter than the measured one, or its range none")
        if point.devices != point.machines * projection.devices:
            raise ValueError("projected devices are no whole number of the machines measured")


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """One model in one framework, data-parallel in one `way`, over up to `devices` devices.

    `way` is ``ddp``, ``fsdp``, ``processes`` (one process a device), ``mesh`` (one process with all
    of them) or ``alone`` (one device only). On a CPU a device is a process or an XLA host device on
    `cores_per_device` of its cores. `projections` are beyond the devices at hand, each over one
    stated link; `projection_reason` says why there are none where some were asked for.
    """

    model: Id
    name: Id = ""
    title: ShortText = ""
    size: dict[str, Any] = field(default_factory=dict)
    precision: Id = "float32"
    device: Id = "cpu"
    devices: int
    cores_per_device: int | None = None
    framework: Framework
    version: ShortText | None = None
    toolchain: int | None = None
    mode: Id | None = None
    way: Id
    backend: Id | None = None
    variant: ShortText | None = None
    status: Status = "ok"
    reason: Reason | None = None
    points: list[Annotated[ScalingPoint, Checked(refuse_unproven)]] = field(default_factory=list)
    gradient_bytes: Bytes | None = None
    projections: list[Annotated[ScalingProjection, Checked(refuse_unfounded)]] = field(
        default_factory=list
    )
    projection_reason: Reason | None = None


def refuse_baseless(scaling: Scaling) -> None:
    """Refuse projections that do not start at a step that was measured here.

    Raises:
        ValueError: with what is wrong.
    """
    measured = {(p.devices, p.step_s) for p in scaling.points if p.status == "ok"}
    for projection in scaling.projections:
        if (projection.devices, projection.step_s) not in measured:
            raise ValueError("a projection starts at a step that was not measured")


@dataclass(frozen=True)
class ScalingOffer:
    """What would measure how a step scales, for hardware of several devices.

    `here` counts the devices of that kind that were found: with fewer than two there is nothing to
    measure here, and `command` is for a machine that has more.
    """

    command: str
    here: int

    @property
    def possible(self) -> bool:
        """Whether it can be measured here."""
        return self.here > 1


def scaling_offer(
    hardware: object, model: object, accelerators: Iterable[tuple[str, int]]
) -> ScalingOffer | None:
    """What the answers *hardware* and *model* ask for; None for hardware of one device.

    Args:
        hardware: The answer ``hardware.train``.
        model: The answer ``model``.
        accelerators: Kinds of accelerator of one machine, and how many of each.
    """
    device = DEVICE_WORDS.get(hardware) if isinstance(hardware, str) else None
    if device is None:
        return None
    here = sum(count for kind, count in accelerators if kind == _MADE_OF[device])
    named = model if isinstance(model, str) and model in OFFERED else "FAMILY"
    devices = str(here) if here > 1 else "N"
    return ScalingOffer(
        f"fw-advisor probe --model {named} --device {device} --devices {devices}", here
    )
