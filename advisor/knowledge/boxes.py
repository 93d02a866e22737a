"""What a condition allows, as boxes: conjunctions of what each single fact may be.

A condition is the union of its boxes; it is never true where there are none, and two conditions
can hold together where two of their boxes meet. Exact but for versions, which are compared by
their ranges' text. Pure; it must not know rules.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.knowledge.fields import Fault
from advisor.knowledge.model import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    Not,
    OneOf,
    Scalar,
    Within,
)
from advisor.knowledge.vocabulary import LISTS, fact_for

MAX_BOXES = 2000
"""A condition that needs more is not analysed."""


@dataclass(frozen=True)
class Words:
    """A fact with one value: it is among `allowed` (None: any), and not among `refused`."""

    allowed: frozenset[Scalar] | None
    refused: frozenset[Scalar] = frozenset()

    def meet(self, other: Words) -> Words | None:
        """What both allow; None where that is nothing."""
        refused = self.refused | other.refused
        if self.allowed is None or other.allowed is None:
            allowed = other.allowed if self.allowed is None else self.allowed
        else:
            allowed = self.allowed & other.allowed
        if allowed is None:
            return Words(None, refused)
        return Words(allowed - refused) if allowed - refused else None


@dataclass(frozen=True)
class Members:
    """A fact that is a list: it holds one of each of `needed`, and none of `refused`."""

    needed: frozenset[frozenset[Scalar]]
    refused: frozenset[Scalar] = frozenset()

    def meet(self, other: Members) -> Members | None:
        """What both allow; None where that is nothing."""
        refused = self.refused | other.refused
        needed = self.needed | other.needed
        return Members(needed, refused) if all(one - refused for one in needed) else None


@dataclass(frozen=True)
class Span:
    """A number in a range, its ends included unless `open_low` or `open_high`."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def meet(self, other: Span) -> Span | None:
        """What both allow; None where that is nothing."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        ends = Span(
            low,
            high,
            any(s.open_low for s in (self, other) if s.low == low),
            any(s.open_high for s in (self, other) if s.high == high),
        )
        if low > high or (low == high and (ends.open_low or ends.open_high)):
            return None
        return ends


Bound = Words | Members | Span
Box = dict[str, Bound]


class TooManyBoxesError(Exception):
    """The condition is too large to be analysed."""


def boxes(condition: Condition, facts: Mapping[str, Fact]) -> list[Box] | None:
    """The boxes of *condition*, or None where there would be too many."""
    try:
        return _boxes(condition, facts, positive=True)
    except TooManyBoxesError:
        return None


def never_true(condition: Condition, facts: Mapping[str, Fact]) -> bool:
    """Whether no values of the facts can make *condition* true."""
    return boxes(condition, facts) == []


def always_true(condition: Condition, facts: Mapping[str, Fact]) -> bool:
    """Whether no values of the facts can make *condition* false."""
    return boxes(Not(condition), facts) == []


def can_meet(first: Sequence[Box], second: Sequence[Box]) -> bool:
    """Whether two conditions, given by their boxes, can hold together."""
    return any(_meet(a, b) is not None for a, b in itertools.product(first, second))


def _meet(first: Box, second: Box) -> Box | None:
    merged = dict(first)
    for fact, bound in second.items():
        other = merged.get(fact)
        if other is None:
            merged[fact] = bound
            continue
        met = other.meet(bound)  # type: ignore[arg-type]
        if met is None:
            return None
        merged[fact] = met
    return merged


def _boxes(condition: Condition, facts: Mapping[str, Fact], *, positive: bool) -> list[Box]:
    if isinstance(condition, Not):
        return _boxes(condition.part, facts, positive=not positive)
    if isinstance(condition, (OneOf, Within)):
        return _leaf(condition, facts, positive=positive)
    parts = [_boxes(part, facts, positive=positive) for part in condition.parts]
    if isinstance(condition, AnyOf if positive else AllOf):
        union = [box for part in parts for box in part]
        if len(union) > MAX_BOXES:
            raise TooManyBoxesError
        return union
    product: list[Box] = [{}]
    for part in parts:
        if len(product) * len(part) > MAX_BOXES:
            raise TooManyBoxesError
        met = (_meet(a, b) for a, b in itertools.product(product, part))
        product = [box for box in met if box is not None]
    return product


def _leaf(leaf: OneOf | Within, facts: Mapping[str, Fact], *, positive: bool) -> list[Box]:
    try:
        fact = fact_for(facts, leaf.fact)
    except Fault:
        return [{}]
    if fact.kind == "number":
        return _numbers(leaf, fact, positive=positive)
    accepted = frozenset(leaf.accepted) if isinstance(leaf, OneOf) else frozenset()
    if fact.kind in LISTS:
        needed = Members(frozenset({accepted}) if positive else frozenset())
        return [{leaf.fact: needed if positive else replace(needed, refused=accepted)}]
    domain = leaf.domain if isinstance(leaf, OneOf) else ()
    if positive:
        return [{leaf.fact: Words(accepted)}]
    if not domain:
        return [{leaf.fact: Words(None, accepted)}]
    others = frozenset(domain) - accepted
    return [{leaf.fact: Words(others)}] if others else []


def _numbers(leaf: OneOf | Within, fact: Fact, *, positive: bool) -> list[Box]:
    whole = Span(
        -math.inf if fact.minimum is None else fact.minimum,
        math.inf if fact.maximum is None else fact.maximum,
    )
    spans = _spans(leaf) if positive else _outside(_spans(leaf))
    met = (span.meet(whole) for span in spans)
    return [{leaf.fact: span} for span in met if span is not None]


def _spans(leaf: OneOf | Within) -> list[Span]:
    if isinstance(leaf, OneOf):
        return [Span(float(value), float(value)) for value in sorted(leaf.accepted, key=float)]
    low = -math.inf if leaf.above is None else leaf.above
    high = math.inf if leaf.below is None else leaf.below
    return [Span(low, high, not leaf.inclusive, not leaf.inclusive)]


def _outside(spans: Sequence[Span]) -> list[Span]:
    """The gaps around *spans*, which are sorted and do not overlap."""
    gaps: list[Span] = []
    low, open_low = -math.inf, True
    for span in spans:
        gaps.append(Span(low, span.low, open_low, not span.open_low))
        low, open_low = span.high, not span.open_high
    gaps.append(Span(low, math.inf, open_low, open_high=True))
    return [gap for gap in gaps if gap.low < gap.high or _is_point(gap)]


def _is_point(span: Span) -> bool:
    return span.low == span.high and not (span.open_low or span.open_high)
