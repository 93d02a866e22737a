"""The decision document: the judgement, why it is so, what would change it, and what to do next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from advisor.decide.contradictions import contradictions_of
from advisor.decide.draws import Draws
from advisor.decide.flips import flips_of, rests_on
from advisor.decide.information import unknowns_of
from advisor.decide.judging import FRAMEWORKS, Judgement, judge, situation_of
from advisor.decide.notices import notices_of
from advisor.decide.reasons import (
    Context,
    because_of,
    criteria_of,
    days_between,
    reasons_of,
    sources_of,
)
from advisor.decide.revisiting import revisit_of
from advisor.decide.search import outcome_text
from advisor.decide.recommendation import second_decision
from advisor.decide.speed import document_of
from advisor.decide.status import TIE_ABOVE
from advisor.decide.tiebreak import tie_break
from advisor.decide.words import TITLES, confidence, headline, no_winner
from advisor.decision import (
    Decision,
    Flip,
    Option,
    Recommended,
    Replay,
    ToolInfo,
    Unknown,
    Veto,
)
from advisor.inputs import Inputs, answers_sha256, evidence_sha256, in_order
from advisor.knowledge.serialise import rules_sha256

_DECISIVE = 5
_QUICK = 1000


def decide(inputs: Inputs) -> Decision:
    """The decision that *inputs* lead to; the same inputs give the same document.

    Raises:
        Nothing of its own: inputs were validated where they were read.
    """
    draws = Draws(inputs.seed, inputs.samples)
    now = judge(situation_of(inputs), draws)
    context = Context(now, inputs.today, inputs.answers.sources)
    reasons = reasons_of(context)
    quick = draws.head(_QUICK)
    unknowns = unknowns_of(judge(now.situation, quick), quick)
    flips = [*_lifts(now, draws), *flips_of(now, draws)]
    return Decision(
        tool=ToolInfo(version=inputs.tool_version, rules=inputs.base.version),
        created=inputs.created,
        project=inputs.answers.project,
        status=now.status,
        **_verdict(now, unknowns),
        options=_options(now),
        criteria=criteria_of(now),
        reasons=reasons,
        contradictions=contradictions_of(now),
        vetoes=_vetoes(now),
        flips=flips,
        rests_on=rests_on(now, draws, [r.rule for r in reasons[:_DECISIVE] if r.rule]),
        unknowns=unknowns,
        revisit=revisit_of(now, reasons, flips),
        **_rules(now),
        notes=_notes(context),
        performance=document_of(now.speed, now.situation.measured),
        notices=notices_of(now, flips),
        replay=Replay(
            answers_sha256=answers_sha256(inputs.answers),
            evidence_sha256=[evidence_sha256(e) for e in inputs.evidence],
            rules_sha256=rules_sha256(in_order(inputs.base)),
            seed=inputs.seed,
            samples=inputs.samples,
            tool_version=inputs.tool_version,
            today=inputs.today,
        ),
    )


def _verdict(now: Judgement, unknowns: list[Unknown]) -> dict[str, Any]:
    """What is recommended, the headline, and how sure."""
    tie, reason = (None, None)
    recommended = Recommended()
    if now.framework is not None:
        recommended = second_decision(now, now.framework)
    elif now.status == "no_clear_winner":
        tie, reason = tie_break(now)
        recommended = Recommended.model_validate({"tie_break": tie, "tie_break_reason": reason})
    facts = now.situation.base.facts
    first = [facts[u.fact].title if u.fact else f"the speed of {u.probe}" for u in unknowns[:3]]
    leader = now.leader or ""
    return {
        "recommended": recommended,
        "headline": (
            no_winner(leader, equal=now.tie_mass > TIE_ABOVE, tie_break=tie)
            if now.status == "no_clear_winner"
            else headline(now.status, now.framework, first)
        ),
        "confidence_text": confidence(
            now.leader, now.p_clear.get(leader, 0.0), now.tie_mass, _constraint(now)
        ),
    }


def _constraint(now: Judgement) -> str | None:
    """What the vetoes cost that leave one option only; None where more than one is left."""
    if len(now.feasible) != 1:
        return None
    gone = next(f for f in FRAMEWORKS if f not in now.feasible)
    return _price_text(now, gone, _price(now, gone))


def _options(now: Judgement) -> list[Option]:
    return [
        Option.model_validate(
            {
                "framework": framework,
                "feasible": framework in now.feasible,
                "conditional": any(
                    state == "conditional" and o.rule.excludes == framework
                    for o, state in now.vetoes
                ),
                "vetoes": [
                    o.rule.id
                    for o, state in now.vetoes
                    if state == "active" and o.rule.excludes == framework
                ],
                "p_first": round(now.p_first[framework], 3),
                "p_clear": round(now.p_clear[framework], 3),
                "utility": round(now.sample.mean_utility(framework), 3),
            }
        )
        for framework in FRAMEWORKS
    ]


def _vetoes(now: Judgement) -> list[Veto]:
    found = []
    for outcome, state in now.vetoes:
        rule = outcome.rule
        price = _price(now, rule.excludes or "") if state == "active" else None
        cited = sources_of(rule, now.situation.base)
        found.append(
            Veto.model_validate(
                {
                    "rule": rule.id,
                    "framework": rule.excludes,
                    "title": rule.title,
                    "price": price,
                    "price_text": _price_text(now, rule.excludes or "", price),
                    "lifts": rule.lifts,
                    "status": state,
                    "source": cited[0] if cited else None,
                }
            )
        )
    return found


def _price(now: Judgement, framework: str) -> float:
    """Expected utility that is given up because *framework* is ruled out, at least 0."""
    kept = [now.sample.mean_utility(f) for f in now.feasible]
    return round(max(now.sample.mean_utility(framework) - max(kept, default=0.0), 0.0), 3)


def _price_text(now: Judgement, framework: str, price: float | None) -> str:
    if price is None:
        return ""
    name = TITLES[framework]
    if not now.feasible:
        return f"{name} would be worth {price:.2f} on a scale from 0 to 1"
    left = TITLES[now.feasible[0]]
    if price <= 0:
        return f"costs nothing: {name} would not have been ahead of {left}"
    return f"costs {price:.2f} of utility (scale 0 to 1): {name} would have been ahead of {left}"


def _lifts(now: Judgement, draws: Draws) -> list[Flip]:
    """The smallest sets of vetoes to lift, each judged without them."""
    barred: dict[str, list[str]] = {}
    for outcome, state in now.vetoes:
        if state == "active" and outcome.rule.excludes:
            barred.setdefault(outcome.rule.excludes, []).append(outcome.rule.id)
    if now.status != "no_feasible_option":
        return []
    found = []
    for framework in sorted(barred, key=lambda f: (len(barred[f]), f)):
        rules = barred[framework]
        then = judge(replace(now.situation, without=frozenset(rules)), draws)
        found.append(
            Flip(
                change={"lift": rules},
                then=then.framework or then.status,
                then_status=then.status,
                text=f"If {' and '.join(rules)} were lifted: {outcome_text(then)}",
            )
        )
    return found


def _rules(now: Judgement) -> dict[str, Any]:
    by_truth: dict[str, list[str]] = {"fired": [], "silent": []}
    unknown, stale = [], []
    for outcome in now.outcomes:
        rule = outcome.rule
        if outcome.fires:
            by_truth["fired"].append(rule.id)
            if outcome.expired_days > 0:
                stale.append(rule.id)
        elif outcome.truth == "unknown" and not outcome.inapplicable:
            unknown.append({"rule": rule.id, "waits_for": list(outcome.waits_for)})
        else:
            by_truth["silent"].append(rule.id)
    return {
        "rules_fired": by_truth["fired"],
        "rules_silent": by_truth["silent"],
        "rules_unknown": unknown,
        "rules_stale": stale,
    }


def _notes(context: Context) -> list[dict[str, Any]]:
    now = context.judgement
    return [
        {
            "rule": o.rule.id,
            "title": o.rule.title,
            "text": o.rule.rationale,
            "sources": [s.model_dump(mode="json") for s in sources_of(o.rule, now.situation.base)],
            "because": [b.model_dump(mode="json") for b in because_of(o.rule, context)],
            "age_days": days_between(o.rule.reviewed, context.today),
        }
        for o in now.outcomes
        if o.rule.kind == "note" and o.fires
    ]
