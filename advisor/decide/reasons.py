"""Why: what each rule and each measurement contributes, with the chain back to its origin.

Contributions follow the straight path from "no evidence" to all of it (integrated gradients along
the line, which for a logistic of a sum is the chord's slope times the summand), so that they add
up per framework and criterion and none depends on an order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from advisor.decide.judging import FRAMEWORKS, Judgement
from advisor.decide.model import PERFORMANCE
from advisor.decide.waiting import mentions
from advisor.decide.words import fact_text, speed_text
from advisor.decision import (
    CRITERIA,
    Criterion,
    DecisionReason,
    Provenance,
)
from advisor.knowledge.model import Rule, RuleBase

JUDGEMENT = "modelling-judgement"
SMALLEST = 0.0005


def criteria_of(judgement: Judgement) -> list[Criterion]:
    """Each criterion with its mean weight and values; contributions above 0 favour JAX."""
    found = []
    sample = judgement.sample
    for criterion in CRITERIA:
        weight = sample.weights[criterion]
        pytorch, jax = (sample.values[f, criterion] for f in FRAMEWORKS)
        rules = sorted(
            {m.rule for i in judgement.items if i.criterion == criterion for m in i.members}
        )
        found.append(
            Criterion(
                id=criterion,
                weight=round(float(weight.mean()), 3),
                pytorch=round(float(pytorch.mean()), 3),
                jax=round(float(jax.mean()), 3),
                contribution=round(float((weight * (jax - pytorch)).mean()), 4),
                from_=_origin(judgement, criterion, rules),
                rules=rules,
            )
        )
    return found


def _origin(judgement: Judgement, criterion: str, rules: Sequence[str]) -> Any:
    if criterion == PERFORMANCE and any(
        fused.share_measured > 0 for fused in judgement.sample.fused.values()
    ):
        return "measured"
    if not rules:
        return "none"
    told = {o.rule.id: o.rule for o in judgement.outcomes}
    judged = all(set(told[r].sources) <= {JUDGEMENT} for r in rules)
    return "answers" if judged else "rules"


def slope_of(total: float) -> float:
    """(logistic(total) - 1/2) / total: what one unit of evidence is worth on the value scale."""
    if abs(total) < 1e-6:
        return 0.25
    return (1.0 / (1.0 + math.exp(-total)) - 0.5) / total


def contributions_of(judgement: Judgement) -> dict[tuple[str, str], float]:
    """By (rule, criterion): what it adds to the expected utility of JAX minus that of PyTorch.

    The measurement stands under the rule ``""``.
    """
    found: dict[tuple[str, str], float] = {}

    def add(rule: str, criterion: str, amount: float) -> None:
        found[rule, criterion] = found.get((rule, criterion), 0.0) + amount

    fused = judgement.sample.fused.get("jax")
    for framework in FRAMEWORKS:
        side = 1.0 if framework == "jax" else -1.0
        for criterion in CRITERIA:
            weight = float(judgement.sample.weights[criterion].mean())
            parts = judgement.sample.parts[framework, criterion]
            total = math.fsum(i.mean for i in parts)
            fast = criterion == PERFORMANCE and framework == "jax" and fused is not None
            slope = weight * slope_of(total + (fused.mean if fast and fused else 0.0))
            for item in parts:
                add(item.rule, criterion, side * slope * item.mean)
            if fast and fused:
                believed = 1.0 - fused.share_measured
                for item in judgement.items:
                    if item.speed:
                        sign = 1.0 if item.framework == "jax" else -1.0
                        add(item.rule, criterion, slope * believed * sign * item.mean)
                told = fused.mean - believed * _believed(judgement)
                add("", criterion, slope * told)
    return {k: found[k] for k in sorted(found)}


def _believed(judgement: Judgement) -> float:
    return math.fsum(
        (1.0 if i.framework == "jax" else -1.0) * i.mean for i in judgement.items if i.speed
    )


@dataclass(frozen=True)
class Context:
    """What explanations are told with: the judgement, the date, and where each answer came from."""

    judgement: Judgement
    today: str
    sources: Mapping[str, str]


def reasons_of(context: Context) -> list[DecisionReason]:
    """The reasons, largest first; what makes no visible difference is left out."""
    judgement = context.judgement
    strengths = {m.rule: m.strength for i in judgement.items for m in i.members}
    found = []
    for (rule, criterion), amount in contributions_of(judgement).items():
        if abs(amount) < SMALLEST:
            continue
        reason = _rule_reason(context, rule) if rule else _speed_reason(judgement)
        found.append(
            reason.model_copy(
                update={
                    "favours": "jax" if amount > 0 else "pytorch",
                    "criterion": criterion,
                    "contribution": round(abs(amount), 4),
                    "strength": _WORD.get(strengths.get(rule, 0.0)),
                }
            )
        )
    return sorted(found, key=lambda r: (-r.contribution, r.rule or "", r.criterion))


_WORD = {0.5: "weak", 1.0: "moderate", 2.0: "strong"}
_DRAFT: dict[str, Any] = {"favours": "jax", "criterion": PERFORMANCE, "contribution": 0.0}


def _rule_reason(context: Context, rule_id: str) -> DecisionReason:
    rule = next(o.rule for o in context.judgement.outcomes if o.rule.id == rule_id)
    cited = sources_of(rule, context.judgement.situation.base)
    return DecisionReason(
        rule=rule.id,
        text=rule.title,
        source=cited[0] if cited else None,
        sources=cited,
        age_days=days_between(rule.reviewed, context.today),
        because=because_of(rule, context),
        **_DRAFT,
    )


def _speed_reason(judgement: Judgement) -> DecisionReason:
    speed = judgement.speed
    assert speed is not None, "only a measurement contributes without a rule"
    heaviest = max(speed.workloads, key=lambda w: (w.weight, w.workload))
    return DecisionReason(
        probe=heaviest.workload,
        text=speed_text(speed),
        source=Provenance(kind="measured", ref=heaviest.workload, text="measured here"),
        because=[
            Provenance(
                kind="measured",
                ref=w.workload,
                text=f"JAX {w.speedup.ratio:.2f} times as fast as PyTorch "
                f"({w.speedup.ci[0]:.2f} to {w.speedup.ci[1]:.2f}), counts {100 * w.weight:.0f} %",
            )
            for w in speed.workloads
        ],
        **_DRAFT,
    )


def sources_of(rule: Rule, base: RuleBase) -> list[Provenance]:
    """The sources of *rule*, as provenance."""
    found = []
    for name in rule.sources:
        source = base.sources.get(name)
        found.append(
            Provenance(
                kind="rule",
                ref=name,
                text=source.title if source else name,
                url=(source.url or None) if source else None,
                date=(source.published or source.retrieved) if source else rule.asserted,
            )
        )
    return found


def because_of(rule: Rule, context: Context) -> list[Provenance]:
    """The known facts that *rule* rests on, each with where it comes from."""
    facts, base = context.judgement.facts, context.judgement.situation.base
    return [
        Provenance(
            kind=_kind_of(fact, context.sources),
            ref=fact,
            text=fact_text(base, fact, facts[fact]),
        )
        for fact in sorted(mentions(rule.when) & facts.keys())
    ]


def _kind_of(fact: str, sources: Mapping[str, str]) -> Any:
    if fact.startswith("measured."):
        return "measured"
    if fact.startswith(("detected.", "installed.")) or sources.get(fact) == "detected":
        return "detected"
    return "default" if sources.get(fact) == "default" else "answer"


def days_between(earlier: str, later: str) -> int | None:
    """Days from one ISO date to another, at least 0; None where either is not a date."""
    try:
        return max((date.fromisoformat(later) - date.fromisoformat(earlier)).days, 0)
    except ValueError:
        return None
