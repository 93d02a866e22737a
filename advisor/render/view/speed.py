"""The speed of the task as measured: the ratio, its parts, how far it carries over."""

from __future__ import annotations

from advisor.decision import Performance, WorkloadPart
from advisor.render.document import Kind, Side, Statement, Tag
from advisor.render.machine_words import decided_elsewhere, elsewhere_text
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.view.work import work_statements
from advisor.render.wording import (
    between,
    inline,
    say,
    sentence,
    speed_clause,
)


def speed_statements(origins: Provenances, *, measured: bool) -> list[Statement]:
    """The speed ratio of the task, what it is made of, and how far it carries over.

    Args:
        origins: The record.
        measured: Whether anything was measured at all.
    """
    speed = origins.decision.performance
    if speed.ratio is None or speed.ratio <= 0:
        workloads = [_workload(origins, part, speed.level) for part in speed.workloads]
        return [_no_speed(origins, measured=measured), *workloads]
    tags = (measured_at("measured"),)
    text = say("decision.speed.of_task.task", share_of=_share_of(speed), speed=_clause(speed))
    side: Side = ""
    if speed.ci and (speed.ci[0] > 1 or speed.ci[1] < 1):
        side = "jax" if speed.ratio > 1 else "pytorch"
    lead = say("report.lead.speed")
    return [
        Statement(sentence(text), tags, lead=lead, side=side),
        *work_statements(origins),
        *(_workload(origins, part, speed.level) for part in speed.workloads),
        *_reach(origins, speed, tags),
    ]


def _clause(speed: Performance) -> str:
    assert speed.ratio is not None, "only what was measured is worded"
    if speed.winner_open and speed.ci:
        return say("decision.speed.of_task.open", speed=between(speed.ci, form="clause"))
    return speed_clause(speed.ratio, speed.ci, speed.level)


def _share_of(speed: Performance) -> str:
    """What the ratio is about."""
    asked = speed.work is not None and speed.work.asked
    return say("decision.speed.of_task.asked" if asked else "decision.speed.of_task.model")


def _no_speed(origins: Provenances, *, measured: bool) -> Statement:
    lead = say("report.lead.speed")
    known = decided_elsewhere(origins.decision.performance)
    if known is not None:
        kind: Kind = "library" if known.step == "library" else "published"
        tag = Tag(kind, say(f"machines.where.tag_{kind}"), "#trust")
        text = sentence(say("machines.where.instead", speed=elsewhere_text(known)))
        return Statement(text, (tag,), lead=lead, tone="warning")
    if not measured:
        text = sentence(say("decision.speed.of_task.not_measured"))
        return Statement(text, (origins.method,), lead=lead, tone="warning")
    if origins.decision.performance.workloads:
        text = sentence(say("decision.speed.of_task.workloads_only"))
    else:
        text = sentence(say("decision.speed.of_task.not_called"))
    return Statement(text, (measured_at("comparisons"),), lead=lead, tone="warning")


def _workload(origins: Provenances, part: WorkloadPart, level: float) -> Statement:
    if part.winners_differ and part.ci:
        by_size = any(change.by == "size" for change in part.winner_changes)
        key = "decision.speed.of_task.by_size" if by_size else "decision.speed.of_task.differ"
        words = say(key, speed=between(part.ci, form="clause"))
    else:
        words = speed_clause(part.ratio, part.ci, level)
    text = say("decision.speed.of_task.counts", speed=words, weight=part.weight)
    because = part.because.rstrip(".")
    if because:
        text = say("decision.speed.of_task.because", text=text, because=inline(because))
    return Statement(sentence(text), (origins.measured(part.id),), lead=part.id)


def _reach(origins: Provenances, speed: Performance, tags: tuple[Tag, ...]) -> list[Statement]:
    """How far the measured ratio carries over to the team's own work."""
    method = origins.method
    statements = []
    if speed.workloads and speed.coverage is not None:
        text = sentence(say("decision.speed.of_task.coverage", share=speed.coverage))
        lead = say("report.lead.coverage")
        statements.append(Statement(text, (*tags, method), lead=lead))
    if speed.transfer_factor is not None and speed.work is None:
        text = sentence(say("decision.speed.of_task.carry_over", factor=speed.transfer_factor))
        statements.append(Statement(text, (method,), lead=say("report.lead.carry_over")))
    if speed.matched_hardware is False:
        one = speed.one_of_several
        key = (
            "decision.speed.of_task.one_of_several"
            if one
            else "decision.speed.of_task.other_hardware"
        )
        text = sentence(say(key))
        lead = say("report.lead.hardware")
        statements.append(Statement(text, (*tags, method), lead=lead, tone="warning"))
    return statements
