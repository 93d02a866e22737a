"""The decision document: the judgement, why it is so, what would change it, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.decide.alone import costs_of, machines_of_decision, targets_of
from advisor.decide.claims import telling
from advisor.decide.draws import Draws
from advisor.decide.flips import QUICK, flip_to, flips_of, rests_on
from advisor.decide.information import unknowns_of
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decide.notices import DECISIVE, contradictions_of, notices_of, revisit_of
from advisor.decide.performance import performance_in
from advisor.decide.reasons import (
    Explained,
    age_days,
    because_of,
    criteria_of,
    reasons_of,
    sources_of,
)
from advisor.decide.recommendation import recommendation_of, switching_of, tie_break_of
from advisor.decision import (
    Decision,
    Flip,
    Note,
    Option,
    Recommended,
    Replay,
    RuleWaiting,
    ToolInfo,
    Veto,
)
from advisor.inputs import Inputs, answers_sha256, base_sha256, evidence_sha256
from advisor.knowledge.package_rules import FACT as PACKAGES
from advisor.knowledge.package_rules import VETO as PACKAGE_VETO
from advisor.pair import FRAMEWORKS

UNCONFIRMED = frozenset({"default", "detected"})
"""Sources of answers that nobody gave."""


def decide(inputs: Inputs) -> Decision:
    """The decision that *inputs* lead to; the same inputs give the same document.

    Its texts are empty: `advisor.render.decision_words` fills them in.

    Raises:
        Nothing of its own: inputs were validated where they were read.
    """
    draws = Draws(inputs.seed, inputs.samples)
    now = judge(situation_of(inputs), draws)
    explained = Explained(now, inputs.today, inputs.answers.sources)
    reasons = reasons_of(explained)
    quick = draws.head(QUICK)
    targets = targets_of(now, draws)
    machines = machines_of_decision(now, draws)
    costs, unpriced = costs_of(now, inputs.prices)
    flips = [*_lifts(now, draws), *flips_of(now, draws, _unconfirmed(inputs.answers.sources))]
    return Decision(
        tool=ToolInfo(version=inputs.tool_version, rules=inputs.base.version),
        created=inputs.created,
        project=inputs.answers.project,
        status=now.status,
        recommended=_recommended(now),
        leader=now.leader,
        tie_mass=round(now.tie_mass, 3),
        options=_options(now),
        criteria=criteria_of(now),
        reasons=reasons,
        contradictions=contradictions_of(now),
        vetoes=_vetoes(now, draws),
        flips=flips,
        rests_on=rests_on(now, draws, [r.rule for r in reasons[:DECISIVE] if r.rule]),
        unknowns=unknowns_of(judge(now.situation, quick), quick),
        revisit=revisit_of(now, reasons, flips),
        **_rules(now),
        notes=_notes(explained),
        performance=performance_in(now),
        switching=switching_of(now.situation.base, now.facts),
        targets=targets,
        machines=machines,
        costs=costs,
        notices=[*notices_of(now, flips, targets, machines), *unpriced],
        replay=Replay(
            answers_sha256=answers_sha256(inputs.answers),
            evidence_sha256=[evidence_sha256(e) for e in inputs.evidence],
            library_sha256=[evidence_sha256(e) for e in inputs.library],
            rules_sha256=base_sha256(inputs),
            seed=inputs.seed,
            samples=inputs.samples,
            tool_version=inputs.tool_version,
            today=inputs.today,
        ),
    )


def outcome(inputs: Inputs) -> tuple[str, str | None]:
    """Status and framework of `decide`, and nothing else: what explains a decision costs most."""
    now = judge(situation_of(inputs), Draws(inputs.seed, inputs.samples))
    return now.status, _recommended(now).framework


def _unconfirmed(sources: Mapping[str, str]) -> list[str]:
    return [key for key, source in sources.items() if source in UNCONFIRMED]


def _recommended(now: Judgement) -> Recommended:
    if now.framework is not None:
        return recommendation_of(now, now.framework)
    return tie_break_of(now) if now.status == "no_clear_winner" else Recommended()


def _options(now: Judgement) -> list[Option]:
    return [
        Option(
            framework=framework,
            feasible=framework in now.feasible,
            conditional=any(
                state == "conditional" and o.rule.excludes == framework for o, state in now.vetoes
            ),
            vetoes=[
                o.rule.id
                for o, state in now.vetoes
                if state == "active" and o.rule.excludes == framework
            ],
            p_first=round(now.p_first[framework], 3),
            p_clear=round(now.p_clear[framework], 3),
            utility=round(now.sample.mean_utility(framework), 3),
        )
        for framework in FRAMEWORKS
    ]


def _vetoes(now: Judgement, draws: Draws) -> list[Veto]:
    vetoes = []
    prices = _prices(now, draws)
    for outcome, state in now.vetoes:
        rule = outcome.rule
        cited = sources_of(rule, now.situation.base)
        vetoes.append(
            Veto.model_validate(
                {
                    "rule": rule.id,
                    "framework": rule.excludes,
                    "title": rule.title,
                    "price": prices.get(rule.excludes or "") if state == "active" else None,
                    "left": now.feasible[0] if now.feasible else None,
                    "lifts": rule.lifts,
                    "status": state,
                    "waits_for": list(outcome.waits_for),
                    "source": cited[0] if cited else None,
                }
            )
        )
    return vetoes


def _prices(now: Judgement, draws: Draws) -> dict[str, float]:
    """Expected utility given up, at least 0, because a framework is ruled out.

    Without the needs that bind: what needing a package is worth is the team's to say.
    """
    barred = {o.rule.excludes or "" for o, state in now.vetoes if state == "active"}
    needs = any(o.rule.id.startswith(PACKAGE_VETO) for o, _ in now.vetoes)
    free = now
    if needs:
        values = {k: v for k, v in now.situation.values.items() if k != PACKAGES}
        free = judge(replace(now.situation, values={**values, PACKAGES: []}), draws, now)
    worth = {f: free.sample.mean_utility(f) for f in FRAMEWORKS}
    kept = [worth[f] for f in now.feasible] or list(worth.values())
    return {f: round(max(worth[f] - max(kept), 0.0), 3) for f in FRAMEWORKS if f in barred}


def _lifts(now: Judgement, draws: Draws) -> list[Flip]:
    """The smallest sets of vetoes to lift, each judged without them."""
    barred: dict[str, list[str]] = {}
    for outcome, state in now.vetoes:
        if state == "active" and outcome.rule.excludes:
            barred.setdefault(outcome.rule.excludes, []).append(outcome.rule.id)
    if now.status != "no_feasible_option":
        return []
    flips = []
    for framework in sorted(barred, key=lambda f: (len(barred[f]), f)):
        rules = barred[framework]
        then = judge(replace(now.situation, without=frozenset(rules)), draws)
        flips.append(flip_to(then, {"lift": rules}, {}, "own"))
    return flips


def _rules(now: Judgement) -> dict[str, Any]:
    """What became of every rule, by the fields of the document."""
    fired, silent, stale = [], [], []
    waiting = []
    for outcome in now.outcomes:
        rule = outcome.rule
        if outcome.fires:
            fired.append(rule.id)
            if outcome.expired_days > 0:
                stale.append(rule.id)
        elif outcome.truth == "unknown" and not outcome.inapplicable:
            waiting.append(RuleWaiting(rule=rule.id, waits_for=list(outcome.waits_for)))
        else:
            silent.append(rule.id)
    return {
        "rules_fired": fired,
        "rules_silent": silent,
        "rules_unknown": waiting,
        "rules_stale": stale,
    }


def _notes(explained: Explained) -> list[Note]:
    now = explained.judgement
    return [
        Note(
            rule=o.rule.id,
            title=o.rule.title,
            text=o.rule.rationale,
            sources=sources_of(o.rule, now.situation.base),
            because=because_of(o.rule, explained),
            age_days=age_days(o.rule, explained.today),
        )
        for o in now.outcomes
        if o.fires and (o.rule.kind == "note" or (o.rule.kind == "claim" and not telling(o.rule)))
    ]
