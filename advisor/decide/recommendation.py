"""Inside the winner: mode, libraries, install lines; what to take on a tie; what changing takes.

Knows what compiling costs and gains (measured), what notes suggest (rules), and what moving code
to a framework, and leaving it again, takes this team: person-weeks, in parts. Claims weigh the
class of the code; the report shows the weeks. It must not know weights or words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from advisor.decide.facts import NOT_KNOWN
from advisor.decide.judging import Judgement
from advisor.decide.reasons import sources_of
from advisor.decide.workloads import workload_weights
from advisor.decision import (
    InstallLine,
    ModeReason,
    Recommended,
    StackEntry,
    SwitchingPart,
    SwitchingStep,
)
from advisor.knowledge.installs import install_lines
from advisor.knowledge.model import Rule, RuleBase
from advisor.knowledge.supply import Install
from advisor.knowledge.switching import SwitchingCost
from advisor.pair import (
    FRAMEWORKS,
    JIT,
    MODES,
    RECORDED,
    TORCH_COMPILE,
    TORCH_EAGER,
    Framework,
    mode_of,
    rival_of,
)
from advisor.ratio import MARGIN, mean, rounded
from advisor.reading.compile_costs import CompileCost
from advisor.reading.machines import fits

TieBreak = Literal["codebase", "skill", "ahead", "convention"]

_USUAL_STEPS = 10_000
_SKILL = {"none": 0, "some": 1, "deep": 2}
_AHEAD = 0.05


def recommendation_of(judgement: Judgement, framework: Framework) -> Recommended:
    """Mode, stack and install line of *framework*."""
    mode, because = _mode(judgement, framework)
    return Recommended(
        framework=framework,
        mode=mode,
        mode_because=because,
        stack=_stack(judgement, framework),
        install=_install(judgement.situation.base, judgement.facts, framework),
    )


def tie_break_of(now: Judgement) -> Recommended:
    """The reversible default where nothing decides, and why; always labelled as one."""
    framework, because = _tie_break(now)
    return Recommended(tie_break=framework, tie_break_because=because)


def _tie_break(now: Judgement) -> tuple[Framework | None, TieBreak | None]:
    code = now.facts.get("codebase")
    if code in now.feasible:
        return code, "codebase"
    skills = {f: _SKILL.get(str(now.facts.get(f"team.{f}", "none")), 0) for f in FRAMEWORKS}
    best = max(FRAMEWORKS, key=lambda f: skills[f])
    if len(set(skills.values())) > 1 and best in now.feasible:
        return best, "skill"
    leader = max(now.feasible, key=lambda f: now.p_first[f])
    other = min(now.feasible, key=lambda f: now.p_first[f])
    if now.p_first[leader] - now.p_first[other] >= _AHEAD:
        return leader, "ahead"
    return ("pytorch", "convention") if "pytorch" in now.feasible else (None, None)


def suggestions(judgement: Judgement, framework: str) -> list[Rule]:
    """The notes that fire and suggest something for *framework*, by id."""
    return [
        o.rule
        for o in judgement.outcomes
        if o.rule.kind == "note"
        and o.fires
        and o.expired_days <= 0
        and o.rule.suggests.get("framework") == framework
    ]


def _mode(judgement: Judgement, framework: str) -> tuple[str, ModeReason]:
    if framework == "jax":
        return JIT, _jit_reason(judgement)
    costs = _relevant(judgement)
    if costs:
        return _from_measurement(costs, judgement.facts)
    for rule in suggestions(judgement, framework):
        mode = rule.suggests.get("mode")
        if isinstance(mode, str):
            return mode, ModeReason(kind="rule", rule=rule.id)
    return _of_model(judgement) or (TORCH_EAGER, ModeReason(kind="unmeasured"))


def _of_model(judgement: Judgement) -> tuple[str, ModeReason] | None:
    """The way in which the model that stands for the work was fastest, where both kinds were tried.

    Measured on hardware like the one that will train. They were compared in one launch alone: it
    says what to begin with, not what compiling gains.
    """
    speed = judgement.speed
    if speed is None or not (speed.matched or speed.part):
        return None
    work = speed.chosen.work
    tried = {mode.mode.partition("+")[0] for mode in work.modes}
    if work.a is None or not {TORCH_EAGER, TORCH_COMPILE} <= tried:
        return None
    # A step recorded by hand is a program of its own: one begins with the ordinary way.
    by_hand = mode_of(work.a) in RECORDED.values() and work.usual is not None
    way = work.usual.a if by_hand and work.usual is not None else work.a
    mode = mode_of(way)
    seconds = next((m.compile_s for m in work.modes if m.mode == way), None)
    compiled = mode in MODES and MODES[mode].compiled
    title = work.title or work.model
    return mode, ModeReason(
        kind="fastest", workloads=[title], compile_s=seconds if compiled else None
    )


def _jit_reason(judgement: Judgement) -> ModeReason:
    seconds = judgement.facts.get("measured.compile_s.jax")
    if not isinstance(seconds, (int, float)):
        return ModeReason(kind="jit")
    starts = _restarts_per_day(judgement.facts)
    return ModeReason(kind="jit", compile_s=seconds, restarts_per_day=starts)


def _relevant(judgement: Judgement) -> list[CompileCost]:
    """The compile costs of the task's own workloads on the right device, or all of them."""
    costs = judgement.situation.readings.compile_costs
    here = [c for c in costs if fits(c.device, judgement.facts, c.kinds)] or list(costs)
    weights = workload_weights(judgement.situation.base, judgement.facts)
    return [c for c in here if c.workload in weights] or here


def _from_measurement(costs: list[CompileCost], facts: Mapping[str, Any]) -> tuple[str, ModeReason]:
    gain = mean([c.gain for c in costs]).value
    names = sorted({c.workload for c in costs})
    because = ModeReason(kind="measured", gain=rounded(gain), workloads=names)
    if gain < MARGIN:
        return TORCH_EAGER, because.model_copy(update={"worthwhile": False})
    break_even = _break_even(costs)
    if break_even is None:
        return TORCH_COMPILE, because
    steps = facts.get("steps_per_run")
    answered = isinstance(steps, (int, float))
    run = float(steps or 0) if answered else float(_USUAL_STEPS)
    costs_s = [c.compile_s for c in costs if c.compile_s is not None]
    amounts = {
        "compile_s": max(costs_s),
        "break_even_steps": break_even,
        "steps_per_run": run,
        "steps_assumed": not answered,
        "restarts_per_day": _restarts_per_day(facts),
    }
    mode = TORCH_COMPILE if run > break_even else TORCH_EAGER
    return mode, because.model_copy(update=amounts)


def _restarts_per_day(facts: Mapping[str, Any]) -> float | None:
    starts = facts.get("restarts_per_day")
    if not isinstance(starts, (int, float)) or isinstance(starts, bool) or starts <= 1:
        return None
    return float(starts)


def _break_even(costs: Iterable[CompileCost]) -> float | None:
    """Steps after which compiling has paid, geometric mean over what gains at all."""
    logs = []
    for cost in costs:
        if cost.compile_s is None or cost.eager_s is None or cost.compiled_s is None:
            continue
        saved = cost.eager_s - cost.compiled_s
        if saved > 0 and cost.compile_s > 0:
            logs.append(math.log(cost.compile_s / saved))
    return math.exp(math.fsum(logs) / len(logs)) if logs else None


def _stack(judgement: Judgement, framework: str) -> list[StackEntry]:
    stack: dict[str, StackEntry] = {}
    for rule in suggestions(judgement, framework):
        cited = sources_of(rule, judgement.situation.base)
        for entry in rule.suggests.get("stack", ()):
            package = entry.get("package") if isinstance(entry, Mapping) else None
            if package and package not in stack:
                stack[package] = StackEntry(
                    package=package,
                    why=entry.get("why", ""),
                    rule=rule.id,
                    source=cited[0] if cited else None,
                )
    return list(stack.values())


def _install(base: RuleBase, facts: Mapping[str, Any], framework: str) -> list[InstallLine]:
    """The line that installs *framework* on the hardware and system that are known, or why not."""
    hardware = facts.get("hardware.train") or facts.get("detected.hardware")
    if hardware is None:
        return []
    line = install_lines(
        base,
        framework,
        hardware=hardware,
        os=facts.get("hardware.os") or facts.get("detected.os"),
        python=facts.get("python") or facts.get("detected.python"),
    )
    cited, reviewed = list(line.sources), line.reviewed
    if isinstance(line, Install):
        return [InstallLine(command=line.command, note=line.note, sources=cited, reviewed=reviewed)]
    return [InstallLine(note=line.why, instead=line.instead, sources=cited, reviewed=reviewed)]


@dataclass(frozen=True)
class _Step:
    what: str
    cost: SwitchingCost


def switching_of(base: RuleBase, facts: Mapping[str, Any]) -> list[SwitchingPart]:
    """What changing to each framework takes now, and what leaving it for the other later takes."""
    table = {entry.id: entry for entry in base.switching}
    if not table:
        return []
    return [
        SwitchingPart(
            to=framework,
            **_weeks(steps := _steps(table, framework, facts)),
            steps=[
                SwitchingStep(
                    what=step.what,
                    low_weeks=step.cost.low_weeks,
                    high_weeks=step.cost.high_weeks,
                    source=step.cost.source,
                    date=step.cost.date,
                )
                for step in steps
            ],
            leaving=_rounded(_leaving(table, framework, facts)),
        )
        for framework in FRAMEWORKS
    ]


def _steps(
    table: Mapping[str, SwitchingCost], framework: str, facts: Mapping[str, Any]
) -> list[_Step]:
    steps: list[tuple[str, str]] = []
    effort = facts.get(f"switching.to_{framework}")
    if effort is not None:
        steps += [("port", f"port.{effort}"), ("prove", "prove")]
    skill = facts.get(f"team.{framework}")
    if skill in ("none", "some"):
        steps.append(("learn", f"learn.{skill}"))
    return [_Step(what, table[entry]) for what, entry in steps if entry in table]


def _weeks(steps: Sequence[_Step]) -> dict[str, float]:
    low, high = _rounded(
        (
            math.fsum(step.cost.low_weeks for step in steps),
            math.fsum(step.cost.high_weeks for step in steps),
        )
    )
    return {"low_weeks": low, "high_weeks": high}


def _leaving(
    table: Mapping[str, SwitchingCost], framework: str, facts: Mapping[str, Any]
) -> tuple[float, float]:
    """What being wrong about *framework* costs: the code as it will be, moved to the other one.

    Code that is there today counts at its class, and at least as what a first version becomes.
    """
    rival = rival_of(framework)
    effort = str(facts.get(f"switching.to_{rival}", NOT_KNOWN))
    if effort == "small":
        effort = "medium"
    skill = str(facts.get(f"team.{rival}", "none"))
    entries = [f"port.{effort}", "prove", f"learn.{skill}"]
    costs = [table[entry] for entry in entries if entry in table]
    return (
        math.fsum(cost.low_weeks for cost in costs),
        math.fsum(cost.high_weeks for cost in costs),
    )


def _rounded(weeks: tuple[float, float]) -> tuple[float, float]:
    low, high = (rounded(amount, 2) for amount in weeks)
    return low, high
