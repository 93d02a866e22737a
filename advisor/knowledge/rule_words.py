"""Conditions and rules in words, for pages and explanations.

Knows titles and labels of the vocabulary. It must not know any output format.
"""

from __future__ import annotations

from collections.abc import Mapping

from advisor.knowledge.fields import Fault
from advisor.knowledge.model import (
    AllOf,
    AnyOf,
    Condition,
    Effect,
    Fact,
    Not,
    OneOf,
    RuleBase,
    Scalar,
    Within,
)
from advisor.knowledge.vocabulary import FAMILY, fact_for


def condition_words(condition: Condition, facts: Mapping[str, Fact]) -> str:
    """*condition* in words; ``always`` where there is none."""
    if isinstance(condition, AllOf) and not condition.parts:
        return "always"
    return _words(condition, facts, inside=False)


def _words(condition: Condition, facts: Mapping[str, Fact], *, inside: bool) -> str:
    if isinstance(condition, OneOf):
        return _one_of(condition, facts)
    if isinstance(condition, Within):
        return _within(condition, facts)
    if isinstance(condition, Not):
        return f"not ({_words(condition.part, facts, inside=False)})"
    if not condition.parts:
        return "always" if isinstance(condition, AllOf) else "never"
    joint = " or " if isinstance(condition, AnyOf) else " and "
    text = joint.join(_words(part, facts, inside=True) for part in condition.parts)
    return f"({text})" if inside and len(condition.parts) > 1 else text


def _named(name: str, facts: Mapping[str, Fact]) -> tuple[Fact | None, str]:
    try:
        fact = fact_for(facts, name)
    except Fault:
        return None, name
    member = name[len(fact.id) - 1 :] if fact.id.endswith(FAMILY) else ""
    return fact, f"{fact.title} ({member})" if member else fact.title


def _one_of(leaf: OneOf, facts: Mapping[str, Fact]) -> str:
    fact, title = _named(leaf.fact, facts)
    labels = [value_words(fact, value) for value in leaf.accepted]
    verb = "include" if fact is not None and fact.kind in ("choices", "names") else "is"
    return f"{title} {verb} {' or '.join(labels)}"


def value_words(fact: Fact | None, value: Scalar) -> str:
    """*value* as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return fact.values.get(value, value) if fact is not None else value
    return f"{value:g}"


def _within(leaf: Within, facts: Mapping[str, Fact]) -> str:
    fact, title = _named(leaf.fact, facts)
    unit = f" {fact.unit}" if fact is not None and fact.unit else ""
    if leaf.inclusive:
        return f"{title} is between {leaf.above:g} and {leaf.below:g}{unit}"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("above", leaf.above), ("below", leaf.below))
        if bound is not None
    ]
    return f"{title} is {' and '.join(bounds)}{unit}"


def effect_words(effect: Effect, base: RuleBase) -> str:
    """*effect* in words: ``strong for PyTorch on Libraries and models``."""
    framework = base.frameworks.get(effect.framework)
    criterion = base.criteria.get(effect.criterion)
    name = framework.title if framework else effect.framework
    on = criterion.title if criterion else effect.criterion
    return f"{effect.strength} {effect.direction} {name} on {on}"


def age_words(days: int) -> str:
    """A number of days, in the unit in which people think of it."""
    if days < 0:
        return f"in {-days} days"
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'} old"
    if days < 730:
        return f"{round(days / 30.44)} months old"
    return f"{days / 365.25:.1f} years old"
