"""When to look at a decision again: dates, numbers, and what each decisive rule itself names."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.decide.flips import expiry_days
from advisor.decide.judging import Judgement
from advisor.decision import DecisionReason, Flip, Revisit

_DECISIVE = 5


def revisit_of(
    now: Judgement, reasons: Sequence[DecisionReason], flips: Sequence[Flip]
) -> list[Revisit]:
    """The triggers: first the dated one, then numbers, then what rules watch for."""
    decisive = _decisive(now, reasons)
    return [*_dated(now, decisive), *_measured(flips), *_watched(now, decisive)]


def _decisive(now: Judgement, reasons: Sequence[DecisionReason]) -> list[str]:
    """Active vetoes and the rules that contribute most."""
    vetoes = [outcome.rule.id for outcome, state in now.vetoes if state == "active"]
    told = [reason.rule for reason in reasons if reason.rule]
    return [*vetoes, *list(dict.fromkeys(told))[:_DECISIVE]]


def _dated(now: Judgement, decisive: Sequence[str]) -> list[Revisit]:
    rules = {o.rule.id: o.rule for o in now.outcomes}
    today = now.situation.today
    dated = sorted((rules[r].expires, r) for r in decisive if rules[r].expires >= today)
    if dated:
        day, rule = dated[0]
        text = f"on {day}: the first decisive claim expires ({rules[rule].title})"
        return [Revisit(when=text, date=day, rule=rule)]
    days = expiry_days(now)
    return [Revisit(when=f"on {days[0]}: a claim has expired", date=days[0])] if days else []


def _measured(flips: Sequence[Flip]) -> list[Revisit]:
    found = []
    for flip in flips:
        ratio = flip.change.get("measured.jax_speedup")
        if ratio is None:
            continue
        faster = ratio >= 1
        name, factor = ("JAX", ratio) if faster else ("PyTorch", 1.0 / ratio)
        condition = {"fact": "measured.jax_speedup", "above" if faster else "below": ratio}
        text = f"when a measurement shows {name} at least {factor:.3g} times as fast"
        found.append(Revisit(when=text, condition=condition))
    return found


def _watched(now: Judgement, decisive: Sequence[str]) -> list[Revisit]:
    rules = {o.rule.id: o.rule for o in now.outcomes}
    watched: dict[str, str] = {}
    for rule in decisive:
        if rules[rule].revisit_when:
            watched.setdefault(rules[rule].revisit_when, rule)
    return [Revisit(when=f"when {text}", rule=rule) for text, rule in watched.items()]
