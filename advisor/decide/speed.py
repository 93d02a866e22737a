"""From measured comparisons to one speed ratio for a task, with what it leaves out.

Knows which workloads stand for a task (data of the rule base), devices and how well a measurement
on one carries over to another. It must not know claims or criteria.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.reading.called import Cell, LeftOut, Measured
from advisor.reading.crossover import WinnerChange, spanning, winner_changes, winners_differ
from advisor.reading.machines import fits, is_part
from advisor.reading.ratios import Ratio
from advisor.decide.task_weights import largest_only, workload_reasons, workload_weights
from advisor.knowledge.model import RuleBase

TRANSFER_NAMED = math.log2(1.5)
"""How far a probe of the task's own kind of work may be from the work itself (log2 units, sd).

Two real models that the suite does not contain were off by factors of 1.6 and 1.9 on two CPU cores
(torch 2.13, jax 0.10.2, 2026-11-25; ``make bench ARGS=real-models``): less than two of these.
"""

TRANSFER_OTHER = math.log2(2.0)
"""The same for other work, for another machine than the one that will train, and where no more than
a third of the task was called.

The last was seen with one of those models: its main kind of work was not settled, and what was
called of the rest named the other winner.
"""

A_THIRD = 1 / 3
_NOT_STEPS = frozenset({"cold_start", "memory", "export", "data_feed"})


@dataclass(frozen=True)
class WorkloadSpeed:
    """One workload on all cores: sizes and precisions combined in logs with equal weights.

    Where the winner changes with one of these, nothing is averaged: the interval then reaches
    over all cells. `changes` says where, fewer cores included.
    """

    workload: str
    speedup: Ratio
    weight: float
    cells: tuple[Cell, ...]
    changes: tuple[WinnerChange, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class Speed:
    """The task-weighted speed of JAX relative to PyTorch.

    Attributes:
        speedup: Geometric mean (above 0 in log2: JAX is faster).
        workloads: What it is made of; their weights add up to 1.
        left_out: What it leaves out, and why.
        transfer_sd: How far it may be from the team's own work, log2 units.
        matched: Whether it was measured on hardware like the one that will train.
        part: Whether it was measured on one device of the kind of which several will train.
        coverage: Share of the task's weights that was measured (0 where none is named).
    """

    speedup: Ratio
    workloads: tuple[WorkloadSpeed, ...]
    left_out: tuple[LeftOut, ...]
    transfer_sd: float
    matched: bool
    coverage: float
    device: str
    part: bool = False

    @property
    def partial(self) -> bool:
        """Whether no more than a third of the task was called."""
        return 0 < self.coverage <= A_THIRD

    @property
    def open(self) -> bool:
        """Whether the winner changes within what counts, and so for the task too."""
        low, high = self.speedup.ci
        return low < 1 < high and any(winners_differ(w.cells) for w in self.workloads)


def speed_for(measured: Measured, base: RuleBase, facts: Mapping[str, Any]) -> Speed | None:
    """The task's speed ratio, or None where nothing counts."""
    weights = workload_weights(base, facts)
    cells, others = _on_one_device(measured.cells, facts)
    beyond = largest_only(base, facts)
    named = on_most_cores(
        [c for c in cells if c.workload in weights and (c.largest or c.workload not in beyond)]
    )
    others_too = [c for c in cells if c.workload not in {*_NOT_STEPS, *weights}]
    used = named or on_most_cores(others_too)
    if not used:
        return None
    shares = weights if named else dict.fromkeys(sorted({c.workload for c in used}), 1.0)
    workloads = _by_workload(used, cells, shares, workload_reasons(base, facts))
    coverage = math.fsum(weights.get(w.workload, 0.0) for w in workloads)
    alike = all(fits(c.device, facts, c.kinds) for c in used)
    part = alike and is_part(facts)
    matched = alike and not part
    total = Ratio(
        math.fsum(w.weight * w.speedup.log2 for w in workloads),
        math.sqrt(math.fsum((w.weight * w.speedup.se) ** 2 for w in workloads)),
    )
    return Speed(
        speedup=total,
        workloads=workloads,
        left_out=_left_out(measured, workloads, weights, others),
        transfer_sd=TRANSFER_NAMED if coverage > A_THIRD and matched else TRANSFER_OTHER,
        matched=matched,
        coverage=coverage,
        device=used[0].device,
        part=part,
    )


def _on_one_device(
    cells: Sequence[Cell], facts: Mapping[str, Any]
) -> tuple[list[Cell], list[Cell]]:
    """The cells of the device that counts, and the others: devices are never averaged."""

    def place(cell: Cell) -> tuple[bool, bool, str, tuple[str, ...]]:
        alike = fits(cell.device, facts, cell.kinds)
        return not alike, cell.device.startswith("cpu"), cell.device, cell.kinds

    first = min((place(c) for c in cells), default=None)
    kept = [c for c in cells if place(c) == first]
    return kept, [c for c in cells if place(c) != first]


def _by_workload(
    counted: Sequence[Cell],
    cells: Sequence[Cell],
    shares: Mapping[str, float],
    because: Mapping[str, str],
) -> tuple[WorkloadSpeed, ...]:
    """Each workload from the cells that count; where its winner changes, from all *cells*."""
    grouped, every = by_workload(counted), by_workload(cells)
    whole = math.fsum(shares[w] for w in grouped)
    found = []
    for workload in sorted(grouped):
        members = tuple(grouped[workload])
        weight = shares[workload] / whole
        changes = winner_changes(every[workload])
        why = because.get(workload, "")
        found.append(WorkloadSpeed(workload, combined(members), weight, members, changes, why))
    return tuple(found)


def by_workload(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """*cells* by their workload, in its order."""
    grouped: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda c: c.workload):
        grouped.setdefault(cell.workload, []).append(cell)
    return grouped


def on_most_cores(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells that count: those on the most cores that their work was measured on.

    That is what a plain run gets; what one core says stands beside it, also where all cores
    were not called.
    """
    return tuple(c for c in cells if c.most_cores is None or (c.cores or 0) == c.most_cores)


def combined(cells: Sequence[Cell]) -> Ratio:
    """What *cells* of one workload say together."""
    if winners_differ(cells):
        return spanning(cells)
    mean = math.fsum(c.speedup.log2 for c in cells) / len(cells)
    return Ratio(mean, math.sqrt(math.fsum(c.speedup.se**2 for c in cells)) / len(cells))


def _left_out(
    measured: Measured,
    workloads: Sequence[WorkloadSpeed],
    weights: Mapping[str, float],
    others: Sequence[Cell],
) -> tuple[LeftOut, ...]:
    counted = {w.workload for w in workloads}
    elsewhere = {
        LeftOut(c.workload, "other-device", f"measured on {c.device}, which is not averaged in")
        for c in others
    }
    spare = {
        LeftOut(c.workload, "not-of-this-task", "measured, but it does not stand for this task")
        for c in measured.cells
        if c.workload not in counted and c not in others
    }
    beside = {
        _beside(c)
        for c in measured.cells
        if c.workload in weights and c not in others and not any(c in w.cells for w in workloads)
    }
    known = counted | {x.workload for x in (*measured.left_out, *elsewhere)}
    missing = {
        LeftOut(
            w, "not-measured", f"not measured; it stands for {100 * weights[w]:.0f} % of the task"
        )
        for w in weights
        if w not in known
    }
    return tuple(
        sorted(
            {*measured.left_out, *elsewhere, *spare, *beside, *missing},
            key=lambda x: (x.workload, x.reason, x.text, -1 if x.source is None else x.source),
        )
    )


def _beside(cell: Cell) -> LeftOut:
    """Why a called cell of a workload that counts does not count itself."""
    if cell.most_cores is not None and (cell.cores or 0) < cell.most_cores:
        text = "measured on fewer cores too; all cores decide"
        return LeftOut(cell.workload, "fewer-cores", text, cell.source)
    text = f"measured at {cell.size} too; the largest size stands for this task"
    return LeftOut(cell.workload, "smaller-size", text, cell.source)


def document_of(speed: Speed | None, measured: Measured) -> dict[str, Any]:
    """The part ``performance`` of a decision: ratio (above 1: JAX is faster) and its making."""
    if speed is None:
        left = [_left_document(x) for x in measured.left_out]
        return {"ratio": None, "ci": None, "workloads": [], "left_out": left, "device": None}
    return {
        "ratio": _ratio(speed.speedup.ratio),
        "ci": [_ratio(x) for x in speed.speedup.ci],
        "winner_open": speed.open,
        "partial": speed.partial,
        "device": speed.device,
        "matched_hardware": speed.matched,
        "one_of_several": speed.part,
        "coverage": round(speed.coverage, 3),
        "transfer_factor": _ratio(2.0**speed.transfer_sd),
        "workloads": [_workload_document(w) for w in speed.workloads],
        "left_out": [_left_document(x) for x in speed.left_out],
    }


def _ratio(value: float) -> float:
    return float(f"{value:.4g}")


def _left_document(left: LeftOut) -> dict[str, Any]:
    found: dict[str, Any] = {"workload": left.workload, "reason": left.reason, "text": left.text}
    return found if left.source is None else {**found, "evidence": left.source}


def _change_document(change: WinnerChange) -> dict[str, Any]:
    """Where the winner changes; *at* is interpolated between the two cells."""
    at = change.at
    return {
        "by": change.by,
        "between": [
            {"size": c.size, "cores": c.cores, "verdict": c.verdict}
            for c in (change.below, change.above)
        ],
        "at": None if at is None else {"key": at[0], "value": _ratio(at[1])},
    }


def _workload_document(workload: WorkloadSpeed) -> dict[str, Any]:
    return {
        "id": workload.workload,
        "ratio": _ratio(workload.speedup.ratio),
        "ci": [_ratio(x) for x in workload.speedup.ci],
        "weight": round(workload.weight, 4),
        "because": workload.because,
        "winners_differ": winners_differ(workload.cells),
        "winner_changes": [_change_document(c) for c in workload.changes],
        "cells": [
            {
                "evidence": c.source,
                "device": c.device,
                "cores": c.cores,
                "precision": c.precision,
                "size": c.size,
                "ratio": _ratio(c.speedup.ratio),
                "ci": [_ratio(x) for x in c.speedup.ci],
                "against": c.torch_mode,
                "verdict": c.verdict,
                **({"best_at": [list(x) for x in c.best_at]} if c.best_at else {}),
            }
            for c in workload.cells
        ],
    }
