"""What is known of the speed, in the order of trust: which step decides, and what stands beside."""

from __future__ import annotations

from advisor.decision import TrustStep
from advisor.render.document import (
    Aside,
    ReportSection,
    TableCell,
    TableRow,
    Tag,
    row_of,
)
from advisor.render.machine_words import machine_text
from advisor.render.tables import columns, table_of
from advisor.render.view.provenance import Provenances, unique
from advisor.render.wording import DASH, factor, factor_span, say
from advisor.render.work_text import shown_size


def trust_section(origins: Provenances) -> ReportSection:
    """The five steps; left out where none of them holds anything."""
    steps = origins.decision.performance.trust
    title = say("report.section.trust")
    if all(step.state == "absent" for step in steps):
        return ReportSection("trust", title, ())
    head = columns(
        "step", "of", "machine", "times_as_fast", "interval", "carry_over", "counts",
        numbers=("times_as_fast", "interval", "carry_over"),
    )  # fmt: skip
    rows = [_row(step) for step in steps]
    table = table_of("trust-steps", head, rows, _tags(origins))
    return ReportSection("trust", title, (table, Aside(say("machines.trust.caption"))))


def _row(step: TrustStep) -> TableRow:
    state = say(f"machines.trust.state.{step.state}")
    if step.share:
        state = say("machines.trust.share", state=state, share=step.share)
    return row_of(
        step=say(f"machines.trust.step.{step.step}"),
        of=_of(step),
        machine=_machine(step),
        times_as_fast=factor(step.ratio),
        interval=factor_span(step.ci),
        carry_over=factor(step.factor),
        counts=TableCell(state, tone="good" if step.state == "decides" else "neutral"),
    )


def _of(step: TrustStep) -> str:
    """What the number is of."""
    if step.step == "rule":
        return say("machines.trust.rules", n=len(step.names)) if step.names else DASH
    if not step.names:
        return DASH
    named = "; ".join(step.names)
    return (
        say("machines.trust.size", model=named, size=shown_size(step.size)) if step.size else named
    )


def _machine(step: TrustStep) -> str:
    if not step.machine:
        return DASH
    machine = machine_text(step.machine)
    if step.tool:
        return say(
            "machines.trust.by_tool", machine=machine, date=step.measured_on, version=step.tool
        )
    if step.measured_on:
        return say("machines.trust.dated", machine=machine, date=step.measured_on)
    return machine


def _tags(origins: Provenances) -> tuple[Tag, ...]:
    cited = [origins.source(s.source) for s in origins.decision.performance.trust if s.source]
    return unique([origins.method, *cited])
