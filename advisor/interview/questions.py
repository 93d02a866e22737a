"""Which questions are open, what may be proposed for them, and which one comes next.

Pure functions of the rule base, the answers and what was detected. They must not know how a
question looks on a screen, nor how its worth is computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.answers import Answers, Source, Value
from advisor.knowledge.evaluate import truth_of, waits_for
from advisor.knowledge.model import (
    Condition,
    Fact,
    Not,
    OneOf,
    Question,
    Rule,
    RuleBase,
    Within,
)

THRESHOLD = 0.002
"""A question is worth asking above this value of information (a share of the utility scale)."""


DECISIVE = 0.0305
"""What the answer is worth at least where other answers make it decisive."""


@dataclass(frozen=True)
class Detected:
    """A value found on this machine or in the code, what was found, in words, and where."""

    value: Value
    text: str = ""
    mark: str = "detected"


@dataclass(frozen=True)
class Proposal:
    """A value that can be taken without typing, and where it comes from."""

    value: Value
    source: Source
    text: str = ""
    mark: str = "detected"


def known_facts(answers: Answers, detected: Mapping[str, Detected]) -> dict[str, Any]:
    """The facts that skip conditions see: what was detected, and over it what was answered."""
    facts = {key: detected[key].value for key in sorted(detected)}
    return {**facts, **answers.values}


def open_questions(
    base: RuleBase, answers: Answers, detected: Mapping[str, Detected]
) -> tuple[Question, ...]:
    """The questions that may still be asked, in the order of the rule base.

    A question is closed where it is answered, where somebody was not sure, and where its skip
    condition holds. A condition that cannot be told yet keeps the question open.
    """
    facts = known_facts(answers, detected)
    return tuple(q for q in base.questions if not settled(q, answers) and not _skipped(q, facts))


def settled(question: Question, answers: Answers) -> bool:
    """Whether *question* has an answer, or somebody was asked and not sure."""
    return question.key in answers.values or question.key in answers.unknown


def _skipped(question: Question, facts: Mapping[str, Any]) -> bool:
    return question.skip_when is not None and truth_of(question.skip_when, facts) == "true"


def proposal_for(
    question: Question, fact: Fact, detected: Mapping[str, Detected]
) -> Proposal | None:
    """What was detected for *question*, unless the vocabulary does not know that value."""
    for key in (question.key, question.detect):
        if key is None or key not in detected:
            continue
        seen = detected[key]
        value = _fitting(fact, seen.value)
        if acceptable(fact, value):
            return Proposal(value, "detected", seen.text, seen.mark)
    return None


def _fitting(fact: Fact, value: Value) -> Value:
    """*value*; a version that is known only by its first two parts (``3.11``) is cut to them."""
    if isinstance(value, str) and value not in fact.values:
        return ".".join(value.split(".")[:2])
    return value


def acceptable(fact: Fact, value: Any) -> bool:
    """Whether *value* is one that *fact* can have."""
    if fact.kind == "flag":
        return isinstance(value, bool)
    if fact.kind == "number":
        return _in_range(fact, value)
    if fact.kind == "size":
        return isinstance(value, Mapping)
    if fact.kind in ("choices", "ranking", "names"):
        if not isinstance(value, list):
            return False
        return fact.kind == "names" or all(v in fact.values for v in value)
    return isinstance(value, str) and (not fact.values or value in fact.values)


def _in_range(fact: Fact, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return False
    low = -math.inf if fact.minimum is None else fact.minimum
    high = math.inf if fact.maximum is None else fact.maximum
    return low <= value <= high


def worth_at_least(question: Question, answers: Answers, facts: Mapping[str, Any]) -> float:
    """What the answer is worth without looking at any rule: the question's declared importance.

    It counts for nothing where nobody could say whether the question applies at all.
    """
    if question.decisive_when is not None and truth_of(question.decisive_when, facts) == "true":
        return max(question.importance, DECISIVE)
    condition = question.skip_when
    if condition is None or truth_of(condition, facts) != "unknown":
        return question.importance
    not_known = set(waits_for(condition, facts)) & set(answers.unknown)
    return 0.0 if not_known else question.importance


def most_valuable(
    worths: Sequence[tuple[Question, float]],
    ranked: Iterable[tuple[str, float]],
    threshold: float = THRESHOLD,
) -> Question | None:
    """The question whose answer is worth most, or None where none is worth asking.

    A question is worth what *ranked* says, and at least what *worths* says; equal worth is broken
    by the order of *worths*. What *ranked* says is worth less than nothing is not asked at all.
    """
    worth_of = {key: worth for key, worth in ranked if math.isfinite(worth)}
    best: Question | None = None
    best_worth = threshold
    for question, least in worths:
        ranked_worth = worth_of.get(question.key, 0.0)
        worth = max(ranked_worth, least) if ranked_worth >= 0 else ranked_worth
        if worth > best_worth:
            best, best_worth = question, worth
    return best


_STRENGTHS = ("strong", "moderate", "weak")


def waiting_titles(base: RuleBase, facts: Mapping[str, Any], key: str) -> list[str]:
    """The titles of the rules that *key* could still decide: vetoes, then the strongest claims."""
    waiting = [rule for rule in base.rules if key in waits_for(rule.when, facts)]
    return [rule.title for rule in sorted(waiting, key=_weight)]


def _weight(rule: Rule) -> int:
    if rule.kind == "veto":
        return -1
    strengths = [_STRENGTHS.index(effect.strength) for effect in rule.effects]
    return min(strengths, default=len(_STRENGTHS))


def names_in_rules(base: RuleBase, key: str) -> tuple[str, ...]:
    """The values of *key* that some rule asks for, sorted: what may be typed with effect."""
    named = {word for rule in base.rules for word in _named(rule.when, key)}
    return tuple(sorted(named))


def _named(condition: Condition, key: str) -> tuple[str, ...]:
    if isinstance(condition, OneOf):
        return tuple(str(v) for v in condition.accepted) if condition.fact == key else ()
    if isinstance(condition, Within):
        return ()
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return tuple(word for part in parts for word in _named(part, key))
