"""How a framework's own step scales, in sentences that the terminal and the report share.

Knows ``scaling[]`` of the evidence, whose reasons have their words. Says nothing about one
framework against the other, nor about devices that were not there.
"""

from __future__ import annotations

from advisor.devices import is_cpu
from advisor.evidence import Evidence
from advisor.render.wording import DASH, amount_of_bytes, duration, name_of, percent, say
from advisor.render.work_text import shown_size
from advisor.scaling import ProjectedPoint, Scaling, ScalingParity, ScalingPoint, ScalingProjection


def scaling_lines(evidence: Evidence) -> list[str]:
    """Every model by framework: equal gradients, points, and what the figures do not say."""
    lines: list[str] = []
    for one in evidence.scaling:
        lines += [scaling_title(one), *_body(one), ""]
    if any(one.points for one in evidence.scaling):
        lines += [limits_text(evidence), ""]
    return lines


def scaling_title(one: Scaling) -> str:
    """Framework, way, model and size."""
    return say("scaling.sized", title=scaling_name(one), size=shown_size(one.size))


def scaling_name(one: Scaling) -> str:
    """Framework, way and model."""
    return say(
        "scaling.title",
        framework=name_of(one.framework),
        version=one.version or "",
        way=say(f"scaling.way.{one.way}") if one.way else DASH,
        title=one.title or one.model,
    )


def _body(one: Scaling) -> list[str]:
    if one.status != "ok":
        return [f"  {because(one.reason)}"]
    lines = [f"  {text}" for text in gradient_texts(one)]
    points = [f"  {line}" for point in one.points for line in _point_lines(point)]
    return [*lines, *points, *_projection_lines(one)]


def _projection_lines(one: Scaling) -> list[str]:
    """Projections with everything that they assume, or why there are none."""
    lines: list[str] = []
    for projection in one.projections:
        lines.append(f"  {projection_head(one, projection)}")
        lines += [f"    {projected_text(point)}" for point in projection.points]
        lines += [
            "    " + say("scaling.projection.assumed", text=because(part))
            for part in projection.assumptions
        ]
    if one.projection_reason is not None:
        lines.append("  " + none_projected(one))
    return lines


def projection_head(one: Scaling, projection: ScalingProjection) -> str:
    """That it is a projection, of what, and over which link."""
    return say(
        "scaling.projection.head",
        title=scaling_name(one),
        bandwidth=projection.bandwidth_bytes_per_s,
        latency=projection.latency_s,
    )


def projected_text(point: ProjectedPoint) -> str:
    """So many devices: the range of a step, of the efficiency, and the exchange."""
    low, high = map(duration, point.step_s)
    n, devices = point.machines, point.devices
    parts = [say("scaling.projection.point", n=n, devices=devices, low=low, high=high)]
    if point.efficiency is not None:
        least, most = map(percent, point.efficiency)
        parts.append(say("scaling.projection.efficiency", low=least, high=most))
    parts.append(say("scaling.projection.exchange", seconds=duration(point.exchange_s)))
    return "; ".join(parts)


def none_projected(one: Scaling) -> str:
    """Why nothing is projected."""
    return say("scaling.projection.none", reason=because(one.projection_reason))


def gradient_texts(one: Scaling) -> list[str]:
    """Whether several devices compute the gradients of one, a sentence for each number of them."""
    seen = {p.devices: p.parity for p in one.points if p.parity is not None}
    return [
        say(
            f"scaling.gradients.{_gradient_case(parity)}",
            narrow=parity.float32_max_relative or 0.0,
            n=devices,
            found=parity.grad_max_relative,
            limit=parity.limit,
            batch=parity.batch,
            reference=say(f"scaling.reference.{parity.reference}"),
            reason=because(parity.reason),
        )
        for devices, parity in seen.items()
    ]


def _gradient_case(parity: ScalingParity) -> str:
    return "ok_wide" if (parity.status, parity.precision) == ("ok", "float64") else parity.status


def _point_lines(point: ScalingPoint) -> list[str]:
    head = kind_text(point)
    if point.step_s is None:
        return [say("scaling.no_figures", kind=head, reason=because(point.reason))]
    parts = [
        say("scaling.step", kind=head, step=duration(point.step_s)),
        efficiency_text(point),
        overhead_text(point),
        say("scaling.start", start=duration(point.start_s)) if point.start_s else "",
        memory_text(point),
        collectives_text(point),
        say("scaling.disturbed") if point.disturbed else "",
        say("scaling.ended", reason=because(point.reason)) if point.reason else "",
    ]
    return ["; ".join(filter(None, parts))]


def kind_text(point: ScalingPoint) -> str:
    """How many devices, and which batch they have."""
    return say(
        f"scaling.kind.{point.kind}",
        n=point.devices,
        batch=point.batch,
        each=point.batch_per_device,
    )


def efficiency_text(point: ScalingPoint) -> str:
    """The efficiency with its interval; empty for one device."""
    if point.efficiency is None:
        return ""
    return say("scaling.efficiency", efficiency=percent(point.efficiency), interval=_shares(point))


def _shares(point: ScalingPoint) -> str:
    if point.efficiency_ci is None:
        return say("scaling.one_launch")
    low, high = (percent(share) for share in point.efficiency_ci)
    return say("scaling.interval", low=low, high=high)


def overhead_text(point: ScalingPoint) -> str:
    """What a step takes beyond its share of one device's; empty for one device."""
    if point.overhead_s is None:
        return ""
    interval = say("scaling.one_launch")
    if point.overhead_ci is not None:
        low, high = map(_signed, point.overhead_ci)
        interval = say("scaling.interval", low=low, high=high)
    return say("scaling.overhead", overhead=_signed(point.overhead_s), interval=interval)


def _signed(seconds: float) -> str:
    text = duration(abs(seconds))
    return say("scaling.less", seconds=text) if seconds < 0 else text


def memory_text(point: ScalingPoint) -> str:
    """Memory per device and what it counts; empty where it is not told."""
    if point.memory_per_device_bytes is None or point.memory_counts is None:
        return ""
    counted = say(f"scaling.memory_counts.{point.memory_counts}")
    return say(
        "scaling.memory", memory=amount_of_bytes(point.memory_per_device_bytes), counted=counted
    )


def collectives_text(point: ScalingPoint) -> str:
    """Time in collectives, or why it is not told; empty for one device."""
    if point.devices == 1:
        return ""
    if point.collectives_s is None:
        return because(point.collectives_reason)
    return say("scaling.collectives", seconds=duration(point.collectives_s))


def because(reason: object) -> str:
    """The words of a reason; empty where there is none."""
    return str(getattr(reason, "text", "") or getattr(reason, "id", ""))


def limits_text(evidence: Evidence) -> str:
    """What these figures do not say."""
    on_cpu = all(is_cpu(one.device) for one in evidence.scaling)
    return say("scaling.limits.cpu" if on_cpu else "scaling.limits.accelerator")
