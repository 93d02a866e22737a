"""The speed of the task as measured, in words: the ratio, its parts, how far it carries over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.render.document import Side, Statement, Tag
from advisor.render.view.provenance import METHOD, Origins
from advisor.render.view.words import DASH, factor, factor_span, percent, sentence


def speed_words(ratio: float, ci: Sequence[float] | None) -> str:
    """``JAX is 1.26 times as fast as PyTorch (1.23 to 1.29)``; the faster one comes first."""
    if abs(math.log(ratio)) < 0.005:
        return "JAX and PyTorch are equally fast" + (f" ({factor_span(ci)})" if ci else "")
    first, second = ("JAX", "PyTorch") if ratio >= 1 else ("PyTorch", "JAX")
    if ratio < 1:
        ratio, ci = 1 / ratio, (1 / ci[1], 1 / ci[0]) if ci else None
    told = f" (95 % interval {factor_span(ci)})" if ci else ""
    return f"{first} is {factor(ratio)} times as fast as {second}{told}"


def speed_statements(origins: Origins, *, measured: bool) -> list[Statement]:
    """The speed ratio of the task, what it is made of, and how far it carries over."""
    told = origins.decision.performance
    ratio, ci = told.get("ratio"), told.get("ci")
    if not isinstance(ratio, (int, float)) or ratio <= 0:
        return [_no_speed(measured=measured)]
    workloads = [w for w in told.get("workloads", ()) if isinstance(w, Mapping)]
    tags = tuple(origins.measured(str(w.get("id", ""))) for w in workloads)
    text = f"{_share_of(told)}, {speed_words(float(ratio), ci)}"
    if told.get("winner_open") and ci:
        text = (
            f"{_share_of(told)}, no framework is faster throughout: JAX is "
            f"{factor(ci[0])} to {factor(ci[1])} times as fast as PyTorch"
        )
    side: Side = ""
    if ci and (ci[0] > 1 or ci[1] < 1):
        side = "jax" if ratio > 1 else "pytorch"
    found = [Statement(sentence(text), tags or (METHOD,), lead="Speed", side=side)]
    found += [_workload(origins, w) for w in workloads]
    return [*found, *_reach(told, tags)]


def _share_of(told: Mapping[str, Any]) -> str:
    """What the ratio is about: the task, or only what was called of it."""
    coverage = told.get("coverage")
    if coverage == 0:
        return "on other work than this task's"
    if told.get("partial"):
        return f"on what stands for only {percent(coverage)} of this task"
    return "weighted for this task"


def _no_speed(*, measured: bool) -> Statement:
    if not measured:
        text = "nothing was measured, so speed rests on rules alone"
        return Statement(sentence(text), (METHOD,), lead="Speed", tone="warning")
    text = "no comparison of PyTorch and JAX could be called, so no ratio is given"
    tags = (Tag("measured", "measured here", "#comparisons"),)
    return Statement(sentence(text), tags, lead="Speed", tone="warning")


def _workload(origins: Origins, told: Mapping[str, Any]) -> Statement:
    name = str(told.get("id", ""))
    ratio = told.get("ratio")
    words = speed_words(float(ratio), told.get("ci")) if isinstance(ratio, (int, float)) else DASH
    ci = told.get("ci")
    if told.get("winners_differ") and ci:
        span_of = f"{factor(ci[0])} to {factor(ci[1])} times as fast as PyTorch"
        by_size = any(c.get("by") == "size" for c in told.get("winner_changes", ()))
        how = "the winner changes with size" if by_size else "measurements differ in the winner"
        words = f"{how}; JAX is {span_of}, and no average is taken"
    share = told.get("weight")
    counts = f"; it counts {percent(share)}" if isinstance(share, (int, float)) else ""
    because = str(told.get("because") or "").rstrip(".")
    counts += f": {because[0].lower()}{because[1:]}" if because and counts else ""
    return Statement(sentence(f"{words}{counts}"), (origins.measured(name),), lead=name)


def _reach(told: Mapping[str, Any], tags: tuple[Tag, ...]) -> list[Statement]:
    """How far the measured ratio carries over to the team's own work."""
    found = []
    coverage, transfer = told.get("coverage"), told.get("transfer_factor")
    tags = tags or (METHOD,)
    if isinstance(coverage, (int, float)):
        text = f"what was measured and called stands for {percent(coverage)} of this task"
        found.append(Statement(sentence(text), (*tags, METHOD), lead="Coverage"))
    if isinstance(transfer, (int, float)):
        text = f"your own work may differ from it by a factor of {factor(transfer)} either way"
        found.append(Statement(sentence(text), (METHOD,), lead="Carry-over"))
    if told.get("matched_hardware") is False:
        text = "measured on other hardware than will train, so it counts less"
        if told.get("one_of_several"):
            text = "measured on one device while several will train, so it counts less"
        found.append(Statement(sentence(text), (*tags, METHOD), lead="Hardware", tone="warning"))
    return found
