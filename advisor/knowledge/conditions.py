"""Conditions over the closed vocabulary: from plain data to values and back.

Knows the form in which conditions are written. It must not know how they are evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from advisor.knowledge.fields import Fault, Part, did_you_mean, shown
from advisor.knowledge.model import AllOf, AnyOf, Condition, Fact, Not, OneOf, Scalar, Within
from advisor.knowledge.vocabulary import LISTS, checked_number, checked_word, fact_for
from advisor.knowledge.yaml_events import Path_

_COMBINATIONS = ("any_of", "all_of", "not")
_BOUNDS = ("above", "below", "between")
MAX_TESTS = 200
"""Tests of single facts, and values in one of them; nobody can review more in one condition."""

ALWAYS = AllOf(())
"""What ``{}`` means: no condition at all."""


def read_condition(part: Part, key: str, facts: Mapping[str, Fact]) -> Condition:
    """The condition under *key* of *part*; every mistake is remembered in the part's problems."""
    return _Reader(part, facts).mapping(part.data.get(key), (key,))


class _Reader:
    """Reads one condition; paths are relative to the part that holds it."""

    def __init__(self, part: Part, facts: Mapping[str, Fact]) -> None:
        self.part = part
        self.facts = facts
        self.tests = 0

    def mapping(self, data: Any, path: Path_) -> Condition:
        """A mapping: all of its entries have to hold."""
        if not isinstance(data, dict):
            self.part.fail(
                f"a condition has to be a mapping, not {shown(data)}",
                *path,
                hint="write {fact: value}, or {any_of: [...]}",
            )
            return ALWAYS
        parts = tuple(self._entry(name, data[name], (*path, name)) for name in data)
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _entry(self, name: str, data: Any, path: Path_) -> Condition:
        if name == "not":
            return Not(self.mapping(data, path))
        if name in _COMBINATIONS:
            return self._combination(name, data, path)
        self.tests += 1
        if self.tests > MAX_TESTS:
            if self.tests == MAX_TESTS + 1:
                self.part.fail(f"the condition tests more than {MAX_TESTS} facts", *path)
            return ALWAYS
        try:
            fact = fact_for(self.facts, name)
        except Fault as fault:
            hint = did_you_mean(name, _COMBINATIONS, all_of_few=False) or fault.hint
            document = self.part.document
            where = document.where_key(*self.part.path, *path)
            self.part.problems.add(fault.message, where=where, hint=hint)
            return ALWAYS
        try:
            return self._leaf(fact, name, data)
        except Fault as fault:
            self.part.fault(fault, *path)
            return ALWAYS

    def _combination(self, name: str, data: Any, path: Path_) -> Condition:
        if not isinstance(data, list) or not data:
            self.part.fail(f"{name} has to be a list of conditions", *path)
            return ALWAYS
        parts = tuple(self.mapping(item, (*path, index)) for index, item in enumerate(data))
        return AnyOf(parts) if name == "any_of" else AllOf(parts)

    def _leaf(self, fact: Fact, name: str, data: Any) -> Condition:
        if fact.kind == "ranking":
            raise Fault(f"rules cannot depend on {name}: it weighs what they say")
        if isinstance(data, dict):
            return _within(fact, name, data)
        given = data if isinstance(data, list) else [data]
        if not given:
            raise Fault(f"{name} accepts no value, so this is never true", "write the values")
        if len(given) > MAX_TESTS:
            raise Fault(f"{name} accepts more than {MAX_TESTS} values", "write several rules")
        accepted: list[Scalar] = []
        for index, item in enumerate(given):
            path = (index,) if isinstance(data, list) else ()
            try:
                value = _accepted(fact, item)
            except Fault as fault:
                raise Fault(fault.message, fault.hint, path) from fault
            if value in accepted:
                raise Fault(f"{shown(value)} stands twice", "keep one of the two", path)
            accepted.append(value)
        return OneOf(name, tuple(accepted), _domain(fact))


def _domain(fact: Fact) -> tuple[Scalar, ...]:
    if fact.kind == "flag":
        return (True, False)
    return tuple(fact.values) if fact.kind == "choice" else ()


def _accepted(fact: Fact, value: Any) -> Scalar:
    if value is None or value == "unknown":
        raise Fault(
            f"a condition cannot ask whether {fact.id} is unknown",
            "a rule waits by itself for what is not known",
        )
    if fact.kind == "flag":
        if isinstance(value, bool):
            return value
        hint = "write true or false, without quotes"
        raise Fault(f"{fact.id} has to be true or false, not {shown(value)}", hint)
    if fact.kind == "number":
        return float(checked_number(fact, value))
    word = checked_word(fact, value)
    if fact.kind == "version":
        specifier_set(word if word[:1] in "<>=!~" else f"=={word}")
    return word


def specifier_set(text: str) -> SpecifierSet:
    """The version range in *text*, such as ``>=5,<6``.

    Raises:
        Fault: it is none.
    """
    try:
        return SpecifierSet(text, prereleases=True)
    except InvalidSpecifier as error:
        raise Fault(f"{shown(text)} is not a version range", 'write ">=5,<6"') from error


def _within(fact: Fact, name: str, data: dict[str, Any]) -> Condition:
    wrong = next((key for key in data if key not in _BOUNDS), None)
    if wrong is not None:
        raise Fault(f"{shown(wrong)} is not a bound", did_you_mean(wrong, _BOUNDS), (wrong,))
    if fact.kind != "number":
        raise Fault(f"{name} is not a number, so it has no bounds", did_you_mean("", fact.values))
    if not data or ("between" in data and len(data) > 1):
        raise Fault("give above, below, both of these, or between alone")
    if "between" in data:
        low, high = _pair(fact, data["between"])
        return Within(name, low, high, inclusive=True)
    above, below = (_bound(fact, data, key) for key in ("above", "below"))
    if above is not None and below is not None and above >= below:
        raise Fault(f"above {above:g} and below {below:g} is never true")
    return Within(name, above, below)


def _pair(fact: Fact, value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise Fault("between has to be a list of two numbers", "write [1, 2]", ("between",))
    low, high = (
        _bound(fact, {"between": number}, "between", (index,)) for index, number in enumerate(value)
    )
    if low is None or high is None or low > high:
        raise Fault("between has to begin with the smaller number", path=("between",))
    return low, high


def _bound(fact: Fact, data: dict[str, Any], key: str, tail: Path_ = ()) -> float | None:
    if key not in data:
        return None
    try:
        return float(checked_number(fact, data[key]))
    except Fault as fault:
        raise Fault(fault.message, fault.hint, (key, *tail)) from fault


def condition_data(condition: Condition) -> dict[str, Any]:
    """*condition* as plain data that `read_condition` reads back to an equal one."""
    if isinstance(condition, OneOf):
        accepted = list(condition.accepted)
        return {condition.fact: accepted[0] if len(accepted) == 1 else accepted}
    if isinstance(condition, Within):
        return {condition.fact: _bounds_data(condition)}
    if isinstance(condition, Not):
        return {"not": condition_data(condition.part)}
    if isinstance(condition, AnyOf):
        return {"any_of": [condition_data(part) for part in condition.parts]}
    if not condition.parts:
        return {}
    return {"all_of": [condition_data(part) for part in condition.parts]}


def _bounds_data(within: Within) -> dict[str, Any]:
    if within.inclusive:
        return {"between": [within.above, within.below]}
    bounds = {"above": within.above, "below": within.below}
    return {key: bound for key, bound in bounds.items() if bound is not None}


def leaves(condition: Condition) -> Iterator[OneOf | Within]:
    """The tests of single facts in *condition*, in the order written."""
    if isinstance(condition, (OneOf, Within)):
        yield condition
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        for part in condition.parts:
            yield from leaves(part)


def is_list(facts: Mapping[str, Fact], name: str) -> bool:
    """Whether the fact called *name* holds a list."""
    fact = facts.get(name)
    return fact is not None and fact.kind in LISTS
