"""The model that a decision's speed is of, as it stands in the decision. Knows no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.decide.works import WorkSpeed
from advisor.decision import WorkPart, WorkRun, WorkStep
from advisor.evidence import Work, to_data
from advisor.pair import framework_of
from advisor.reading.works import MeasuredWork

USUAL_STEPS = 10_000
"""The steps of a run where nobody said how many: one hour at three a second."""


def work_part(speed: WorkSpeed, facts: Mapping[str, Any]) -> WorkPart:
    """The part ``performance.work``; *facts* may say how long a run is."""
    work = speed.chosen.work
    steps = [_step(work, mode) for mode in (work.a, work.b) if mode is not None]
    return WorkPart(
        model=work.model,
        name=work.name,
        title=work.title,
        size=dict(work.size),
        precision=work.precision,
        device=work.device,
        cores=work.cores,
        evidence=speed.chosen.source,
        verdict=work.verdict,
        steps=steps,
        extrapolated=None if work.extrapolated is None else to_data(work.extrapolated),
        usual=None if work.usual is None else to_data(work.usual),
        unlike=list(work.unlike),
        asked=speed.asked,
        carry_over={"factor": speed.factor, "class": speed.kind, "from": speed.factor_from},
        others=[_other(w) for w in speed.others],
        depends_on_size=speed.depends,
        run=_run(steps, facts.get("steps_per_run")),
        break_even_steps=_break_even(steps),
        machines=len(speed.machines),
        spread=None if speed.spread is None else round(speed.spread, 4),
    )


def _run(steps: Sequence[WorkStep], asked: Any) -> WorkRun | None:
    took = [step.step_s for step in steps]
    if len(took) != 2 or took[0] is None or took[1] is None:
        return None
    assumed = not isinstance(asked, (int, float)) or isinstance(asked, bool)
    count = float(USUAL_STEPS if assumed else asked)
    pytorch_s, jax_s = (
        (step.compile_s or 0.0) + count * s for step, s in zip(steps, took, strict=True) if s
    )
    return WorkRun(steps=count, assumed=assumed, pytorch_s=pytorch_s, jax_s=jax_s)


def _break_even(steps: Sequence[WorkStep]) -> float | None:
    """Steps after which the faster step has paid for its longer compiling."""
    if len(steps) != 2 or any(s.step_s is None or s.compile_s is None for s in steps):
        return None
    fast, slow = sorted(steps, key=lambda s: s.step_s or 0.0)
    saved_s = (slow.step_s or 0.0) - (fast.step_s or 0.0)
    more_s = (fast.compile_s or 0.0) - (slow.compile_s or 0.0)
    return more_s / saved_s if saved_s > 0 and more_s > 0 else None


def _step(work: Work, mode: str) -> WorkStep:
    measured = next((m for m in work.modes if m.mode == mode), None)
    return WorkStep(
        framework=framework_of(mode),
        mode=mode,
        step_s=measured.step_s if measured else None,
        ci=list(measured.ci) if measured and measured.ci else None,
        compile_s=measured.compile_s if measured else None,
    )


def _other(measured: MeasuredWork) -> dict[str, Any]:
    work, speedup = measured.work, measured.speedup
    return {
        "name": work.name,
        "size": dict(work.size),
        "ratio": float(f"{speedup.value:.4g}"),
        "ci": [float(f"{x:.4g}") for x in speedup.interval()],
    }
