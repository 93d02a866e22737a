"""The fairness certificate: under which conditions each comparison was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.evidence import Comparison, Gate
from advisor.pair import framework_of
from advisor.render.document import (
    Aside,
    Fold,
    ReportSection,
    TableCell,
    TableRow,
    Tone,
    row_of,
)
from advisor.render.evidence_words import gate_name
from advisor.render.tables import columns, table_of
from advisor.render.view.probes import ShownProbe, pair_text
from advisor.render.view.provenance import measured_at
from advisor.render.wording import DASH, clauses, count_of, say


def fairness_section(probes: Sequence[ShownProbe]) -> ReportSection:
    """A summary of every comparison, then every condition of those that cross the pair."""
    here = (measured_at("environment"),)
    summary = columns("work", "compared", "conditions", "not_held")
    rows = [
        _summary_row(shown, compared) for shown in probes for compared in shown.probe.comparisons
    ]
    blocks: tuple[Aside | Fold, ...] = ()
    conditions = [*_conditions(probes)]
    if conditions:
        # Where not all fit, what did not hold comes first.
        conditions.sort(key=lambda condition: condition[2].status == "passed")
        head = columns("work", "compared", "condition", "result", "found")
        detail = table_of("gates", head, [_gate_row(*c) for c in conditions], here)
        count = count_of(len(conditions), "condition")
        blocks = (Fold(say("measurements.fairness.detail", conditions=count), (detail,)),)
    return ReportSection(
        "certificate",
        say("report.section.certificate"),
        (
            Aside(say("measurements.fairness.how")),
            table_of("fairness", summary, rows, here),
            *blocks,
        ),
    )


Condition = tuple[ShownProbe, Comparison, Gate]


def _conditions(probes: Sequence[ShownProbe]) -> Iterator[Condition]:
    for shown in probes:
        for compared in shown.probe.comparisons:
            if framework_of(compared.a) != framework_of(compared.b):
                yield from ((shown, compared, gate) for gate in gates_of(shown, compared))


def gates_of(shown: ShownProbe, compared: Comparison) -> list[Gate]:
    """The comparison's own certificate, or the probe's gates where it has none."""
    if compared.certificate:
        return compared.certificate
    pair = {compared.a, compared.b}
    return [g for g in shown.probe.gates if not g.modes or pair & set(g.modes)]


def _summary_row(shown: ShownProbe, compared: Comparison) -> TableRow:
    gates = [g for g in gates_of(shown, compared) if g.status != "not_applicable"]
    held = [g for g in gates if g.status == "passed"]
    tone: Tone = ""
    if gates:
        count = say("measurements.fairness.count", held=len(held), total=len(gates))
        rest = clauses(_not_held(g) for g in gates if g not in held) or DASH
        tone = "bad" if any(g.status == "failed" for g in gates) else ""
    else:
        ok = shown.probe.parity.status == "ok"
        count = say("measurements.fairness.parity_ok" if ok else "measurements.fairness.none")
        rest = say("measurements.fairness.not_recorded")
    return row_of(
        work=shown.name,
        compared=pair_text(compared),
        conditions=TableCell(count, tone=tone),
        not_held=rest,
    )


def _not_held(gate: Gate) -> str:
    text = gate.text or _result(gate)
    return say("measurements.fairness.not_held", name=gate_name(gate.id), text=text)


def _result(gate: Gate) -> str:
    return say(f"measurements.fairness.result.{gate.status}")


def _gate_row(shown: ShownProbe, compared: Comparison, gate: Gate) -> TableRow:
    tone: Tone = "bad" if gate.status == "failed" else ""
    return row_of(
        work=shown.name,
        compared=pair_text(compared),
        condition=gate_name(gate.id),
        result=TableCell(_result(gate), tone=tone),
        found=gate.text,
    )
