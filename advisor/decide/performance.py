"""The decision's part on speed: the ratio, what explains it, its model, and what is trusted.

What is known stands in the order of trust: the team's own model here, its family here, the
library, what others published, and rules. Every step says whether it decides, stands beside, or is
absent. It must not know words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.decide.claims import is_speed
from advisor.decide.elsewhere import Elsewhere
from advisor.decide.judging import Judgement, explanation_in, library_in, published_in
from advisor.decide.workloads import Explanation, WorkloadSpeed
from advisor.decide.works import Speed
from advisor.decision import (
    LeftOutPart,
    Performance,
    TrustState,
    TrustStep,
    WinnerChangePart,
    WorkloadPart,
    WorkPart,
    WorkRun,
    WorkStep,
)
from advisor.evidence import Evidence, Work, to_data
from advisor.pair import framework_of
from advisor.ratio import LEVEL, Ratio, rounded
from advisor.reading.called import LeftOut
from advisor.reading.crossover import WinnerChange, winners_differ
from advisor.reading.machines import kind_of
from advisor.reading.works import MeasuredWork

USUAL_STEPS = 10_000
"""The steps of a run where nobody said how many: one hour at three a second."""


def performance_in(now: Judgement) -> Performance:
    """The part ``performance`` of a decision, with what is known in the order of trust."""
    measured = performance_of(now.speed, explanation_in(now.situation), now.facts)
    return measured.model_copy(update={"trust": trust_of(now)})


def performance_of(
    speed: Speed | None, explained: Explanation, facts: Mapping[str, Any] | None = None
) -> Performance:
    """What was measured; *facts* may say how long a run is."""
    parts = Performance(
        coverage=round(explained.coverage, 3) if explained.workloads else None,
        workloads=[_workload_part(w) for w in explained.workloads],
        left_out=[_left_part(x) for x in explained.left_out],
    )
    if speed is None:
        return parts
    return parts.model_copy(
        update={
            **numbers_of(speed.speedup),
            "level": LEVEL,
            "winner_open": speed.open,
            "device": speed.device,
            "matched_hardware": speed.matched,
            "one_of_several": speed.part,
            "transfer_factor": rounded(speed.factor),
            "work": work_part(speed, facts or {}),
        }
    )


def _left_part(left: LeftOut) -> LeftOutPart:
    return LeftOutPart(
        workload=left.workload,
        reason=left.reason,
        values=dict(left.values),
        evidence=left.source,
    )


def _change_part(change: WinnerChange) -> WinnerChangePart:
    """Where the winner changes; *at* is interpolated between the two."""
    at = change.at
    return WinnerChangePart.model_validate(
        {
            "by": change.by,
            "between": [
                {"size": c.size, "cores": c.cores, "verdict": c.verdict}
                for c in (change.below, change.above)
            ],
            "at": None if at is None else {"key": at[0], "value": rounded(at[1])},
        }
    )


def _workload_part(workload: WorkloadSpeed) -> WorkloadPart:
    return WorkloadPart(
        id=workload.workload,
        **numbers_of(workload.speedup),
        weight=round(workload.weight, 4),
        because=workload.because,
        winners_differ=winners_differ(workload.comparisons),
        winner_changes=[_change_part(c) for c in workload.changes],
        cells=[
            {
                "evidence": c.source,
                "device": c.device,
                "cores": c.cores,
                "precision": c.precision,
                "size": c.size,
                **numbers_of(c.speedup),
                "against": c.torch_mode,
                "verdict": c.verdict,
                **({"best_at": [list(x) for x in c.best_at]} if c.best_at else {}),
            }
            for c in workload.comparisons
        ],
    )


def work_part(speed: Speed, facts: Mapping[str, Any]) -> WorkPart:
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
        untried=None if work.untried is None else to_data(work.untried),
        unlike=list(work.unlike),
        asked=speed.asked,
        carry_over={"factor": speed.factor, "class": speed.kind, "from": speed.factor_from},
        others=[_other(w) for w in speed.others],
        depends_on_size=speed.depends,
        run=_run(steps, facts.get("steps_per_run")),
        break_even_steps=_break_even(steps),
        machines=len(speed.machines),
        spread=None if speed.spread is None else round(speed.spread, 4),
        launches=work.launches,
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
    work = measured.work
    return {"name": work.name, "size": dict(work.size), **numbers_of(measured.speedup)}


def trust_of(now: Judgement) -> list[TrustStep]:
    """The five steps, the most trusted first."""
    return [*_here(now), _library(now), _published(now), _rules(now)]


def _here(now: Judgement) -> list[TrustStep]:
    """The own model and the family; the nearer one decides, where it ran on fitting hardware."""
    speed, evidence = now.speed, now.situation.evidence
    steps = []
    for step, own in (("own_model_here", True), ("family_here", False)):
        if speed is not None and speed.chosen.own == own:
            state: TrustState = "decides" if now.elsewhere is None else "other_hardware"
            share = now.sample.speed.share_measured if now.elsewhere is None else None
            steps.append(_measured(step, state, speed, evidence, share=share))
            continue
        beside = [w for w in now.situation.readings.works.works if w.own == own]
        # A family that does not stand for the work says nothing beside the one that does.
        state = "beside" if own and beside else "absent"
        steps.append(TrustStep(step=step, state=state))
    return steps


def _library(now: Judgement) -> TrustStep:
    known = library_in(now.situation)
    if known is None or known.work is None:
        return TrustStep(step="library", state="absent")
    state, share = _state(now, known)
    return _measured(
        "library",
        state,
        known.work,
        now.situation.library,
        factor=known.factor,
        factor_from=known.factor_from,
        share=share,
    )


def _published(now: Judgement) -> TrustStep:
    known = published_in(now.situation)
    if known is None:
        return TrustStep(step="published", state="absent")
    state, share = _state(now, known)
    return TrustStep(
        step="published",
        state=state,
        share=share,
        factor=rounded(known.factor),
        factor_from=known.factor_from,
        pairs=[pair.id for pair in known.pairs],
        names=[pair.title for pair in known.pairs],
        machine={"labels": list(dict.fromkeys(pair.machine for pair in known.pairs))},
        measured_on=max(pair.published for pair in known.pairs),
        source=known.pairs[0].source,
        **numbers_of(known.speedup),
    )


def _rules(now: Judgement) -> TrustStep:
    speaking = sorted(
        {
            o.rule.id
            for o in now.outcomes
            if o.rule.kind == "claim" and o.fires and is_speed(o.rule.about)
        }
    )
    share = 1.0 - now.sample.speed.share_measured
    if not speaking:
        return TrustStep(step="rule", state="absent")
    state: TrustState = "decides" if share == 1.0 else "beside" if share > 0 else "replaced"
    return TrustStep(step="rule", state=state, names=speaking, share=round(share, 3))


def _state(now: Judgement, known: Elsewhere) -> tuple[TrustState, float | None]:
    if now.elsewhere is not None and now.elsewhere.step == known.step:
        return "decides", round(now.sample.speed.share_measured, 3)
    return "beside", None


def _measured(
    step: str,
    state: TrustState,
    work: Speed,
    evidence: Sequence[Evidence],
    *,
    factor: float | None = None,
    factor_from: str = "",
    share: float | None = None,
) -> TrustStep:
    chosen: MeasuredWork = work.chosen
    document = evidence[chosen.source]
    return TrustStep.model_validate(
        {
            "step": step,
            "state": state,
            "share": None if share is None else round(share, 3),
            "factor": rounded(work.factor if factor is None else factor),
            "factor_from": factor_from or work.factor_from,
            "names": [chosen.work.title or chosen.work.model],
            "model": chosen.work.model,
            "size": dict(chosen.work.size),
            "size_kind": work.kind,
            "machine": kind_of(document).shown,
            "measured_on": document.created[:10],
            "tool": document.tool.version,
            "machines": len(work.machines),
            "spread": None if work.spread is None else round(work.spread, 4),
            **numbers_of(work.speedup),
        }
    )


def numbers_of(speedup: Ratio) -> dict[str, Any]:
    """A ratio and its interval as the document holds them."""
    return {
        "ratio": rounded(speedup.value),
        "ci": [rounded(x) for x in speedup.interval()],
    }
