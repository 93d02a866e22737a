"""What would change a decision, as a person would say it: a condition, and what would follow.

Knows the vocabulary's phrases and the keys of a change. It must not know how a flip was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.answers import ranks_of
from advisor.decision import Decision, Flip
from advisor.knowledge.model import Fact, RuleBase
from advisor.knowledge.package_rules import VETO as NEED
from advisor.knowledge.phrases import supposition
from advisor.pair import FRAMEWORKS
from advisor.render.value_words import fact_title, label_of, number_text, value_text
from advisor.render.wording import (
    inline,
    listed,
    name_of,
    ordered,
    say,
)

SPEED = "measured.jax_speedup"
WEIGHT = "weight."
DATE = "today"
LIFT = "lift"
_PLACE = re.compile(r"\{(?:value|number)\}")
"""What may be filled in a phrase of the rule base: foreign data, so nothing is formatted by it."""


def flip_sentence(condition: str, outcome: str) -> str:
    """``If you had to use diffrax, JAX would be recommended``."""
    return say("decision.flip.sentence", condition=condition, outcome=outcome)


def condition_of(flip: Flip, decision: Decision, base: RuleBase) -> str:
    """What would have to be so: ``you had to use diffrax``, without its "If"."""
    parts = [
        _condition(key, value, flip.now, decision, base)
        for key, value in sorted(flip.change.items())
    ]
    text = parts[0]
    for part in parts[1:]:
        text = say("decision.flip.both", first=text, second=part)
    return text


def outcome_of(then: str, status: str) -> str:
    """What would follow: ``JAX would be recommended``."""
    framework = then if then in FRAMEWORKS else None
    return say(f"decision.flip.then.{status}", framework=name_of(framework))


def today_of(flip: Flip, base: RuleBase) -> str:
    """What stands there today, of everything that the flip changes."""
    return "; ".join(_today(key, flip.now, base) for key in sorted(flip.change))


def _condition(
    key: str, value: Any, now: Mapping[str, Any], decision: Decision, base: RuleBase
) -> str:
    if key == SPEED:
        return _speed(value, now.get(key))
    if key.startswith(WEIGHT):
        return _weight(key.removeprefix(WEIGHT), value, now.get(key), base)
    if key == DATE:
        return say("decision.flip.date", date=value)
    if key == LIFT:
        if all(rule.startswith(NEED) for rule in value):
            needless = [rule.removeprefix(NEED) for rule in value]
            return say("decision.flip.needless", packages=listed(needless))
        titles = {veto.rule: veto.title for veto in decision.vetoes}
        lifted = [say("decision.flip.quoted", title=titles.get(r) or r) for r in value]
        return say("decision.flip.lifted", vetoes=listed(lifted))
    return _answer(key, value, now.get(key), base)


def _speed(ratio: float, measured: float | None) -> str:
    winner, loser, _ = ordered(ratio)
    times = ratio if ratio >= 1 else 1 / ratio
    if measured is None:
        speed = say("decision.flip.speed", winner=winner, ratio=times)
        return say("decision.flip.speed_not_measured", speed=speed)
    if (measured >= 1) != (ratio >= 1):
        speed = say("decision.flip.speed", winner=winner, ratio=times)
        other = measured if measured >= 1 else 1 / measured
        return say("decision.flip.speed_measured_other", speed=speed, framework=loser, ratio=other)
    seen = measured if ratio >= 1 else 1 / measured
    key = "decision.flip.speed" if times >= seen else "decision.flip.only_speed"
    return say(
        "decision.flip.speed_measured", speed=say(key, winner=winner, ratio=times), ratio=seen
    )


def _weight(criterion: str, share: float, now: float | None, base: RuleBase) -> str:
    title = criterion_title(base, criterion)
    if now is None:
        return say("decision.flip.weight", criterion=title, share=share)
    return say("decision.flip.weight_instead", criterion=title, share=share, now=now)


def criterion_title(base: RuleBase, criterion: str) -> str:
    """``Long-term risk`` for ``risk``."""
    info = base.criteria.get(criterion)
    return info.title if info else criterion


def _answer(key: str, value: Any, now: Any, base: RuleBase) -> str:
    fact = base.facts.get(key)
    if fact is not None and fact.kind == "ranking" and isinstance(value, (list, tuple)):
        return _first_rank(fact, [str(word) for word in value])
    if isinstance(value, (list, tuple)):
        return _list(fact, key, value, now if isinstance(now, (list, tuple)) else (), base)
    phrase = supposition(fact, value)
    if phrase is None:
        return _plain(key, value, base)
    return _filled(phrase, value_text(base, key, value), value)


def _filled(phrase: str, text: str, value: Any) -> str:
    number = number_text(value) if isinstance(value, (int, float)) else text
    filled = {"{value}": text, "{number}": number}
    return _PLACE.sub(lambda place: filled[place[0]], phrase)


def _plain(key: str, value: Any, base: RuleBase) -> str:
    title, shown = fact_title(base, key), value_text(base, key, value)
    return say("decision.flip.changed", title=title, value=shown)


def _first_rank(fact: Fact, ranking: Sequence[str]) -> str:
    """Who would come first; a tie reads as one."""
    first = ranks_of(ranking)[0] if ranking else ()
    phrase = supposition(fact, first[0]) if len(first) == 1 else None
    if phrase is not None:
        return _filled(phrase, label_of(fact, first[0]), first[0])
    if not first:
        return say("decision.flip.no_priorities")
    key = "decision.flip.first" if len(first) == 1 else "decision.flip.tie"
    return say(key, labels=listed([inline(label_of(fact, word)) for word in first]))


def _list(
    fact: Fact | None, key: str, value: Sequence[Any], now: Sequence[Any], base: RuleBase
) -> str:
    """What was put into a list and taken out of it."""
    changed = [("added", w) for w in value if w not in now]
    changed += [("removed", w) for w in now if w not in value]
    phrases = [
        _filled(phrase, label_of(fact, word), word)
        for kind, word in changed
        if (phrase := supposition(fact, word, kind=kind)) is not None
    ]
    if len(phrases) != len(changed) or not phrases:
        return _plain(key, list(value), base)
    return listed(phrases)


def _today(key: str, now: Mapping[str, Any], base: RuleBase) -> str:
    value = now.get(key)
    if key in (DATE, LIFT):
        return say("decision.flip.now.none") if value is None else str(value)
    if value is None:
        return say("decision.flip.now.not_measured" if key == SPEED else "decision.flip.now.open")
    if key == SPEED:
        winner, _, times = ordered(float(value))
        return say("decision.flip.now.speed", winner=winner, ratio=times)
    if key.startswith(WEIGHT):
        return say("decision.flip.now.weight", share=value)
    return value_text(base, key, value)


def joined(flips: Sequence[Flip]) -> Iterator[tuple[Flip, ...]]:
    """Flips of one answer with one outcome together, in the order of their first."""
    groups: dict[tuple[str, ...], list[Flip]] = {}
    for place, flip in enumerate(flips):
        keys = tuple(flip.change)
        single = len(keys) == 1 and not keys[0].startswith((SPEED, WEIGHT))
        group = (keys[0], flip.then, flip.then_status) if single else (str(place),)
        groups.setdefault(group, []).append(flip)
    yield from (tuple(group) for group in groups.values())
