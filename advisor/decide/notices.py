"""What a reader must know beside the verdict: what is weak or missing, disagreements, triggers.

Notices about how the decision was made; measurements that disagree with claims about the same
quantity; the dates, numbers and events that should reopen it. It must not know any wording.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.decide.claims import is_speed
from advisor.decide.elsewhere import Elsewhere
from advisor.decide.flips import SPEEDS, expiry_days
from advisor.decide.judging import Judgement, explanation_in
from advisor.decide.valuation import PERFORMANCE, PRIOR_SD
from advisor.decide.works import Speed
from advisor.decision import (
    Contradiction,
    DecisionNotice,
    DecisionReason,
    Flip,
    MachinePart,
    Revisit,
    Severity,
    TargetPart,
)
from advisor.knowledge.conflicts import Clash, clashes_in
from advisor.knowledge.model import NEVER, STRENGTH, Rule
from advisor.knowledge.package_rules import FACT, VETO, WISH, names_in_rules
from advisor.knowledge.packages import resolve
from advisor.pair import FRAMEWORKS, sign_of
from advisor.ratio import Ratio, mean
from advisor.reading.machines import kind_of, machines_of
from advisor.text import inert

DECISIVE = 5
"""How many of the weightiest reasons a decision is said to rest on."""


def notices_of(
    now: Judgement,
    flips: Sequence[Flip],
    targets: Sequence[TargetPart] = (),
    machines: Sequence[MachinePart] = (),
) -> list[DecisionNotice]:
    """The notices, in a fixed order."""
    return [
        *(_notice(f"insufficient-{why}", "warning") for why in now.why_insufficient),
        *_conflicts(now),
        *_targets(targets),
        *_machines(machines),
        *_vetoes(now),
        *_speed(now),
        *_steadfast(now, flips),
        *_packages(now),
    ]


def _notice(
    name: str, severity: Severity, *, rules: Sequence[str] = (), **values: Any
) -> DecisionNotice:
    return DecisionNotice(id=name, severity=severity, values=values, rules=list(rules))


def _conflicts(now: Judgement) -> list[DecisionNotice]:
    """Answers that do not fit together, each with what does not count for it."""
    situation = now.situation
    every = {**situation.detected, **situation.values}
    clashes = clashes_in(situation.base, every)
    return [clash_notice(clash, situation.values) for clash in clashes]


def clash_notice(clash: Clash, answers: Mapping[str, Any]) -> DecisionNotice:
    """The notice of *clash* among *answers*."""
    if not clash.says:
        return _notice(clash.id, "warning", **clash.values)
    ignored = [fact for fact in clash.ignore if fact in answers]
    values = {"conflict": clash.id, "says": clash.says, "ignored": ignored}
    return _notice(f"answers-{clash.kind}", "warning", **values)


def _targets(targets: Sequence[TargetPart]) -> list[DecisionNotice]:
    """Where one framework is ahead in some of several places, and the other in others."""
    sides = {
        framework: [t.target for t in targets if t.leader == framework] for framework in FRAMEWORKS
    }
    if not all(sides.values()):
        return []
    return [_notice("targets-pull-apart", "warning", **sides)]


def _machines(machines: Sequence[MachinePart]) -> list[DecisionNotice]:
    """Where one framework is clearly faster on some kinds of machine, and the other on others."""
    sides = {
        framework: [m.kind for m in machines if not m.open and _faster(m) == framework]
        for framework in FRAMEWORKS
    }
    if not all(sides.values()):
        return []
    return [_notice("machines-pull-apart", "warning", **sides)]


def _faster(machine: MachinePart) -> str:
    low, high = machine.ci or (1.0, 1.0)
    return "jax" if low > 1 else "pytorch" if high < 1 else ""


def _steadfast(now: Judgement, flips: Sequence[Flip]) -> list[DecisionNotice]:
    """Where no speed whatever would change what is recommended: worth knowing before measuring."""
    moved = any("measured.jax_speedup" in f.change for f in flips)
    if moved or now.framework is None or len(now.feasible) < 2:
        return []
    return [_notice("speed-cannot-flip", "info", most=SPEEDS[-1])]


def _vetoes(now: Judgement) -> list[DecisionNotice]:
    notices = []
    for outcome, state in now.vetoes:
        rule = outcome.rule
        if state == "conditional":
            waits = list(outcome.waits_for)
            notice = _notice(
                "veto-conditional",
                "info",
                rules=[rule.id],
                framework=rule.excludes,
                waits_for=waits,
            )
            notices.append(notice)
        elif state == "expired":
            notice = _notice(
                "veto-expired",
                "warning",
                rules=[rule.id],
                framework=rule.excludes,
                expires=rule.expires,
            )
            notices.append(notice)
    return notices


def _speed(now: Judgement) -> list[DecisionNotice]:
    known = now.elsewhere
    there = [] if known is None else [_elsewhere(known, now)]
    if now.speed is not None:
        return [*there, *_of_speed(now, now.speed)]
    if now.situation.readings.comparisons:
        return [*there, _notice("workloads-only", "warning")]
    if there:
        return there
    if not now.situation.evidence:
        return [_notice("nothing-measured", "info")]
    return [_notice("no-speed-evidence", "warning")]


def _elsewhere(known: Elsewhere, now: Judgement) -> DecisionNotice:
    """That the speed is of another machine: a reader must never take it for this one."""
    if known.work is None:
        titles = [pair.title for pair in known.pairs]
        return _notice("speed-published", "info", models=titles)
    document = now.situation.library[known.work.chosen.source]
    values: dict[str, Any] = {"machine": kind_of(document).shown, "date": document.created[:10]}
    return _notice("speed-from-library", "warning", **values)


def _of_speed(now: Judgement, speed: Speed) -> list[DecisionNotice]:
    notices = []
    sources = {work.source for work in (speed.chosen, *speed.others)}
    machines = machines_of(now.situation.evidence, sources)
    if machines > 1:
        notices.append(_notice("several-machines", "warning", machines=machines))
    if speed.part:
        notices.append(_notice("one-of-several", "warning", device=speed.device))
    elif not speed.matched:
        notices.append(_notice("other-hardware", "warning", device=speed.device))
    if speed.kind == "other":
        notices.append(_notice("other-work", "warning"))
    if speed.depends:
        notices.append(_notice("winner-depends-on-size", "warning"))
    return notices


def _packages(now: Judgement) -> list[DecisionNotice]:
    """Packages that nobody knows, and needs that bind by what was read too long ago."""
    base = now.situation.base
    named = names_in_rules(base)
    wanted = [
        str(name)
        for fact in (FACT, WISH)
        if isinstance(names := now.facts.get(fact), (list, tuple))
        for name in names
    ]
    unknown = [
        _notice("unknown-package", "warning", package=inert(name, limit=100))
        for name in dict.fromkeys(wanted)
        if name not in named and resolve(base.packages, name) is None
    ]
    stale = [
        _notice("need-stale", "warning", rules=[o.rule.id], reviewed=o.rule.reviewed)
        for o, state in now.vetoes
        if state == "active" and o.rule.id.startswith(VETO) and o.expired_days > 0
    ]
    return unknown + stale


def contradictions_of(judgement: Judgement) -> list[Contradiction]:
    """Claims about speed that fire although the measurement says otherwise, by rule id.

    A measurement contradicts a claim where its whole interval lies on the other side of equality,
    or where the two are more than two standard deviations apart.
    """
    contradictions = []
    for outcome in judgement.outcomes:
        rule = outcome.rule
        if rule.kind != "claim" or not outcome.fires or not is_speed(rule.about):
            continue
        measured = _measured(judgement, rule)
        if measured is None:
            continue
        probes, seen, transfer_sd = measured
        believed = believed_by(rule)
        if believed != 0.0 and _disagree(believed, seen, transfer_sd):
            contradictions.append(
                Contradiction(
                    rule=rule.id,
                    probes=probes,
                    believed_log2=round(believed / math.log(2.0), 3),
                    measured_log2=round(seen.log / math.log(2.0), 3),
                )
            )
    return contradictions


def believed_by(rule: Rule) -> float:
    """The logarithm of JAX's speed as against PyTorch's that *rule* claims."""
    units = 0.0
    for effect in rule.effects:
        if effect.criterion == PERFORMANCE:
            direction = 1.0 if effect.direction == "for" else -1.0
            units += direction * sign_of(effect.framework) * STRENGTH[effect.strength]
    return units * math.log(2.0)


def _measured(judgement: Judgement, rule: Rule) -> tuple[list[str], Ratio, float] | None:
    """The measurement of the quantity that *rule* is about: where, what, how transferable."""
    speed = judgement.speed
    if rule.about is None:
        return None
    if rule.about == "speed":
        return None if speed is None else ([speed.name], speed.speedup, speed.transfer_sd)
    workload = rule.about.removeprefix("speed.")
    for part in explanation_in(judgement.situation).workloads:
        if part.workload == workload:
            return [workload], part.speedup, 0.0
    called = [c for c in judgement.situation.readings.comparisons if c.workload == workload]
    return ([workload], mean([c.speedup for c in called]), 0.0) if called else None


def _disagree(believed: float, seen: Ratio, transfer_sd: float) -> bool:
    low, high = seen.log_interval()
    if (high if believed > 0 else -low) < 0:
        return True
    prior_sd = PRIOR_SD * math.log(2.0)
    return abs(seen.log - believed) > 2.0 * math.sqrt(prior_sd**2 + seen.se**2 + transfer_sd**2)


def revisit_of(
    now: Judgement, reasons: Sequence[DecisionReason], flips: Sequence[Flip]
) -> list[Revisit]:
    """When to look again: first the dated trigger, then numbers, then what rules watch for."""
    decisive = _decisive(now, reasons)
    return [*_dated(now, decisive), *_numbers(flips), *_watched(now, decisive)]


def _decisive(now: Judgement, reasons: Sequence[DecisionReason]) -> list[str]:
    """Active vetoes and the rules that contribute most."""
    vetoes = [outcome.rule.id for outcome, state in now.vetoes if state == "active"]
    rules = dict.fromkeys(reason.rule for reason in reasons if reason.rule)
    return [*vetoes, *list(rules)[:DECISIVE]]


def _dated(now: Judgement, decisive: Sequence[str]) -> list[Revisit]:
    rules = {o.rule.id: o.rule for o in now.outcomes}
    today = now.situation.today
    dated = sorted((rules[r].expires, r) for r in decisive if today <= rules[r].expires < NEVER)
    if dated:
        day, rule = dated[0]
        return [Revisit(kind="claim_expires", date=day, rule=rule)]
    days = expiry_days(now)
    return [Revisit(kind="claim_expired", date=days[0])] if days else []


def _numbers(flips: Sequence[Flip]) -> list[Revisit]:
    revisits = []
    for flip in flips:
        ratio = flip.change.get("measured.jax_speedup")
        if ratio is not None:
            start = flip.now.get("measured.jax_speedup", 1.0)
            bound = "above" if ratio > start else "below"
            condition = {"fact": "measured.jax_speedup", bound: ratio}
            revisits.append(Revisit(kind="speed", condition=condition))
    return revisits


def _watched(now: Judgement, decisive: Sequence[str]) -> list[Revisit]:
    rules = {o.rule.id: o.rule for o in now.outcomes}
    watched: dict[str, str] = {}
    for rule in decisive:
        if rules[rule].revisit_when:
            watched.setdefault(rules[rule].revisit_when, rule)
    return [Revisit(kind="event", rule=rule) for rule in watched.values()]
