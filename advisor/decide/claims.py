"""From rules that fired to pieces of evidence: one per group, framework, criterion, direction.

Knows strengths, reliabilities and groups. It must not know how values or weights are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from advisor.decide.draws import Draws, Noise
from advisor.knowledge.model import (
    STRENGTH,
    Condition,
    Effect,
    Not,
    OneOf,
    Outcome,
    Rule,
    Within,
)
from advisor.pair import FRAMEWORKS, rival_of

RELIABILITY = {"high": 0.95, "medium": 0.80, "low": 0.60}
"""How often a claim of this kind holds."""

NOISE = 0.3
"""Relative standard deviation of a strength."""


@dataclass(frozen=True, order=True)
class Member:
    """One rule's part in a piece of evidence."""

    strength: float
    reliability: float
    rule: str


@dataclass(frozen=True, order=True)
class Item:
    """One piece of evidence: a group's word on one framework, one criterion, one direction.

    `sign` is +1 (for) or -1 (against). `speed` marks what speaks about a measured quantity, which
    is fused with the measurement instead of being added to it.
    """

    group: str
    framework: str
    criterion: str
    sign: int
    speed: bool
    members: tuple[Member, ...]

    @property
    def rule(self) -> str:
        """The strongest member: the one that is quoted."""
        return min(self.members, key=lambda m: (-m.strength, -m.reliability, m.rule)).rule

    @property
    def mean(self) -> float:
        """Expected signed strength in units."""
        expected, below = 0.0, 0.0
        for strength in sorted({m.strength for m in self.members}):
            at_least = max(m.reliability for m in self.members if m.strength >= strength)
            expected += (strength - below) * at_least
            below = strength
        return self.sign * expected


def items_of(outcomes: Iterable[Outcome]) -> tuple[Item, ...]:
    """The pieces of evidence of the claims that fire, sorted.

    A rule that stands twice counts once; an expired one keeps half of its reliability.
    """
    members: dict[tuple[str, str, str, int, bool], set[Member]] = {}
    speaking = [o for o in outcomes if o.rule.kind == "claim" and o.fires]
    said = {_said(o.rule) for o in speaking if o.expired_days <= 0}
    for outcome in speaking:
        rule = outcome.rule
        if outcome.expired_days <= 0 and _mirrored(_said(rule)) in said:
            # The same holds for the other framework, word for word: neither gains by it.
            continue
        trust = RELIABILITY[rule.reliability] * (0.5 if outcome.expired_days > 0 else 1.0)
        for (framework, criterion), units in telling(rule).items():
            sign = 1 if units > 0 else -1
            speed = criterion == "performance" and is_speed(rule.about)
            key = (rule.group, framework, criterion, sign, speed)
            members.setdefault(key, set()).add(Member(abs(units), trust, rule.id))
    return tuple(Item(*key, tuple(sorted(members[key]))) for key in sorted(members))


_Said = tuple[Condition, tuple[Effect, ...], str]


def _said(rule: Rule) -> _Said:
    return rule.when, rule.effects, rule.reliability


@lru_cache(maxsize=4096)
def _mirrored(said: _Said) -> _Said:
    """What a rule would say that says the same of the other framework."""
    when, effects, reliability = said
    turned = tuple(replace(e, framework=rival_of(e.framework)) for e in effects)
    return _turned(when), turned, reliability


def _turned(condition: Condition) -> Condition:
    """*condition* with the frameworks exchanged, in names of facts and in values."""
    if isinstance(condition, OneOf):
        accepted = tuple(_RIVAL.get(str(v), v) for v in condition.accepted)
        return replace(condition, fact=_turned_fact(condition.fact), accepted=accepted)
    if isinstance(condition, Within):
        return replace(condition, fact=_turned_fact(condition.fact))
    if isinstance(condition, Not):
        return Not(_turned(condition.part))
    return replace(condition, parts=tuple(_turned(part) for part in condition.parts))


_RIVAL: dict[str, str] = {framework: rival_of(framework) for framework in FRAMEWORKS}


def _turned_fact(fact: str) -> str:
    return ".".join(_RIVAL.get(word, word) for word in fact.split("."))


def telling(rule: Rule) -> Mapping[tuple[str, str], float]:
    """What *rule* says that tells the frameworks apart, in signed units, by framework, criterion.

    What it says alike of both on a criterion is no evidence for either: on a bounded scale it
    would lift whoever is behind.
    """
    return _telling(rule.effects)


@lru_cache(maxsize=4096)
def _telling(effects: tuple[Effect, ...]) -> Mapping[tuple[str, str], float]:
    units: dict[str, dict[str, float]] = {}
    for effect in effects:
        sign = 1.0 if effect.direction == "for" else -1.0
        of = units.setdefault(effect.criterion, {})
        of[effect.framework] = of.get(effect.framework, 0.0) + sign * STRENGTH[effect.strength]
    told: dict[tuple[str, str], float] = {}
    for criterion, of in units.items():
        every = [of.get(framework, 0.0) for framework in FRAMEWORKS]
        alike = min(every) if min(every) > 0 else max(every) if max(every) < 0 else 0.0
        told.update(
            ((framework, criterion), own - alike) for framework, own in of.items() if own != alike
        )
    return told


def is_speed(about: str | None) -> bool:
    """Whether a claim speaks about a quantity that a probe measures."""
    return about is not None and (about == "speed" or about.startswith("speed."))


def sampled(item: Item, draws: Draws) -> Noise:
    """The item's signed strength in every sample, shape (n,), in units.

    One group is one piece of evidence: all its items share one draw, in each sample the
    strongest member that holds counts, and what it says is blurred once.
    """
    u, z = draws.of(f"claim|{item.group}")
    first, *more = item.members
    held: Noise = (u < first.reliability) * np.float32(first.strength)
    for member in more:
        np.maximum(held, (u < member.reliability) * np.float32(member.strength), out=held)
    blur = np.float32(NOISE * item.sign) * z
    blur += item.sign
    np.clip(blur, min(0.0, 2.0 * item.sign), max(0.0, 2.0 * item.sign), out=blur)
    held *= blur
    return held
