"""What would be decided in one place, or on one kind of machine, alone; what it would cost there.

Together, whatever a rule says of one of several places holds; alone, only that place counts, so
that a reader sees which of them pulls where. A kind of machine decides as if it were what trains:
with its own evidence only, and as its own hardware where the answers name another. Only a machine
that was measured has a cost: a ratio may carry over to another one, a time does not. It must not
know words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.facts import PLACE, PLACES, places_in
from advisor.decide.judging import Judgement, Situation, judge, speed_in
from advisor.decide.performance import USUAL_STEPS, numbers_of
from advisor.decide.works import Speed
from advisor.decision import CostPart, DecisionNotice, MachinePart, TargetPart
from advisor.evidence import Evidence, Work, WorkMode
from advisor.pair import framework_of
from advisor.prices import TRAINED_ON, Price
from advisor.ratio import rounded
from advisor.reading.called import read_speeds
from advisor.reading.machines import MachineKind, detected_facts, device_of, kind_of, kinds_in
from advisor.reading.works import MeasuredWork, WorkReadings

TRAIN = "hardware.train"
_HOUR_S = 3600.0
_MILLION = 1e6


def targets_of(now: Judgement, draws: Draws) -> list[TargetPart]:
    """The decision for each place alone, in the order named; empty where there is one only."""
    values = now.situation.values
    places = places_in(values)
    if len(places) < 2:
        return []
    others = {key: value for key, value in values.items() if key not in (PLACE, PLACES)}
    return [_at_place(place, others, now, draws) for place in places]


def _at_place(place: str, others: Mapping[str, Any], now: Judgement, draws: Draws) -> TargetPart:
    then = judge(replace(now.situation, values={**others, PLACE: place}), draws, now)
    return TargetPart(
        target=place,
        status=then.status,
        framework=then.framework,
        leader=then.leader,
        p_clear=round(then.p_clear[then.leader], 3) if then.leader else 0.0,
    )


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
        **_speed(then.speed),
    )


def _speed(speed: Speed | None) -> dict[str, Any]:
    if speed is None:
        return {}
    return {
        "model": speed.chosen.work.model,
        **numbers_of(speed.speedup),
        "open": speed.open,
        "spread": None if speed.spread is None else round(speed.spread, 4),
    }


def _rows(situation: Situation, positions: Sequence[int]) -> list[dict[str, Any]]:
    """Every model that was measured there, machine by machine."""
    return [_row(w, situation.evidence, positions) for w in situation.readings.works.works]


def _row(
    measured: MeasuredWork, evidence: Sequence[Evidence], positions: Sequence[int]
) -> dict[str, Any]:
    work, speedup = measured.work, measured.speedup
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
        **numbers_of(speedup),
        "faster": side,
        "steps": [{"mode": mode, "step_s": work.step_s(mode)} for mode in (work.a, work.b) if mode],
    }


def costs_of(
    now: Judgement, prices: Mapping[str, Price]
) -> tuple[list[CostPart], list[DecisionNotice]]:
    """The cost of the work per framework on every machine that has a price; and what has none."""
    if not prices:
        return [], []
    costs: list[CostPart] = []
    used: set[str] = set()
    for name, positions in kinds_in(now.situation.evidence).items():
        kind = kind_of(now.situation.evidence[positions[0]])
        speed = speed_in(alone(now.situation, positions))
        for key in _keys(now, kind, positions):
            if key in prices and speed is not None:
                used.add(key)
                costs += _of_machine(name, kind, prices[key], speed.chosen.work, now)
                break
    return costs, [_unused(key) for key in sorted(prices) if key not in used]


def _keys(now: Judgement, kind: MachineKind, positions: Sequence[int]) -> list[str]:
    """The prices that may be of this machine, the most particular first."""
    labels = [now.situation.evidence[k].machine.label or "" for k in positions]
    hardware = [kind.hardware or ""]
    return [kind.name, *filter(None, labels), *filter(None, hardware), *_default(now, positions)]


def _default(now: Judgement, positions: Sequence[int]) -> list[str]:
    """The price without a name is of what will train: one machine like the one that decides."""
    speed: Speed | None = now.speed
    decides = speed is not None and speed.matched and speed.chosen.source in positions
    return [TRAINED_ON] if decides else []


def _unused(key: str) -> DecisionNotice:
    case = "price-unused" if key else "price-without-machine"
    return DecisionNotice(id=case, severity="warning", values={"kind": key} if key else {})


def _of_machine(
    name: str, kind: MachineKind, price: Price, work: Work, now: Judgement
) -> list[CostPart]:
    asked = now.facts.get("steps_per_run")
    assumed = not isinstance(asked, (int, float)) or isinstance(asked, bool)
    steps = float(USUAL_STEPS if assumed else asked or 0)
    modes = [m for mode in (work.a, work.b) for m in work.modes if m.mode == mode]
    return [
        CostPart(
            kind=name,
            machine=kind.shown,
            framework=framework_of(mode.mode),
            mode=mode.mode,
            per_hour=price.per_hour,
            currency=price.currency,
            steps=steps,
            steps_assumed=assumed,
            **_amounts(price, mode, steps, work.samples_per_step),
        )
        for mode in modes
    ]


def _amounts(price: Price, mode: WorkMode, steps: float, samples: float | None) -> dict[str, Any]:
    a_second = price.per_hour / _HOUR_S
    start_s = mode.compile_s or 0.0

    def run(step_s: float) -> float:
        return rounded(a_second * (start_s + steps * step_s))

    amounts: dict[str, Any] = {
        "run": run(mode.step_s),
        "run_ci": [run(end) for end in mode.ci] if mode.ci else None,
    }
    if samples:

        def million(step_s: float) -> float:
            return rounded(a_second * step_s / samples * _MILLION)

        amounts["per_million"] = million(mode.step_s)
        amounts["per_million_ci"] = [million(end) for end in mode.ci] if mode.ci else None
    return amounts
