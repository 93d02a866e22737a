"""What the work costs: measured step times at the prices that the team gave.

Only a machine that was measured has a cost: a ratio may carry over to another one, a time does
not. It must not know words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.decide.judging import Judgement, speed_in
from advisor.decide.machines import alone
from advisor.decide.speed import Speed
from advisor.decide.work_part import USUAL_STEPS
from advisor.decision import CostPart, DecisionNotice
from advisor.evidence import Work, WorkMode
from advisor.pair import framework_of
from advisor.prices import TRAINED_ON, Price
from advisor.reading.machines import MachineKind, kind_of, kinds_in

_HOUR_S = 3600.0
_MILLION = 1e6


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
                costs += _of_machine(name, kind, prices[key], speed.work.chosen.work, now)
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
    decides = speed is not None and speed.matched and speed.work.chosen.source in positions
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
        return _rounded(a_second * (start_s + steps * step_s))

    amounts: dict[str, Any] = {
        "run": run(mode.step_s),
        "run_ci": [run(end) for end in mode.ci] if mode.ci else None,
    }
    if samples:

        def million(step_s: float) -> float:
            return _rounded(a_second * step_s / samples * _MILLION)

        amounts["per_million"] = million(mode.step_s)
        amounts["per_million_ci"] = [million(end) for end in mode.ci] if mode.ci else None
    return amounts


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
