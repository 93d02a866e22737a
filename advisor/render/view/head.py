"""The head of a report: the verdict, how sure it is, and what must be read with it."""

from __future__ import annotations

from dataclasses import replace

from advisor.decision import DecisionNotice, DecisionReason, Veto
from advisor.knowledge.package_rules import VETO as NEED
from advisor.pair import FRAMEWORKS, rival_of
from advisor.render.document import Side, Statement, Tone
from advisor.render.value_words import mode_title
from advisor.render.view.provenance import Provenances, measured_at, unique
from advisor.render.wording import called, inline, name_of, say, sentence

_TOP = 3
_WARNINGS = 3
_OF_MEASURING = ("other-hardware", "one-of-several", "other-work", "no-speed-evidence")
_OF_TIE_BREAK = ("codebase", "team.pytorch", "team.jax")


def side_of(framework: str | None) -> Side:
    """The framework as a side, or none."""
    if framework == "pytorch":
        return "pytorch"
    return "jax" if framework == "jax" else ""


def status_text(status: str) -> str:
    """The status in a few words."""
    return say(f"report.status.{status}")


def verdict_of(origins: Provenances) -> Statement:
    """The headline."""
    decision = origins.decision
    side = side_of(decision.recommended.framework)
    return Statement(sentence(decision.headline), (origins.overall,), side=side, id="verdict")


def chosen_of(origins: Provenances) -> Statement:
    """The choice and its weightiest reasons, as a decision record says it."""
    decision = origins.decision
    chosen = decision.recommended.framework
    lead = say("report.lead.chosen")
    if chosen is None:
        text = say("report.head.none_chosen", headline=inline(decision.headline))
        return Statement(sentence(text), (origins.overall,), lead=lead)
    reasons = _top_reasons(origins)
    listed = "; ".join(r.text.rstrip(".") for r in reasons)
    text = (
        say("report.head.chosen", framework=name_of(chosen), reasons=listed)
        if listed
        else say("report.head.only_one", framework=name_of(chosen))
    )
    tags = unique([origins.overall, *(tag for r in reasons for tag in r.tags)])
    return Statement(sentence(text), tags, lead=lead, side=side_of(chosen))


def confidence_of(origins: Provenances) -> Statement:
    """How sure, in the decision's own words."""
    decision = origins.decision
    text = decision.confidence_text or status_text(decision.status)
    return Statement(sentence(text), (origins.method,))


def lead_of(origins: Provenances) -> tuple[Statement, ...]:
    """The mode or the tie-break, the weightiest reasons, and what must not be missed."""
    return (
        *_mode(origins),
        *_tie_break(origins),
        *_top_reasons(origins),
        *_against(origins),
        *_rests_on(origins),
        *_warnings(origins),
    )


def _mode(origins: Provenances) -> list[Statement]:
    recommended = origins.decision.recommended
    if not recommended.mode:
        return []
    text = mode_title(origins.base, recommended.mode)
    if recommended.mode_reason:
        text = say("report.head.mode", mode=text, reason=recommended.mode_reason)
    why = recommended.mode_because
    measured = [origins.measured(w) for w in (why.workloads if why else ())]
    tags = unique([*measured, *origins.rule(why.rule if why else None)[:1]]) or (origins.method,)
    return [Statement(sentence(text), tags, lead=say("report.lead.mode"))]


def _tie_break(origins: Provenances) -> list[Statement]:
    recommended = origins.decision.recommended
    if not recommended.tie_break:
        return []
    name = name_of(recommended.tie_break)
    reason = recommended.tie_break_reason or say("report.head.default")
    text = say("report.head.tie_break", framework=name, reason=reason)
    keys = [k for k in _OF_TIE_BREAK if k in origins.inputs.answers.values]
    tags = unique([origins.method, *map(origins.answer, keys)])
    side = side_of(recommended.tie_break)
    return [Statement(sentence(text), tags, lead=say("report.lead.tie_break"), side=side)]


def _top_reasons(origins: Provenances) -> list[Statement]:
    """What rules an option out, then the reasons that weigh most: three together.

    For the framework in question, or for both where none is. One without which alone the outcome
    would be another says so.
    """
    barred = _ruled_out(origins)
    chosen = origins.decision.recommended.framework
    left = origins.decision.status != "no_feasible_option"
    room = max(_TOP - len(barred), 0) if left else 0
    return [*barred, *(_reason(origins, r) for r in _top(origins, chosen)[:room])]


def _reason(origins: Provenances, reason: DecisionReason) -> Statement:
    text = reason.text
    if reason.rule in origins.decision.rests_on:
        text = say("report.head.decisive", reason=text.rstrip("."))
    lead = say("report.lead.reason", framework=name_of(reason.favours))
    return Statement(sentence(text), origins.of_reason(reason), lead=lead, side=reason.favours)


def _ruled_out(origins: Provenances) -> list[Statement]:
    """What rules each option out, in one statement per option."""
    statements = []
    for framework in FRAMEWORKS:
        vetoes = [
            v for v in origins.decision.vetoes if v.status == "active" and v.framework == framework
        ]
        if vetoes:
            needs = [v.rule.removeprefix(NEED) for v in vetoes if v.rule.startswith(NEED)]
            titles = [v.title.rstrip(".") for v in vetoes if len(needs) < 2 or not _need(v)]
            if len(needs) > 1:
                named = name_of(rival_of(framework))
                titles.append(say("report.head.needs", packages=needs, framework=named))
            text = sentence("; ".join(titles))
            tags = unique(origins.rule(v.rule)[0] for v in vetoes)
            lead = say("report.lead.veto", framework=name_of(framework))
            statements.append(Statement(text, tags, lead=lead, side=side_of(rival_of(framework))))
    return statements


def _need(veto: Veto) -> bool:
    return veto.rule.startswith(NEED)


def _against(origins: Provenances) -> list[Statement]:
    """The strongest reason for the other framework: who is convinced too soon reads on."""
    decision = origins.decision
    recommended = decision.recommended
    chosen = recommended.framework or recommended.tie_break or decision.leader
    if chosen is None:
        return []
    other = rival_of(chosen)
    lead = say("report.lead.against", framework=name_of(other))
    if recommended.framework is None:
        lead = say("report.lead.reason", framework=name_of(other))
    told = {text_key(r) for r in _top(origins, recommended.framework)}
    spoken = [
        r
        for r in decision.reasons
        if r.favours == other and not _by_need(origins, r) and not _uncalled(origins, r)
    ]
    # A measurement that was called and says otherwise is told before any claim.
    for reason in sorted(spoken, key=lambda r: r.rule is not None)[:1]:
        told_already = text_key(reason) in told
        return [] if told_already else [replace(_reason(origins, reason), lead=lead)]
    text = sentence(say("report.head.nothing_against", framework=name_of(other)))
    return [Statement(text, (origins.method,), lead)]


def _by_need(origins: Provenances, reason: DecisionReason) -> bool:
    """Whether a reason only repeats that a package binds, which a veto says already."""
    bound = any(v.rule.startswith(NEED) and v.status == "active" for v in origins.decision.vetoes)
    return bound and reason.rule is not None and {b.ref for b in reason.because} == {"must_use"}


def _about_people(reason: DecisionReason) -> tuple[str, frozenset[str]] | None:
    """Whom a reason about people favours, and what else it rests on; None for another reason.

    That all know one and none the other is one thing to say, however many rules say it.
    """
    facts = {b.ref for b in reason.because}
    people = {fact for fact in facts if fact.startswith("team.")}
    return (reason.favours, frozenset(facts - people)) if people else None


def _uncalled(origins: Provenances, reason: DecisionReason) -> bool:
    """Whether a reason is a measurement by which neither is called faster: it weighs, no more."""
    ci = origins.decision.performance.ci
    return reason.rule is None and ci is not None and not called(ci)


def text_key(reason: DecisionReason) -> str:
    """What makes two reasons one: the same sentence, whatever it speaks to."""
    return f"{reason.favours}: {reason.text.strip().rstrip('.').casefold()}"


def _top(origins: Provenances, framework: str | None) -> list[DecisionReason]:
    """The weightiest reasons, each once though it speaks to several criteria."""
    top: dict[str, DecisionReason] = {}
    people: set[tuple[str, frozenset[str]] | None] = set()
    rules: set[tuple[str, str]] = set()
    for reason in origins.decision.reasons:
        named = (reason.rule or f"probe {reason.probe}", reason.favours)
        if _by_need(origins, reason) or _uncalled(origins, reason):
            continue
        if framework in (None, reason.favours) and named not in rules:
            rules.add(named)
            about = _about_people(reason)
            if about is not None and about in people:
                continue
            people.add(about)
            top.setdefault(text_key(reason), reason)
    return list(top.values())[:_TOP]


def _rests_on(origins: Provenances) -> list[Statement]:
    """What alone carries the outcome and was not told among the reasons, in one statement."""
    shown = {s.text for s in (*_top_reasons(origins), *_against(origins))}
    needs = {r.rule for r in origins.decision.reasons if _by_need(origins, r)}
    titles: dict[str, str] = {}
    for name in origins.decision.rests_on:
        title = (rule.title if (rule := origins.rules.get(name)) else name).rstrip(".")
        told = sentence(say("report.head.decisive", reason=title)) in shown
        if name not in needs and not told:
            titles[name] = title
    if not titles:
        return []
    message = "report.head.rests_on" if len(titles) == 1 else "report.head.rests_on_each"
    tags = unique(tag for name in titles for tag in origins.rule(name)) or (origins.method,)
    lead = say("report.lead.rests_on")
    text = sentence(say(message, title="; ".join(titles.values())))
    return [Statement(text, tags, lead=lead, tone="warning")]


def _warnings(origins: Provenances) -> list[Statement]:
    return _all_warnings(origins)[:_WARNINGS]


def spare_warnings(origins: Provenances) -> tuple[Statement, ...]:
    """The warnings that the head has no room for."""
    return tuple(_all_warnings(origins)[_WARNINGS:])


def _all_warnings(origins: Provenances) -> list[Statement]:
    notices = [n for n in origins.decision.notices if n.severity != "info"]
    return [notice_statement(origins, notice) for notice in notices]


def notice_statement(origins: Provenances, notice: DecisionNotice) -> Statement:
    """A notice of the decision as a statement."""
    tags = unique(tag for rule in notice.rules for tag in origins.rule(rule))
    if not tags and notice.id == "unknown-package" and "must_use" in origins.inputs.answers.values:
        tags = (origins.answer("must_use"),)
    if not tags and notice.id in _OF_MEASURING:
        tags = (measured_at("measured"),)
    tone: Tone = "warning" if notice.severity != "info" else "neutral"
    lead = say("report.lead.note")
    return Statement(sentence(notice.text), tags or (origins.method,), lead=lead, tone=tone)


PLACES = ("use_pytorch", "lean_pytorch", "neither", "lean_jax", "use_jax")
"""Where an outcome can stand, from PyTorch to JAX."""


def place_of(status: str, framework: str | None) -> int:
    """Where an outcome stands in `PLACES`; what recommends neither stands in the middle."""
    if framework not in FRAMEWORKS or status not in ("recommend", "forced", "lean"):
        return PLACES.index("neither")
    steps = 1 if status == "lean" else 2
    return 2 - steps if framework == "pytorch" else 2 + steps


def place_text(place: int) -> str:
    """``lean to JAX``."""
    return say(f"report.place.{PLACES[place]}")
