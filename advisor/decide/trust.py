"""What is known of the speed, in the order of trust, and which of it decides.

The team's own model here, its family here, the library, what others published, and rules. Every
step says whether it decides, stands beside, or is absent. It must not know words.
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decide.claims import is_speed
from advisor.decide.elsewhere import Elsewhere
from advisor.decide.judging import Judgement, library_in, published_in
from advisor.decide.works import WorkSpeed
from advisor.decision import TrustState, TrustStep
from advisor.evidence import Evidence
from advisor.ratio import Ratio
from advisor.reading.machines import kind_of
from advisor.reading.works import MeasuredWork


def trust_of(now: Judgement) -> list[TrustStep]:
    """The five steps, the most trusted first."""
    return [*_here(now), _library(now), _published(now), _rules(now)]


def _here(now: Judgement) -> list[TrustStep]:
    """The own model and the family; the nearer one decides, where it ran on fitting hardware."""
    speed, evidence = now.speed, now.situation.evidence
    steps = []
    for step, own in (("own_model_here", True), ("family_here", False)):
        if speed is not None and speed.work.chosen.own == own:
            state: TrustState = "decides" if now.elsewhere is None else "other_hardware"
            share = now.sample.speed.share_measured if now.elsewhere is None else None
            steps.append(_measured(step, state, speed.work, evidence, share=share))
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
        factor=_rounded(known.factor),
        factor_from=known.factor_from,
        pairs=[pair.id for pair in known.pairs],
        names=[pair.title for pair in known.pairs],
        machine={"labels": list(dict.fromkeys(pair.machine for pair in known.pairs))},
        measured_on=max(pair.published for pair in known.pairs),
        source=known.pairs[0].source,
        **_numbers(known.speedup),
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
    work: WorkSpeed,
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
            "factor": _rounded(work.factor if factor is None else factor),
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
            **_numbers(work.speedup),
        }
    )


def _numbers(speedup: Ratio) -> dict[str, float | list[float]]:
    return {
        "ratio": _rounded(speedup.value),
        "ci": [_rounded(x) for x in speedup.interval()],
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
