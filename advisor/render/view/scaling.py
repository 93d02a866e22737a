"""How each framework's own step scales over the devices at hand; no part of the verdict.

Where the answers name several devices and nobody measured that, the command that does.
"""

from __future__ import annotations

from collections.abc import Iterator

from advisor.devices import CPU
from advisor.evidence import Evidence
from advisor.render.document import (
    Aside,
    Points,
    ReportBlock,
    ReportSection,
    ReportTable,
    Statement,
    TableCell,
    TableRow,
    row_of,
)
from advisor.render.scaling_text import (
    because,
    collectives_text,
    efficiency_text,
    gradient_texts,
    kind_text,
    limits_text,
    memory_text,
    none_projected,
    overhead_text,
    projected_text,
    scaling_name,
)
from advisor.render.tables import columns, table_of
from advisor.render.view.head import side_of
from advisor.render.view.provenance import Provenances, measured_at, projected
from advisor.render.wording import DASH, duration, listed, say, sentence
from advisor.render.work_text import shown_size
from advisor.scaling import OFFERED, Scaling, ScalingPoint, scaling_offer


def scaling_section(origins: Provenances) -> ReportSection:
    """What was measured of it; else how to, where the answers name several devices."""
    title = say("report.section.scaling")
    documents = [e for e in origins.inputs.evidence if e.scaling]
    blocks: list[ReportBlock] = []
    if documents:
        blocks = [
            Aside(say("scaling.section.intro")),
            Points(tuple(_statements(documents))),
            *_table(documents),
            *_projections(documents),
            *(Aside(text) for text in dict.fromkeys(map(limits_text, documents))),
        ]
    return ReportSection("scaling", title, (*blocks, *_how(origins, documents)))


def _statements(documents: list[Evidence]) -> Iterator[Statement]:
    here = (measured_at("scaling"),)
    for one in (s for document in documents for s in document.scaling):
        texts = gradient_texts(one) if one.status == "ok" else [because(one.reason)]
        for text in texts:
            said = say("scaling.at_size", text=text, size=shown_size(one.size))
            yield Statement(sentence(said), here, lead=scaling_name(one))


def _projections(documents: list[Evidence]) -> list[ReportBlock]:
    """What was computed beyond the devices at hand, apart from what was measured."""
    statements = [
        Statement(sentence(text), (projected(),), lead=scaling_name(one))
        for document in documents
        for one in document.scaling
        for text in _projection_texts(one)
    ]
    return [Points(tuple(statements))] if statements else []


def _projection_texts(one: Scaling) -> Iterator[str]:
    for projection in one.projections:
        link = {"bandwidth": projection.bandwidth_bytes_per_s, "latency": projection.latency_s}
        for point in projection.points:
            yield say("scaling.projection.statement", point=projected_text(point), **link)
        assumed = "; ".join(map(because, projection.assumptions))
        yield say("scaling.projection.all_assumed", assumed=assumed, **link)
    if one.projection_reason is not None:
        yield none_projected(one)


def _table(documents: list[Evidence]) -> list[ReportTable]:
    head = columns(
        "scaled", "shared", "step_time", "step_interval", "efficiency", "overhead", "first_step",
        "per_device", "collectives",
        numbers=("step_time", "step_interval", "first_step"),
    )  # fmt: skip
    rows = [
        _row(one, point)
        for document in documents
        for one in document.scaling
        for point in one.points
    ]
    return [table_of("scaling-steps", head, rows, (measured_at("scaling"),))] if rows else []


def _row(one: Scaling, point: ScalingPoint) -> TableRow:
    low_high = point.step_ci
    interval = DASH
    if low_high is not None:
        interval = say("scaling.span", low=duration(low_high[0]), high=duration(low_high[1]))
    efficiency = efficiency_text(point)
    if point.step_s is None:
        efficiency = because(point.reason)
    return row_of(
        scaled=TableCell(scaling_name(one), side=side_of(one.framework)),
        shared=kind_text(point),
        step_time=duration(point.step_s),
        step_interval=interval,
        efficiency=efficiency or DASH,
        overhead=overhead_text(point) or DASH,
        first_step=duration(point.start_s) if point.start_s else DASH,
        per_device=memory_text(point) or DASH,
        collectives=collectives_text(point) or DASH,
    )


def _how(origins: Provenances, documents: list[Evidence]) -> list[ReportBlock]:
    """The command, unless accelerators of that kind were scaled over already."""
    answers = origins.inputs.answers.values
    machines = [e.machine for e in origins.inputs.evidence]
    offers = [
        scaling_offer(
            answers.get("hardware.train"),
            answers.get("model"),
            [(a.kind, a.count) for a in accelerators],
        )
        for accelerators in [machine.accelerators for machine in machines] or [[]]
    ]
    offer = max(filter(None, offers), key=lambda one: one.here, default=None)
    scaled = any(s.device != CPU for document in documents for s in document.scaling)
    if offer is None or scaled:
        return []
    seen = "here" if offer.possible else "elsewhere" if machines else "unseen"
    key = f"scaling.suggest.{seen}"
    text = say(key, command=offer.command, offered=listed(OFFERED), n=offer.here)
    return [Points((Statement(sentence(text), (origins.answer("hardware.train"),)),))]
