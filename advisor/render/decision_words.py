"""The words of a decision, from its parts: every sentence that the record holds.

Pure. Knows the parts of a decision and the rule base's titles. It must not know how anything was
decided, nor how a report is laid out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from advisor.decide.article import bearing_claims
from advisor.decide.deciding import decide
from advisor.decide.status import TIE_ABOVE
from advisor.decision import (
    CirculatingClaim,
    Contradiction,
    Decision,
    DecisionNotice,
    DecisionPart,
    DecisionReason,
    Flip,
    LeftOutPart,
    ModeReason,
    Performance,
    Provenance,
    Recommended,
    Revisit,
    Unknown,
    Veto,
)
from advisor.inputs import Inputs
from advisor.knowledge.article import shipped_article
from advisor.knowledge.model import RuleBase
from advisor.pair import FRAMEWORKS, rival_of
from advisor.ratio import MARGIN
from advisor.reading.works import PREFIX
from advisor.record import Record
from advisor.render.claim_words import circulating
from advisor.render.flip_words import condition_of, flip_sentence, outcome_of
from advisor.render.machine_words import decided_elsewhere, elsewhere_text, machine_text
from advisor.render.value_words import fact_text, fact_title, value_text
from advisor.render.wording import (
    between,
    called,
    clauses,
    faster_first,
    inline,
    interval_text,
    name_of,
    ordered,
    say,
    speed_phrase,
)
from advisor.text import inert

_Part = TypeVar("_Part", bound=DecisionPart)
_FIRST = 3
"""So many open questions are named in the headline of a decision that lacks them."""


def worded_record(inputs: Inputs) -> Record:
    """The decision that *inputs* lead to, in words, with what it was made from."""
    return Record(inputs=inputs, decision=word_decision(decide(inputs), inputs))


def word_decision(decision: Decision, inputs: Inputs) -> Decision:
    """*decision* with every field that holds words filled from its parts.

    Args:
        decision: The parts; words that stand there already are replaced.
        inputs: What it was made from: its rule base has the titles and labels.
    """
    base = inputs.base
    unknowns = [_with(u, text=unknown_text(u, base)) for u in decision.unknowns]
    return _with(
        decision,
        headline=_headline(decision, base),
        confidence_text=_confidence(decision),
        recommended=_recommended(decision, base),
        reasons=[_reason(r, decision.performance, base) for r in decision.reasons],
        contradictions=[
            _with(c, text=contradiction_text(c, base)) for c in decision.contradictions
        ],
        vetoes=[_with(v, price_text=price_text(v)) for v in decision.vetoes],
        flips=[_flip(f, decision, base) for f in decision.flips],
        unknowns=unknowns,
        revisit=[_with(r, when=revisit_text(r, base)) for r in decision.revisit],
        notes=[_with(n, because=[_because(b, base) for b in n.because]) for n in decision.notes],
        notices=[_with(n, text=notice_text(n, base)) for n in decision.notices],
        claims=_claims(inputs),
        performance=_with(
            decision.performance,
            left_out=[_with(x, text=left_out_text(x)) for x in decision.performance.left_out],
        ),
    )


def _claims(inputs: Inputs) -> list[CirculatingClaim]:
    table = shipped_article()
    return circulating(bearing_claims(table, inputs.evidence, inputs.answers.values), table)


def _with(part: _Part, **words: Any) -> _Part:
    return part.model_copy(update=words)


def _headline(decision: Decision, base: RuleBase) -> str:
    """The one sentence that a decision is."""
    recommended = decision.recommended
    chosen = recommended.framework
    if decision.status == "no_clear_winner":
        equal = decision.tie_mass > TIE_ABOVE or decision.leader is None
        text = (
            say("decision.headline.equal")
            if equal
            else say("decision.headline.ahead", leader=name_of(decision.leader))
        )
        if recommended.tie_break is None:
            return text
        return clauses(
            [text, say("decision.headline.tie_break", framework=name_of(recommended.tie_break))]
        )
    if decision.status == "insufficient_evidence":
        first = [_named(u, base) for u in decision.unknowns[:_FIRST]]
        text = say("decision.headline.insufficient_evidence")
        return clauses([text, say("decision.headline.find_out", first=first) if first else ""])
    if decision.status == "no_feasible_option" or chosen is None:
        return say("decision.headline.no_feasible_option")
    return say(
        f"decision.headline.chosen.{decision.status}",
        framework=name_of(chosen),
        other=name_of(rival_of(chosen)),
    )


def _named(unknown: Unknown, base: RuleBase) -> str:
    if unknown.fact:
        return inline(fact_title(base, unknown.fact))
    return say("decision.headline.speed_of", probe=_probe_title(unknown, base))


def _confidence(decision: Decision) -> str:
    """How sure; a share of samples is always called that, never a chance of being right."""
    if decision.leader is None:
        return say("decision.confidence.nothing_compared")
    barred = [o.framework for o in decision.options if not o.feasible]
    if len(barred) == len(FRAMEWORKS) - 1:
        price = next(
            (v for v in decision.vetoes if v.status == "active" and v.framework in barred), None
        )
        text = price_text(price) if price else ""
        return (
            say("decision.confidence.ruled_out", price=text)
            if text
            else say("decision.confidence.only_option")
        )
    clear = next((o.p_clear for o in decision.options if o.framework == decision.leader), None)
    return say(
        "decision.confidence.shares",
        leader=name_of(decision.leader),
        clear=clear or 0.0,
        tie=decision.tie_mass,
    )


def _recommended(decision: Decision, base: RuleBase) -> Recommended:
    recommended = decision.recommended
    return _with(
        recommended,
        mode_reason=_mode_reason(recommended, base),
        tie_break_reason=_tie_break_reason(decision),
    )


def _mode_reason(recommended: Recommended, base: RuleBase) -> str | None:
    why = recommended.mode_because
    return None if why is None else _MODE_REASONS[why.kind](why, base)


def _rule_reason(why: ModeReason, base: RuleBase) -> str:
    return say("decision.mode.rule", title=_title(why.rule, base), rule=why.rule)


def _fastest_reason(why: ModeReason, base: RuleBase) -> str:
    del base
    models = list(why.workloads)
    if why.compile_s is None:
        return say("decision.mode.fastest", workloads=models)
    return say("decision.mode.fastest_compiled", workloads=models, seconds=why.compile_s)


def _jit_reason(why: ModeReason, base: RuleBase) -> str:
    del base
    took = "" if why.compile_s is None else say("decision.mode.took", seconds=why.compile_s)
    return clauses([say("decision.mode.jit"), took, _starts(why)])


def _measured_reason(why: ModeReason, base: RuleBase) -> str:
    del base
    gain = say("decision.mode.gain", gain=why.gain, workloads=why.workloads)
    if not why.worthwhile:
        return say("decision.mode.not_worthwhile", gain=gain)
    return clauses([gain, *_pays(why)])


_MODE_REASONS: Mapping[str, Callable[[ModeReason, RuleBase], str]] = {
    "rule": _rule_reason,
    "fastest": _fastest_reason,
    "jit": _jit_reason,
    "measured": _measured_reason,
    "unmeasured": lambda *_: say("decision.mode.unmeasured"),
}


def _pays(why: ModeReason) -> list[str]:
    """When compiling has paid, and what starting often costs; nothing where that is not known."""
    if why.break_even_steps is None or why.compile_s is None:
        return []
    key = "decision.mode.steps_assumed" if why.steps_assumed else "decision.mode.steps"
    steps = say(key, n=why.steps_per_run or 0)
    after, seconds = why.break_even_steps, why.compile_s
    pays = say("decision.mode.pays", seconds=seconds, after=after, steps=steps)
    return [pays, _starts(why)]


def _starts(why: ModeReason) -> str:
    if why.restarts_per_day is None or why.restarts_per_day <= 1 or why.compile_s is None:
        return ""
    minutes = why.restarts_per_day * why.compile_s / 60
    return say("decision.mode.starts", n=why.restarts_per_day, minutes=minutes)


def _title(rule: str | None, base: RuleBase) -> str:
    return next((r.title for r in base.rules if r.id == rule), rule or "")


def _tie_break_reason(decision: Decision) -> str | None:
    why, chosen = decision.recommended.tie_break_because, decision.recommended.tie_break
    if why is None:
        return None
    first = next((o.p_first for o in decision.options if o.framework == chosen), None)
    return say(f"decision.tie_break.{why}", framework=name_of(chosen), share=first or 0.0)


def _reason(reason: DecisionReason, speed: Performance, base: RuleBase) -> DecisionReason:
    update: dict[str, Any] = {"because": [_because(b, base) for b in reason.because]}
    if reason.rule is None:
        known = decided_elsewhere(speed)
        update["text"] = speed_text(speed) if known is None else elsewhere_text(known)
        if known is not None and reason.source is not None:
            told = say(f"machines.where.tag_{reason.source.kind}")
            update["source"] = _with(reason.source, text=told)
        elif reason.source is not None:
            update["source"] = _with(reason.source, text=say("decision.measured_here"))
    return _with(reason, **update)


def speed_text(speed: Performance) -> str:
    """The measured speed as a reason."""
    if speed.ratio is None or speed.ci is None:
        return say("decision.speed.none")
    work = speed.work
    names = [work.title or work.model] if work else [w.id for w in speed.workloads]
    if speed.winner_open:
        return say("decision.speed.open", speed=between(speed.ci), names=names)
    where = say("decision.speed.where.here")
    if speed.one_of_several:
        where = say("decision.speed.where.one_of_several")
    elif speed.matched_hardware is False:
        where = say("decision.speed.where.other_hardware")
    if work is not None and work.launches == 1:
        where = say("decision.speed.where.one_launch", where=where)
    if not called(speed.ci):
        shown = between(speed.ci)
        return say("decision.speed.uncalled_reason", speed=shown, names=names, where=where)
    return say(
        "decision.speed.reason",
        speed=speed_phrase(speed.ratio),
        interval=interval_text(faster_first(speed.ratio, speed.ci), speed.level),
        names=names,
        where=where,
    )


def _because(origin: Provenance, base: RuleBase) -> Provenance:
    """What a reason rests on: a measured workload, or a fact with its value."""
    value = origin.value
    if isinstance(value, dict) and "ratio" in value:
        ratio, ci = value["ratio"], value.get("ci")
        if ci and not called(ci):
            speed = say("decision.speed.uncalled_part")
        else:
            speed, ci = speed_phrase(ratio), faster_first(ratio, ci) if ci else None
        if "weight" in value:
            text = say("decision.speed.part", speed=speed, ci=ci, weight=value["weight"])
        else:
            text = say("decision.speed.whole", speed=speed, ci=ci)
    elif origin.kind == "rule" or value is None:
        return origin
    else:
        text = fact_text(base, origin.ref, value)
    return _with(origin, text=text)


def contradiction_text(contradiction: Contradiction, base: RuleBase) -> str:
    """What was measured, where, and what the rule says instead."""
    return say(
        "decision.contradiction",
        speed=(
            speed_phrase(2.0**contradiction.measured_log2)
            if abs(contradiction.measured_log2) > math.log2(MARGIN)
            else say("decision.speed.equal")
        ),
        probes=contradiction.probes,
        title=_title(contradiction.rule, base),
    )


def price_text(veto: Veto) -> str:
    """What a veto costs, as a clause; nothing where it rules nothing out."""
    if veto.price is None:
        return ""
    name = name_of(veto.framework)
    if veto.left is None:
        return say("decision.price.worth", framework=name, price=100 * veto.price)
    key = "decision.price.nothing" if veto.price <= 0 else "decision.price.costs"
    return say(key, framework=name, left=name_of(veto.left), price=100 * veto.price)


def _flip(flip: Flip, decision: Decision, base: RuleBase) -> Flip:
    condition = condition_of(flip, decision, base)
    outcome = outcome_of(flip.then, flip.then_status)
    text = flip_sentence(condition, outcome)
    return _with(flip, condition=condition, outcome=outcome, text=text)


def unknown_text(unknown: Unknown, base: RuleBase) -> str:
    """What is not known, and how many rules wait for it."""
    if unknown.fact:
        title = fact_title(base, unknown.fact)
        return say("decision.unknown.fact", title=title, n=unknown.rules_waiting)
    return say("decision.unknown.probe", probe=_probe_title(unknown, base))


def _probe_title(unknown: Unknown, base: RuleBase) -> str:
    """What a probe measures: a model by its title, a workload by its name."""
    probe = unknown.probe or ""
    family = base.families.get(probe.removeprefix(PREFIX)) if probe.startswith(PREFIX) else None
    return say("decision.unknown.model", title=inline(family.title)) if family else probe


def revisit_text(entry: Revisit, base: RuleBase) -> str:
    """When to look again: the day, and what happens then."""
    event = event_text(entry, base)
    if entry.date is None:
        return event
    return say("decision.revisit.dated", date=entry.date, event=event)


def event_text(entry: Revisit, base: RuleBase) -> str:
    """What happens then, without its day."""
    rule = next((r for r in base.rules if r.id == entry.rule), None)
    if entry.kind == "claim_expires":
        return say("decision.revisit.claim_expires", title=_title(entry.rule, base))
    if entry.kind == "claim_expired":
        return say("decision.revisit.claim_expired")
    if entry.kind == "speed":
        condition = entry.condition or {}
        ratio = condition.get("above") or condition.get("below") or 1.0
        faster = "above" if ratio >= 1 else "below"
        key = "decision.revisit.speed" if faster in condition else "decision.revisit.slower"
        times = ratio if ratio >= 1 else 1 / ratio
        return say(key, winner=ordered(ratio)[0], ratio=times)
    return say("decision.revisit.event", event=rule.revisit_when if rule else entry.rule)


def notice_text(notice: DecisionNotice, base: RuleBase) -> str:
    """What a reader must know, from the notice's values and rules."""
    rule = notice.rules[0] if notice.rules else ""
    values = {**_harmless(notice.values), "rule": rule, "title": _title(rule, base)}
    for key in ("waits_for", "ignored"):
        if key in values:
            values[key] = [fact_title(base, fact) for fact in values[key]]
    if "machine" in values:
        values["machine"] = machine_text(values["machine"])
    if notice.id == "targets-pull-apart":
        values |= {f: _places(values[f], base) for f in FRAMEWORKS}
    return say(f"decision.notice.{notice.id}", **values)


def _places(places: list[str], base: RuleBase) -> list[str]:
    return [value_text(base, "deployment", place) for place in places]


def _harmless(values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* with foreign text made inert: names of packages, what a worker reported."""
    return {k: inert(v, limit=300) if isinstance(v, str) else v for k, v in values.items()}


def left_out_text(left: LeftOutPart) -> str:
    """Why something does not count for speed."""
    values = _harmless(left.values)
    because = values.pop("because", None)
    text = say(f"decision.left_out.{left.reason}", **values)
    return say("decision.because", text=text, because=because) if because else text
