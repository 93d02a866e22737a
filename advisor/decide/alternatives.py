"""Which answers could be given instead: the single changes that counterfactuals are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.decide.switching import OF_CODE
from advisor.decide.waiting import breakpoints, mentions, named_in
from advisor.knowledge.model import Fact, RuleBase
from advisor.knowledge.package_rules import FACT, WISH

_NAMES_TRIED = 12


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
