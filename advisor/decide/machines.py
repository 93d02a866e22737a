"""Several kinds of machine that were measured: what would be decided on each alone.

A kind decides as if it were what trains: with its own evidence only, and as its own hardware where
the answers name another. It must not know words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge
from advisor.decide.works import WorkSpeed
from advisor.decision import MachinePart
from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from advisor.reading.machines import detected_facts, device_of, kind_of, kinds_in
from advisor.reading.works import MeasuredWork, WorkReadings

TRAIN = "hardware.train"


def machines_of_decision(now: Judgement, draws: Draws) -> list[MachinePart]:
    """The decision for each kind of machine alone; empty where there is one only."""
    kinds = kinds_in(now.situation.evidence)
    if len(kinds) < 2:
        return []
    return [_part(positions, now, draws) for positions in kinds.values()]


def alone(situation: Situation, positions: Sequence[int]) -> Situation:
    """*situation* with the evidence at *positions* only, as if that machine trained."""
    evidence = tuple(situation.evidence[k] for k in positions)
    hardware = kind_of(evidence[0]).hardware
    values = {k: v for k, v in situation.values.items() if k != "hardware.same_as_here"}
    if hardware is not None and not _trains(hardware, situation.values):
        values[TRAIN] = hardware
    installed = {k: v for k, v in situation.detected.items() if k.startswith("installed.")}
    return replace(
        situation,
        evidence=evidence,
        readings=read_speeds(evidence),
        values=values,
        detected={**detected_facts(evidence), **installed},
        library=(),
        library_readings=WorkReadings(),
        speeds={},
        explanations={},
        others={},
    )


def _trains(hardware: str, values: Mapping[str, Any]) -> bool:
    """Whether *hardware* is what the answers train on, or one device of it."""
    said = values.get(TRAIN)
    return said is not None and device_of(str(said)) == device_of(hardware)


def _part(positions: Sequence[int], now: Judgement, draws: Draws) -> MachinePart:
    situation = alone(now.situation, positions)
    then = judge(situation, draws)
    kind = kind_of(situation.evidence[0])
    work = then.speed.work if then.speed else None
    return MachinePart(
        kind=kind.name,
        machine=kind.shown,
        hardware=kind.hardware,
        trains=kind.hardware is not None and _trains(kind.hardware, now.situation.values),
        machines=len(positions),
        evidence=list(positions),
        status=then.status,
        framework=then.framework,
        leader=then.leader,
        p_clear=round(then.p_clear[then.leader], 3) if then.leader else 0.0,
        rows=_rows(situation, positions),
        **_speed(work, open_=then.speed.open if then.speed else True),
    )


def _speed(work: WorkSpeed | None, *, open_: bool) -> dict[str, Any]:
    if work is None:
        return {}
    return {
        "model": work.chosen.work.model,
        "ratio": _rounded(work.speedup.value),
        "ci": [_rounded(x) for x in work.speedup.interval()],
        "open": open_,
        "spread": None if work.spread is None else round(work.spread, 4),
    }


def _rows(situation: Situation, positions: Sequence[int]) -> list[dict[str, Any]]:
    """Every model that was measured there, machine by machine."""
    return [_row(w, situation.evidence, positions) for w in situation.readings.works.works]


def _row(
    measured: MeasuredWork, evidence: Sequence[Evidence], positions: Sequence[int]
) -> dict[str, Any]:
    work, speedup = measured.work, measured.speedup
    low, high = speedup.interval()
    side = "open" if not measured.settled else "jax" if speedup.log > 0 else "pytorch"
    if work.verdict == "equivalent":
        side = "equal"
    return {
        "model": work.model,
        "name": work.name,
        "title": work.title,
        "size": dict(work.size),
        "device": work.device,
        "evidence": positions[measured.source],
        "label": evidence[measured.source].machine.label or "",
        "ratio": _rounded(speedup.value),
        "ci": [_rounded(low), _rounded(high)],
        "faster": side,
        "steps": [{"mode": mode, "step_s": work.step_s(mode)} for mode in (work.a, work.b) if mode],
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else value
