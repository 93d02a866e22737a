"""Where a measurement disagrees with a claim about the same quantity, by name."""

from __future__ import annotations

import math

from advisor.decide.claims import STRENGTH, is_speed
from advisor.decide.judging import Judgement
from advisor.decide.model import PERFORMANCE, PRIOR_SD
from advisor.reading.ratios import Ratio
from advisor.decide.words import times
from advisor.decision import Contradiction
from advisor.knowledge.model import Rule

_Z95 = 1.96


def contradictions_of(judgement: Judgement) -> list[Contradiction]:
    """Claims about speed that fire although the measurement says otherwise, by rule id.

    A measurement contradicts a claim where its whole interval lies on the other side of equality,
    or where the two are more than two standard deviations apart.
    """
    found = []
    for outcome in judgement.outcomes:
        rule = outcome.rule
        if rule.kind != "claim" or not outcome.fires or not is_speed(rule.about):
            continue
        told = _measured(judgement, rule)
        if told is None:
            continue
        probe, seen, transfer_sd = told
        believed = believed_by(rule)
        if believed != 0.0 and _disagree(believed, seen, transfer_sd):
            found.append(
                Contradiction(
                    rule=rule.id,
                    probe=probe,
                    text=f"measured here: {times(seen.ratio)} on {probe}; "
                    f"the rule says: {rule.title}",
                    believed_log2=round(believed, 3),
                    measured_log2=round(seen.log2, 3),
                )
            )
    return found


def believed_by(rule: Rule) -> float:
    """The log2 speed of JAX relative to PyTorch that *rule* claims."""
    total = 0.0
    for effect in rule.effects:
        if effect.criterion == PERFORMANCE:
            for_jax = (effect.framework == "jax") == (effect.direction == "for")
            total += STRENGTH[effect.strength] * (1.0 if for_jax else -1.0)
    return total


def _measured(judgement: Judgement, rule: Rule) -> tuple[str, Ratio, float] | None:
    """The measurement of the quantity that *rule* is about: where, what, how transferable."""
    speed = judgement.speed
    if speed is None or rule.about is None:
        return None
    if rule.about == "speed":
        names = " and ".join(w.workload for w in speed.workloads)
        return (names, speed.speedup, speed.transfer_sd) if speed.coverage > 0 else None
    workload = rule.about.removeprefix("speed.")
    for part in speed.workloads:
        if part.workload == workload:
            return workload, part.speedup, 0.0
    cells = [c for c in judgement.situation.measured.cells if c.workload == workload]
    if not cells:
        return None
    mean = math.fsum(c.speedup.log2 for c in cells) / len(cells)
    se = math.sqrt(math.fsum(c.speedup.se**2 for c in cells)) / len(cells)
    return workload, Ratio(mean, se), 0.0


def _disagree(believed: float, seen: Ratio, transfer_sd: float) -> bool:
    towards = seen.log2 if believed > 0 else -seen.log2
    if towards + _Z95 * seen.se < 0:
        return True
    return abs(seen.log2 - believed) > 2.0 * math.sqrt(PRIOR_SD**2 + seen.se**2 + transfer_sd**2)
