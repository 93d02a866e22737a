"""The model that a decision's speed is of, as it stands in the decision. Knows no words."""

from __future__ import annotations

from typing import Any

from advisor.decide.works import WorkSpeed
from advisor.decision import WorkPart, WorkStep
from advisor.evidence import Work, to_data
from advisor.pair import framework_of
from advisor.reading.works import MeasuredWork


def work_part(speed: WorkSpeed) -> WorkPart:
    """The part ``performance.work``."""
    work = speed.chosen.work
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
        steps=[_step(work, mode) for mode in (work.a, work.b) if mode is not None],
        extrapolated=None if work.extrapolated is None else to_data(work.extrapolated),
        unlike=list(work.unlike),
        asked=speed.asked,
        carry_over={"factor": speed.factor, "class": speed.kind, "from": speed.factor_from},
        others=[_other(w) for w in speed.others],
        depends_on_size=speed.depends,
    )


def _step(work: Work, mode: str) -> WorkStep:
    found = next((m for m in work.modes if m.mode == mode), None)
    return WorkStep(
        framework=framework_of(mode),
        mode=mode,
        step_s=found.step_s if found else None,
        ci=list(found.ci) if found and found.ci else None,
        compile_s=found.compile_s if found else None,
    )


def _other(measured: MeasuredWork) -> dict[str, Any]:
    work, speedup = measured.work, measured.speedup
    return {
        "name": work.name,
        "size": dict(work.size),
        "ratio": float(f"{speedup.value:.4g}"),
        "ci": [float(f"{x:.4g}") for x in speedup.interval()],
    }
