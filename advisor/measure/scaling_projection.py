"""A step on more devices than there are, over a link that somebody stated. Pure; no measurement.

What is computed here rests on assumptions, which travel with it: it is labelled a projection, and
no verdict and no decision reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.reason import Reason
from advisor.scaling import ProjectedPoint, Scaling, ScalingPoint, ScalingProjection


@dataclass(frozen=True)
class Link:
    """What joins machines, as somebody stated it: per machine and direction, and per message."""

    bandwidth_bytes_per_s: float
    latency_s: float


@dataclass(frozen=True)
class Beyond:
    """What to project: so many devices, over each of the links."""

    links: Sequence[Link] = ()
    devices: Sequence[int] = ()


def ring_all_reduce_s(size_bytes: float, machines: int, link: Link) -> float:
    """Seconds of one all-reduce of *size_bytes* by a ring over *machines*.

    2 (n - 1) messages one after another, each of an n-th of the bytes. That is S/B * 2 (n - 1)/n,
    the least that n links of bandwidth B allow
    (https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md, "AllReduce", read 2026-11;
    Patarasu and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations",
    Journal of Parallel and Distributed Computing 69, 2009), and a latency for every message.
    """
    message_s = link.latency_s + size_bytes / machines / link.bandwidth_bytes_per_s
    return 2 * (machines - 1) * message_s


def projected_step_s(step_s: float, exchange_s: float) -> tuple[float, float]:
    """A step with all of the exchange hidden behind it, and with none of it hidden."""
    return max(step_s, exchange_s), step_s + exchange_s


def with_projections(scaling: Scaling, beyond: Beyond) -> Scaling:
    """*scaling* with what was asked for *beyond* the devices at hand, or why there is none."""
    if not beyond.links or scaling.status != "ok":
        return scaling
    base = _base(scaling)
    if scaling.way == "fsdp":
        return replace(scaling, projection_reason=Reason("scaling-not-projected", "sharded"))
    if base is None or base.step_s is None or not scaling.gradient_bytes:
        values = {"devices": scaling.devices}
        reason = Reason("scaling-not-projected", "unmeasured", values)
        return replace(scaling, projection_reason=reason)
    made = [
        _over(link, base, base.step_s, scaling.gradient_bytes, beyond.devices)
        for link in beyond.links
    ]
    return replace(scaling, projections=made)


def _base(scaling: Scaling) -> ScalingPoint | None:
    """The point of all devices at hand, each with its own batch."""
    kind = "single" if scaling.devices == 1 else "weak"
    meant = (p for p in scaling.points if p.kind == kind and p.devices == scaling.devices)
    return next((p for p in meant if p.status == "ok"), None)


def _over(
    link: Link, base: ScalingPoint, step_s: float, size_bytes: int, counts: Sequence[int]
) -> ScalingProjection:
    return ScalingProjection(
        bandwidth_bytes_per_s=link.bandwidth_bytes_per_s,
        latency_s=link.latency_s,
        devices=base.devices,
        step_s=step_s,
        gradient_bytes=size_bytes,
        assumptions=_assumptions(link, base, size_bytes),
        points=[_point(count, link, base, step_s, size_bytes) for count in counts],
    )


def _point(
    devices: int, link: Link, base: ScalingPoint, step_s: float, size_bytes: int
) -> ProjectedPoint:
    machines = devices // base.devices
    exchange_s = ring_all_reduce_s(size_bytes, machines, link)
    least, most = projected_step_s(step_s, exchange_s)
    at_hand = 1.0 if base.devices == 1 else base.efficiency
    # Every device keeps its batch: an efficiency is a ratio of step times.
    shares = None if at_hand is None else (at_hand * step_s / most, at_hand * step_s / least)
    return ProjectedPoint(
        devices=devices,
        machines=machines,
        exchange_s=exchange_s,
        step_s=(least, most),
        efficiency=shares,
    )


def _assumptions(link: Link, base: ScalingPoint, size_bytes: int) -> list[Reason]:
    """All that the figures rest on, each as a sentence of its own."""
    at_hand = {"n": base.devices, "step_s": base.step_s, "batch": base.batch_per_device}
    stated = {"bandwidth": link.bandwidth_bytes_per_s, "latency_s": link.latency_s}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("link", stated),
        ("ring", {}),
        ("gradients", {"size": size_bytes}),
        ("disturbed" if base.disturbed else "base", at_hand),
        ("overlap", {}),
        ("batch", at_hand),
        ("alike", {}),
    ]
    return [Reason("scaling-assumed", case, values) for case, values in cases]
