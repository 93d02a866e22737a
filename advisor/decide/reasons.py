"""Why: what each rule and each measurement contributes, with the chain back to its origin.

Contributions follow the straight path from "no evidence" to all of it (integrated gradients along
the line, which for a logistic of a sum is the chord's slope times the summand), so that they add
up per framework and criterion and none depends on an order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.decide.elsewhere import Elsewhere
from advisor.decide.judging import Judgement, explanation_in
from advisor.decide.performance import numbers_of
from advisor.decide.valuation import PERFORMANCE, believed_speed, is_speed_of_jax
from advisor.decide.waiting import mentions
from advisor.decision import CRITERIA, Criterion, DecisionReason, Provenance
from advisor.knowledge.evaluate import days_between
from advisor.knowledge.model import STRENGTH, Rule, RuleBase
from advisor.pair import FRAMEWORKS, sign_of
from advisor.ratio import Ratio

JUDGEMENT = "modelling-judgement"
SMALLEST = 0.0005


def criteria_of(judgement: Judgement) -> list[Criterion]:
    """Each criterion with its mean weight and values; contributions above 0 favour JAX."""
    criteria = []
    sample = judgement.sample
    for criterion in CRITERIA:
        weight = sample.weights[criterion]
        pytorch, jax = (sample.values[f, criterion] for f in FRAMEWORKS)
        known = sample.speed.share_measured if criterion == PERFORMANCE else 0.0
        measured = known if judgement.elsewhere is None else 0.0
        rules = sorted(
            {
                m.rule
                for i in judgement.items
                if i.criterion == criterion and not (i.speed and measured == 1.0)
                for m in i.members
            }
        )
        criteria.append(
            Criterion(
                id=criterion,
                weight=round(float(weight.mean()), 3),
                pytorch=round(float(pytorch.mean()), 3),
                jax=round(float(jax.mean()), 3),
                contribution=round(float((weight * (jax - pytorch)).mean()), 4),
                from_=_origin(judgement, criterion, rules),
                measured=round(measured, 3) if measured > 0 else None,
                rules=rules,
            )
        )
    return criteria


def _origin(judgement: Judgement, criterion: str, rules: Sequence[str]) -> Any:
    if criterion == PERFORMANCE and judgement.sample.speed.share_measured > 0:
        # What others measured is read like a rule: dated, with a source, and not seen here.
        return "measured" if judgement.elsewhere is None else "rules"
    if not rules:
        return "none"
    by_id = {o.rule.id: o.rule for o in judgement.outcomes}
    judged = all(set(by_id[r].sources) <= {JUDGEMENT} for r in rules)
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
    amounts: dict[tuple[str, str], float] = {}

    def add(rule: str, criterion: str, amount: float) -> None:
        amounts[rule, criterion] = amounts.get((rule, criterion), 0.0) + amount

    speed = judgement.sample.speed
    for place, parts in judgement.sample.parts.items():
        framework, criterion = place
        weight = float(judgement.sample.weights[criterion].mean())
        total = math.fsum(i.mean for i in parts)
        slope = weight * slope_of(total + (speed.mean if is_speed_of_jax(place) else 0.0))
        for item in parts:
            add(item.rule, criterion, sign_of(framework) * slope * item.mean)
        if is_speed_of_jax(place):
            believed = 1.0 - speed.share_measured
            for item in judgement.items:
                if item.speed:
                    amount = slope * believed * sign_of(item.framework) * item.mean
                    add(item.rule, criterion, amount)
            add("", criterion, slope * (speed.mean - believed * believed_speed(judgement.items)))
    return {k: amounts[k] for k in sorted(amounts)}


@dataclass(frozen=True)
class Explained:
    """What explanations are made from: the judgement, the date, and where each answer came from."""

    judgement: Judgement
    today: str
    sources: Mapping[str, str]


def reasons_of(explained: Explained) -> list[DecisionReason]:
    """The reasons, weightiest first; what makes no visible difference is left out.

    A rule that speaks to several criteria is one reason: it stands where the sum of them belongs.
    """
    judgement = explained.judgement
    strengths = {m.rule: m.strength for i in judgement.items for m in i.members}
    reasons = []
    for (rule, criterion), amount in contributions_of(judgement).items():
        if abs(amount) < SMALLEST or (not rule and _says_nothing(judgement.elsewhere)):
            continue
        reason = _rule_reason(explained, rule) if rule else _speed_reason(judgement)
        reasons.append(
            reason.model_copy(
                update={
                    "favours": "jax" if amount > 0 else "pytorch",
                    "criterion": criterion,
                    "contribution": round(abs(amount), 4),
                    "strength": _WORD.get(strengths.get(rule, 0.0)),
                }
            )
        )
    weights = _weights(reasons)
    return sorted(
        reasons,
        key=lambda r: (-weights[_named(r)], r.rule or "", -r.contribution, r.criterion),
    )


def _named(reason: DecisionReason) -> tuple[str, str]:
    return reason.rule or "", reason.favours


def _weights(reasons: Sequence[DecisionReason]) -> dict[tuple[str, str], float]:
    """What each rule adds up to over the criteria, for each framework that it favours."""
    weights: dict[tuple[str, str], list[float]] = {}
    for reason in reasons:
        weights.setdefault(_named(reason), []).append(reason.contribution)
    return {name: math.fsum(amounts) for name, amounts in weights.items()}


_WORD = {units: word for word, units in STRENGTH.items()}
_DRAFT: dict[str, Any] = {"favours": "jax", "criterion": PERFORMANCE, "contribution": 0.0}


def _rule_reason(explained: Explained, rule_id: str) -> DecisionReason:
    rule = next(o.rule for o in explained.judgement.outcomes if o.rule.id == rule_id)
    cited = sources_of(rule, explained.judgement.situation.base)
    return DecisionReason(
        rule=rule.id,
        text=rule.title,
        source=cited[0] if cited else None,
        sources=cited,
        age_days=age_days(rule, explained.today),
        because=because_of(rule, explained),
        **_DRAFT,
    )


def _says_nothing(known: Elsewhere | None) -> bool:
    """Whether a speed of another machine may as well be the other way round on this one.

    It moves the decision by what it is worth; a reader is not given it as a reason.
    """
    if known is None:
        return False
    error = math.hypot(known.speedup.se, known.transfer_sd)
    low, high = Ratio(known.speedup.log, error).log_interval()
    return low < 0.0 < high


def _speed_reason(judgement: Judgement) -> DecisionReason:
    speed = judgement.speed
    known = judgement.elsewhere
    if known is not None:
        return DecisionReason(
            probe=known.name,
            source=Provenance(kind=known.step, ref=known.name),
            because=[Provenance(kind=known.step, ref=known.name, value=numbers_of(known.speedup))],
            **_DRAFT,
        )
    assert speed is not None, "only a measurement contributes without a rule"
    measured: list[tuple[str, Ratio, dict[str, float]]] = [(speed.name, speed.speedup, {})]
    measured += [
        (w.workload, w.speedup, {"weight": round(w.weight, 4)})
        for w in explanation_in(judgement.situation).workloads
    ]
    return DecisionReason(
        probe=speed.name,
        source=Provenance(kind="measured", ref=speed.name),
        because=[
            Provenance(
                kind="measured",
                ref=name,
                value={**numbers_of(speedup), **more},
            )
            for name, speedup, more in measured
        ],
        **_DRAFT,
    )


def sources_of(rule: Rule, base: RuleBase) -> list[Provenance]:
    """The sources of *rule*, as provenance."""
    cited = []
    for name in rule.sources:
        source = base.sources.get(name)
        cited.append(
            Provenance(
                kind="rule",
                ref=name,
                text=source.title if source else name,
                url=(source.url or None) if source else None,
                date=(source.published or source.retrieved) if source else rule.asserted,
            )
        )
    return cited


def because_of(rule: Rule, explained: Explained) -> list[Provenance]:
    """The known facts that *rule* rests on, each with where it comes from."""
    facts = explained.judgement.facts
    return [
        Provenance(
            kind=_kind_of(fact, explained.sources),
            ref=fact,
            value=facts[fact],
        )
        for fact in sorted(mentions(rule.when) & facts.keys())
    ]


def _kind_of(fact: str, sources: Mapping[str, str]) -> Any:
    if fact.startswith("measured."):
        return "measured"
    if fact.startswith(("detected.", "installed.")) or sources.get(fact) == "detected":
        return "detected"
    return "default" if sources.get(fact) == "default" else "answer"


def age_days(rule: Rule, today: str) -> int:
    """Days since *rule* was reviewed, at least 0."""
    return max(days_between(rule.reviewed, today), 0)
