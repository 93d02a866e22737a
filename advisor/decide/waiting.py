"""What the rules wait for, and which answers could be given instead of those that were.

Unanswered facts, how much they weigh, vetoes that may still fire; and the single changes that
counterfactuals are made of.

Knows conditions only as far as which facts they mention and what could become of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from advisor.decide.facts import NOT_KNOWN, OF_CODE
from advisor.knowledge.conditions import leaves
from advisor.knowledge.conflicts import clashes_in
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import (
    Condition,
    Fact,
    Not,
    OneOf,
    Outcome,
    RuleBase,
    Within,
)
from advisor.knowledge.package_rules import FACT, POLICY, WISH

_LEAST = 0.002
_MOST = 0.05
_COMBINATIONS = 400
_NAMES_TRIED = 12


@lru_cache(maxsize=20_000)
def mentions(condition: Condition) -> frozenset[str]:
    """The facts that *condition* mentions."""
    if isinstance(condition, (OneOf, Within)):
        return frozenset({condition.fact})
    if isinstance(condition, Not):
        return mentions(condition.part)
    return frozenset().union(*(mentions(part) for part in condition.parts))


def is_answer(base: RuleBase, fact: str) -> bool:
    """Whether *fact* is something that the team can answer."""
    return fact in base.facts and base.facts[fact].origin == "answer"


def beside_the_point(base: RuleBase, facts: Mapping[str, Any]) -> frozenset[str]:
    """The answers whose question the known facts make pointless."""
    return frozenset(
        q.key
        for q in base.questions
        if q.skip_when is not None and truth_of(q.skip_when, facts) == "true"
    )


def waited_for(
    base: RuleBase, outcomes: Iterable[Outcome], facts: Mapping[str, Any]
) -> dict[str, list[Outcome]]:
    """Unanswered facts, each with the claims and vetoes that wait for it; keys sorted."""
    outcomes = tuple(outcomes)
    pointless = beside_the_point(base, facts)
    by_fact: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.truth != "unknown" or outcome.inapplicable or outcome.rule.kind == "note":
            continue
        for fact in outcome.waits_for:
            if is_answer(base, fact) and fact not in pointless:
                by_fact.setdefault(fact, []).append(outcome)
    for key, value in facts.items():
        if key.startswith("switching.") and value == NOT_KNOWN and "code_size" not in pointless:
            by_fact["code_size"] = [o for o in outcomes if o.fires and key in mentions(o.rule.when)]
    return {k: by_fact[k] for k in sorted(by_fact)}


@dataclass(frozen=True)
class Index:
    """Which facts each rule mentions, and which rules mention each fact (by ids).

    `remembered` holds what was worked out about rules that wait, shared by counterfactuals.
    """

    mentioned: Mapping[str, frozenset[str]]
    mentioning: Mapping[str, frozenset[str]]
    remembered: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)


def index_of(base: RuleBase) -> Index:
    """The index of the rules of *base*."""
    mentioned = {rule.id: mentions(rule.when) for rule in base.rules}
    mentioning: dict[str, set[str]] = {}
    for rule, facts in mentioned.items():
        for fact in facts:
            mentioning.setdefault(fact, set()).add(rule)
    return Index(mentioned, {fact: frozenset(rules) for fact, rules in mentioning.items()})


@lru_cache(maxsize=8)
def _importance(questions: tuple[tuple[str, float], ...]) -> dict[str, float]:
    return {key: min(max(importance, _LEAST), _MOST) for key, importance in questions}


def importance_of(base: RuleBase) -> Mapping[str, float]:
    """How much each answer counts towards knowing enough, from the questions' own importance."""
    return _importance(tuple((q.key, q.importance) for q in base.questions))


def possible_values(base: RuleBase, fact: Fact) -> tuple[tuple[Any, float], ...]:
    """What an unanswered fact may turn out to be, with shares that add up to 1."""
    pairs: Sequence[tuple[Any, float]] = fact.prior or _default_values(base, fact)
    whole = math.fsum(weight for _, weight in pairs)
    return tuple((value, weight / whole) for value, weight in pairs) if whole > 0 else ()


def values_left(
    base: RuleBase, index: Index, key: str, facts: Mapping[str, Any]
) -> tuple[tuple[Any, float], ...]:
    """What the unanswered *key* may be beside *facts*, with shares that add up to 1.

    A value that the other answers make impossible, or pointless, is none.
    """
    related = related_to(base, index, key)
    place = ("left", key, said_of(related, facts))
    if place not in index.remembered:
        index.remembered[place] = _fitting(base, key, {k: facts[k] for k in related & facts.keys()})
    left: tuple[tuple[Any, float], ...] = index.remembered[place]
    return left


def _fitting(base: RuleBase, key: str, facts: Mapping[str, Any]) -> tuple[tuple[Any, float], ...]:
    values = possible_values(base, base.facts[key])
    about = tuple(c for c in base.conflicts if key in mentions(c.when))
    if not about and key not in _OF_PACKAGES:
        return values
    relevant = replace(base, conflicts=about)
    before = {clash.id for clash in clashes_in(relevant, facts)}
    kept = [
        (value, share)
        for value, share in values
        if all(
            clash.kind == "contradictory" or clash.id in before
            for clash in clashes_in(relevant, {**facts, key: value})
        )
    ]
    whole = math.fsum(share for _, share in kept)
    return tuple((value, share / whole) for value, share in kept) if whole > 0 else ()


_OF_PACKAGES = frozenset({FACT, WISH, POLICY})


def related_to(base: RuleBase, index: Index, key: str) -> frozenset[str]:
    """The facts that may stand against a value of *key*; none where nothing does."""
    place = ("related", key)
    if place not in index.remembered:
        groups = [_OF_PACKAGES, *(mentions(conflict.when) for conflict in base.conflicts)]
        index.remembered[place] = frozenset().union(*(facts for facts in groups if key in facts))
    related: frozenset[str] = index.remembered[place]
    return related


def said_of(keys: frozenset[str], facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What *facts* say of *keys*, as something that can be looked up."""
    return tuple((fact, repr(facts[fact])) for fact in sorted(keys & facts.keys()))


def _default_values(base: RuleBase, fact: Fact) -> list[tuple[Any, float]]:
    if fact.kind == "choice":
        return [(value, 1.0) for value in fact.values]
    if fact.kind == "flag":
        return [(True, 1.0), (False, 1.0)]
    if fact.kind == "choices":
        count = len(fact.values)
        return [([], float(count)), *(([value], 1.0) for value in fact.values)]
    if fact.kind == "names":
        names = sorted(named_in(base, fact.id))
        return [([], float(len(names) or 1)), *(([name], 1.0) for name in names)]
    if fact.kind == "number":
        return [(value, 1.0) for value in breakpoints(base, fact)]
    return []


def named_in(base: RuleBase, fact: str) -> frozenset[Any]:
    """The values of *fact* that rules name."""
    return frozenset(
        value
        for rule in base.rules
        if fact in mentions(rule.when)
        for leaf in leaves(rule.when)
        if isinstance(leaf, OneOf) and leaf.fact == fact
        for value in leaf.accepted
    )


def breakpoints(base: RuleBase, fact: Fact) -> tuple[float, ...]:
    """Numbers that lie in each of the ranges that the rules tell apart, ascending."""
    cuts = sorted(
        {
            cut
            for rule in base.rules
            if fact.id in mentions(rule.when)
            for leaf in leaves(rule.when)
            if isinstance(leaf, Within) and leaf.fact == fact.id
            for cut in (leaf.above, leaf.below)
            if cut is not None
        }
    )
    low = 0.0 if fact.minimum is None else fact.minimum
    if not cuts:
        return ()
    inner = [(a + b) / 2.0 for a, b in itertools.pairwise(cuts)]
    first = (low + cuts[0]) / 2.0
    last = cuts[-1] * 2.0 if fact.maximum is None else min(cuts[-1] * 2.0, fact.maximum)
    return tuple(sorted({float(f"{x:.3g}") for x in (first, *inner, last)}))


def veto_chances(
    base: RuleBase,
    index: Index,
    vetoes: Iterable[tuple[Outcome, str]],
    facts: Mapping[str, Any],
) -> dict[str, float]:
    """How likely it is, per framework, that a veto fires which waits for answers."""
    spared: dict[str, float] = {}
    for outcome, state in vetoes:
        if state == "conditional" and outcome.rule.excludes:
            chance = chance_of(base, index, outcome, facts)
            framework = outcome.rule.excludes
            spared[framework] = spared.get(framework, 1.0) * (1.0 - chance)
    return {framework: 1.0 - spared[framework] for framework in sorted(spared)}


def chance_of(base: RuleBase, index: Index, outcome: Outcome, facts: Mapping[str, Any]) -> float:
    """How likely it is, by the priors of what is unanswered, that the rule of *outcome* fires."""
    mentioned = index.mentioned[outcome.rule.id]
    related = (related_to(base, index, fact) for fact in mentioned - facts.keys())
    place = ("chance", outcome.rule.id, said_of(mentioned.union(*related), facts))
    if place not in index.remembered:
        index.remembered[place] = _chance(base, index, outcome, facts)
    chance: float = index.remembered[place]
    return chance


def _chance(base: RuleBase, index: Index, outcome: Outcome, facts: Mapping[str, Any]) -> float:
    mentioned = index.mentioned[outcome.rule.id]
    unknown = sorted(mentioned - facts.keys())
    choices = [values_left(base, index, f, facts) if f in base.facts else () for f in unknown]
    if not all(choices) or math.prod(len(c) for c in choices) > _COMBINATIONS:
        return 0.0
    answered = {fact: facts[fact] for fact in mentioned & facts.keys()}
    chance = 0.0
    for picked in itertools.product(*choices):
        supposed = {**answered, **{f: value for f, (value, _) in zip(unknown, picked, strict=True)}}
        if truth_of(outcome.rule.when, supposed) == "true":
            chance += math.prod(weight for _, weight in picked)
    return chance


@dataclass(frozen=True)
class AnswerChange:
    """One answer changed. `distance` orders the values of one fact: near ones are tried first."""

    fact: str
    value: Any
    distance: float


def single_changes(base: RuleBase, values: Mapping[str, Any]) -> Iterator[AnswerChange]:
    """Every change of one answer that rules or workloads could notice, in a fixed order."""
    noticed = _noticed(base)
    for key in sorted(base.facts):
        fact = base.facts[key]
        if fact.origin != "answer" or key not in noticed:
            continue
        yield from _changes(base, fact, values.get(key))


def _noticed(base: RuleBase) -> frozenset[str]:
    facts = {"priorities", "hardware.same_as_here", *OF_CODE}
    facts |= {w.fact for w in base.task_weights}
    for rule in base.rules:
        facts |= mentions(rule.when)
    return frozenset(facts)


def _changes(base: RuleBase, fact: Fact, now: Any) -> Iterator[AnswerChange]:
    if fact.kind == "choice":
        words = list(fact.values)
        for place, word in enumerate(words):
            if word != now:
                steps = abs(place - words.index(now)) if fact.ordered and now in words else 1
                yield AnswerChange(fact.id, word, float(steps))
    elif fact.kind == "flag":
        yield from (AnswerChange(fact.id, flag, 1.0) for flag in (True, False) if flag is not now)
    elif fact.kind == "number":
        for value in breakpoints(base, fact):
            if value != now:
                far = abs(value - now) if isinstance(now, (int, float)) else 1.0
                yield AnswerChange(fact.id, value, far)
    elif fact.kind == "ranking":
        yield from _rankings(fact, now)
    elif fact.kind in ("choices", "names"):
        yield from _toggles(base, fact, now)


def _rankings(fact: Fact, now: Any) -> Iterator[AnswerChange]:
    ranking = list(now or ())
    for word in fact.values:
        if ranking[:1] != [word]:
            rest = [rank for rank in ranking if word not in rank.split("=")]
            yield AnswerChange(fact.id, [word, *rest], 1.0)


def _toggles(base: RuleBase, fact: Fact, now: Any) -> Iterator[AnswerChange]:
    held = list(now or ())
    addable = _addable(base, fact)
    for word in held:
        yield AnswerChange(fact.id, [w for w in held if w != word], 1.0)
    for word in addable:
        if word not in held:
            yield AnswerChange(fact.id, [*held, word], 1.0)


def _addable(base: RuleBase, fact: Fact) -> list[Any]:
    """What could be added to a list.

    Not a policy, which would only forbid the answer, nor a package that nobody asked for.
    """
    if fact.id in ("exclude", FACT, WISH):
        return []
    if fact.kind == "choices":
        return list(fact.values)
    usual = sorted({name for value, _ in fact.prior for name in value})
    return usual or sorted(named_in(base, fact.id))[:_NAMES_TRIED]
