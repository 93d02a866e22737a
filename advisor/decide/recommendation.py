"""The second decision, inside the winner: which mode, which libraries, how to install them.

Knows what compiling costs and gains (measured) and what notes suggest (rules).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from advisor.reading.compile_costs import CompileCost
from advisor.reading.machines import fits
from advisor.decide.judging import Judgement
from advisor.decide.reasons import sources_of
from advisor.decide.task_weights import workload_weights
from advisor.decision import Recommended
from advisor.knowledge.model import Rule, RuleBase

EAGER, COMPILED, JIT = "pytorch.eager", "pytorch.compile", "jax.jit"
_WORTH = 1.05
_USUAL_STEPS = 10_000


def second_decision(judgement: Judgement, framework: str) -> Recommended:
    """Mode, stack and install line of *framework*."""
    mode, reason = _mode(judgement, framework)
    return Recommended(
        framework="jax" if framework == "jax" else "pytorch",
        mode=mode,
        mode_reason=reason,
        stack=_stack(judgement, framework),
        install=_install(judgement.situation.base, judgement.facts, framework),
    )


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


def _mode(judgement: Judgement, framework: str) -> tuple[str, str]:
    if framework == "jax":
        return JIT, _jit_reason(judgement)
    costs = _relevant(judgement)
    if costs:
        return _from_measurement(costs, judgement.facts)
    for rule in suggestions(judgement, framework):
        mode = rule.suggests.get("mode")
        if isinstance(mode, str):
            return mode, f"{rule.title} (rule {rule.id}; not measured here)"
    return EAGER, "what compiling gains was not measured; start eager, and measure torch.compile"


def _jit_reason(judgement: Judgement) -> str:
    told = "JAX is used compiled; running it operation by operation is for debugging"
    seconds = judgement.facts.get("measured.compile_s.jax")
    if not isinstance(seconds, (int, float)):
        return told
    took = f"; compiling took {seconds:.3g} s here"
    return f"{told}{took}{_per_day(judgement.facts, seconds)}"


def _relevant(judgement: Judgement) -> list[CompileCost]:
    """The compile costs of the task's own workloads on the right device, or all of them."""
    costs = judgement.situation.measured.compile_costs
    here = [c for c in costs if fits(c.device, judgement.facts, c.kinds)] or list(costs)
    weights = workload_weights(judgement.situation.base, judgement.facts)
    return [c for c in here if c.workload in weights] or here


def _from_measurement(costs: list[CompileCost], facts: Mapping[str, Any]) -> tuple[str, str]:
    gain = 2.0 ** (math.fsum(c.gain.log2 for c in costs) / len(costs))
    names = ", ".join(sorted({c.workload for c in costs}))
    if gain < _WORTH:
        return EAGER, f"torch.compile makes steps {gain:.2f} times as fast on {names}: not worth it"
    told = f"torch.compile makes steps {gain:.2f} times as fast on {names}"
    break_even = _break_even(costs)
    if break_even is None:
        return COMPILED, told
    steps = facts.get("steps_per_run")
    known = isinstance(steps, (int, float))
    run = float(steps or 0) if known else float(_USUAL_STEPS)
    mode = COMPILED if run > break_even else EAGER
    cost = max(c.compile_s for c in costs if c.compile_s is not None)
    assumed = f"{run:,.0f} steps per run" + ("" if known else ", assumed")
    return mode, (
        f"{told}; compiling takes up to {cost:.3g} s and pays after {break_even:,.0f} steps "
        f"({assumed}){_per_day(facts, cost)}"
    )


def _per_day(facts: Mapping[str, Any], cost_s: float) -> str:
    starts = facts.get("restarts_per_day")
    if not isinstance(starts, (int, float)) or isinstance(starts, bool) or starts <= 1:
        return ""
    return f"; {starts:,.0f} starts a day cost {starts * cost_s / 60:,.3g} minutes of compiling"


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


def _stack(judgement: Judgement, framework: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for rule in suggestions(judgement, framework):
        cited = sources_of(rule, judgement.situation.base)
        for entry in rule.suggests.get("stack", ()):
            package = entry.get("package") if isinstance(entry, Mapping) else None
            if package and package not in found:
                found[package] = {
                    "package": package,
                    "why": entry.get("why", ""),
                    "rule": rule.id,
                    "source": cited[0].model_dump(mode="json") if cited else None,
                }
    return list(found.values())


def _install(base: RuleBase, facts: Mapping[str, Any], framework: str) -> list[dict[str, Any]]:
    """The install lines for the hardware and system that are known, most specific first."""
    hardware = facts.get("hardware.train") or facts.get("detected.hardware")
    system = facts.get("hardware.os") or facts.get("detected.os")
    found = []
    for line in getattr(base, "installs", ()):
        if line.framework != framework:
            continue
        if (line.hardware and hardware not in line.hardware) or (
            line.os and system is not None and system not in line.os
        ):
            continue
        shown = {"command": line.command, "note": getattr(line, "note", "") or ""}
        found.append({**shown, "sources": list(line.sources), "reviewed": line.reviewed})
    return found
