"""The model that the speed is of: its size, a step of both frameworks, what a run costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from advisor.decision import Performance, WorkPart
from advisor.evidence import Extrapolated, UntriedWays, UsualWay
from advisor.ratio import LEVEL
from advisor.render.document import Statement
from advisor.render.view.provenance import Provenances, measured_at
from advisor.render.wording import between, duration, inline, listed, name_of, say, sentence
from advisor.render.work_text import cut_text, shown_size, untried_text


def work_statements(origins: Provenances) -> list[Statement]:
    """What was measured in place of the team's work, and what it predicts; nothing without it."""
    work = origins.decision.performance.work
    if work is None:
        return []
    texts = [
        ("model", _model(work)),
        ("steps", _steps(work)),
        ("launches", say("work.one_launch") if work.launches == 1 else ""),
        ("usual", _usual(work)),
        ("untried", _untried(work)),
        ("run", _run(work)),
        ("compile", _compile(work)),
        ("extrapolated", _extrapolated(work)),
        ("others", _others(work)),
        ("carry_over", _carry_over(work, origins.decision.performance)),
        ("arbiter", say("work.arbiter")),
    ]
    tag = measured_at("measured")
    return [
        Statement(sentence(text), (tag,), lead=say(f"report.lead.work.{key}"))
        for key, text in texts
        if text
    ]


def _model(work: WorkPart) -> str:
    named = say("work.of_size", title=work.title or work.model, size=shown_size(work.size))
    return named if work.asked else say("work.standard", model=named)


def _steps(work: WorkPart) -> str:
    """A predicted step of both frameworks."""
    timed = [step for step in work.steps if step.step_s is not None]
    parts = [
        say(
            "work.step_of",
            framework=name_of(step.framework),
            step=duration(step.step_s),
            mode=step.mode,
        )
        for step in timed
    ]
    return listed(parts) if parts else ""


def _usual(work: WorkPart) -> str:
    """What the ordinary ways to write it gave, where a rewrite was faster."""
    if work.usual is None:
        return ""
    first, second, ratio = UsualWay(**work.usual).ordered
    return say("work.usually", first=first, second=second, ratio=ratio)


def _untried(work: WorkPart) -> str:
    """Which ways to write it were not tried."""
    return untried_text(UntriedWays(**work.untried)) if work.untried else ""


def _run(work: WorkPart) -> str:
    """What a run of the answered length takes on the machine that was measured."""
    run = work.run
    if run is None:
        return ""
    key = "work.run_assumed" if run.assumed else "work.run"
    return say(key, n=run.steps, pytorch=_long(run.pytorch_s), jax=_long(run.jax_s))


def _long(seconds: float) -> str:
    """Hours where a run takes that long, else minutes or seconds."""
    if seconds >= 3600:
        return say("work.hours", hours=seconds / 3600)
    return say("work.minutes", minutes=seconds / 60) if seconds >= 60 else duration(seconds)


def _compile(work: WorkPart) -> str:
    timed = [step for step in work.steps if step.compile_s is not None]
    if not timed:
        return ""
    parts = [
        say("work.compiles", framework=name_of(s.framework), took=duration(s.compile_s))
        for s in timed
    ]
    text = listed(parts)
    if work.break_even_steps is None:
        return text
    return say("work.break_even", text=text, n=work.break_even_steps)


def _extrapolated(work: WorkPart) -> str:
    if work.extrapolated is None:
        return ""
    return cut_text(Extrapolated(**work.extrapolated))


def _others(work: WorkPart) -> str:
    """Further sizes, where nobody said which is meant."""
    if not work.others:
        return ""
    key = "work.depends" if work.depends_on_size else "work.agree"
    return say(key, names=[other["name"] or work.model for other in work.others])


def _carry_over(work: WorkPart, speed: Performance) -> str:
    """How far the work itself may be from what was measured, and the interval that follows."""
    factor, source = work.carry_over.get("factor"), work.carry_over.get("from")
    if factor is None:
        return ""
    text = say("decision.speed.of_task.carry_over", factor=factor)
    if speed.ci and speed.ratio and factor > 1:
        own = between(_carried(speed.ci, float(factor)), form="clause")
        text = say("decision.speed.of_task.carried", text=text, speed=own)
    if work.spread is not None:
        spread = math.exp(work.spread)
        text = say("work.carried_spread", text=text, n=work.machines, factor=spread)
    return say("work.carried_by", text=text, source=inline(str(source))) if source else text


def _carried(ci: Sequence[float], factor: float) -> tuple[float, float]:
    """The interval of the measurement *ci* for the work itself: *factor* is one deviation of it."""
    low, high = (math.log(end) for end in ci)
    half = math.hypot((high - low) / 2, NormalDist().inv_cdf((1 + LEVEL) / 2) * math.log(factor))
    middle = (low + high) / 2
    return math.exp(middle - half), math.exp(middle + half)
