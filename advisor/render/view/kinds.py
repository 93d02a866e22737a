"""Kinds of machine side by side: the decision of each alone, every ratio, what agrees and flips."""

from __future__ import annotations

import math

from advisor.decision import MachinePart
from advisor.pair import FRAMEWORKS
from advisor.render.document import (
    Aside,
    Points,
    ReportBlock,
    ReportSection,
    ReportTable,
    Side,
    Statement,
    TableCell,
    row_of,
)
from advisor.render.machine_words import machine_text
from advisor.render.tables import columns, table_of
from advisor.render.view.head import side_of, status_text
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.wording import DASH, factor, factor_span, name_of, say, sentence
from advisor.render.work_text import shown_size


def kinds_section(origins: Provenances) -> ReportSection:
    """Nothing where all evidence is of one kind of machine."""
    machines = origins.decision.machines
    title = say("report.section.machines")
    if not machines:
        return ReportSection("machines", title, ())
    blocks: list[ReportBlock] = [
        Points(tuple(_statements(origins))),
        _decisions(origins),
        _ratios(origins),
        Aside(say("machines.side.how")),
    ]
    return ReportSection("machines", title, tuple(blocks))


def _statements(origins: Provenances) -> list[Statement]:
    machines = origins.decision.machines
    tags = (measured_at("measured"), origins.method)
    texts = [_agreement(machines), _flips(origins), _trains(machines)]
    texts += [_spread(m) for m in machines if m.spread]
    return [Statement(sentence(text), tags) for text in texts if text]


def _agreement(machines: list[MachinePart]) -> str:
    sides = {f: [m.kind for m in machines if faster_on(m) == f] for f in FRAMEWORKS}
    if all(sides.values()):
        return say("machines.side.apart", **sides)
    one = next((f for f in FRAMEWORKS if sides[f]), None)
    if one is None:
        return say("machines.side.unsettled")
    return say("machines.side.agree", framework=name_of(one))


def faster_on(machine: MachinePart) -> str:
    """The framework that is clearly faster on *machine*, or nothing."""
    low, high = machine.ci or (1.0, 1.0)
    if machine.open:
        return ""
    return "jax" if low > 1 else "pytorch" if high < 1 else ""


def _flips(origins: Provenances) -> str:
    decision = origins.decision
    chosen = decision.recommended.framework
    others = [m.kind for m in decision.machines if m.framework != chosen]
    if not others:
        return say("machines.side.same")
    return say("machines.side.other", n=len(others), names=others)


def _trains(machines: list[MachinePart]) -> str:
    names = [m.kind for m in machines if m.trains]
    return say("machines.side.trains", names=names) if names else ""


def _spread(machine: MachinePart) -> str:
    return say(
        "machines.side.spread",
        n=machine.machines,
        name=machine.kind,
        factor=math.exp(machine.spread or 0.0),
    )


def _decisions(origins: Provenances) -> ReportTable:
    head = columns(
        "kind", "machine", "machines", "times_as_fast", "interval", "outcome",
        numbers=("times_as_fast", "interval"),
    )  # fmt: skip
    rows = [
        row_of(
            kind=m.kind,
            machine=machine_text(m.machine),
            machines=say("machines.side.of_machines", n=m.machines),
            times_as_fast=factor(m.ratio),
            interval=factor_span(m.ci),
            outcome=TableCell(_outcome(m), side=side_of(m.framework)),
        )
        for m in origins.decision.machines
    ]
    return table_of("kinds", head, rows, (origins.method,))


def _outcome(machine: MachinePart) -> str:
    status = status_text(machine.status)
    if machine.framework is None:
        return status
    return say("machines.side.outcome", status=status, framework=name_of(machine.framework))


def _ratios(origins: Provenances) -> ReportTable:
    """Ratio by model and machine, models together."""
    head = columns(
        "model", "kind", "label", "times_as_fast", "interval", "faster",
        numbers=("times_as_fast", "interval"),
    )  # fmt: skip
    cells = [(row, m.kind) for m in origins.decision.machines for row in m.rows]
    cells.sort(key=lambda c: (c[0]["model"], c[0]["name"], str(c[0]["size"]), c[1]))
    rows = [
        row_of(
            model=say(
                "work.of_size",
                title=row["title"] or row["model"],
                size=shown_size(row["size"]),
            ),
            kind=kind,
            label=row["label"] or DASH,
            times_as_fast=factor(row["ratio"]),
            interval=factor_span(row["ci"]),
            faster=TableCell(say(f"machines.side.faster.{row['faster']}"), side=_side(row)),
        )
        for row, kind in cells
    ]
    return table_of("kinds-ratios", head, rows, (measured_at("environment"),))


def _side(row: dict[str, object]) -> Side:
    faster = row["faster"]
    return side_of(str(faster)) if faster in FRAMEWORKS else ""
