"""What in a code base speaks for which answer or trait: ``rules/counterparts/signals.yaml``.

Knows the form of a signal and that answers can only have values of the vocabulary. It must not know
how code is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from advisor.knowledge.fields import Fault, Part, did_you_mean, shown
from advisor.knowledge.model import Fact
from advisor.knowledge.vocabulary import LISTS, checked

Confidence = Literal["certain", "likely", "possible"]
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
"""From the most to the least."""

TRAIT = "code."
"""What the keys of traits begin with: what code does, where no question asks for it."""

_WAYS = ("names", "methods", "imports", "packages", "images", "commands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A sign in code, and what it speaks for.

    `names` are dotted references (``torch.func.vmap``; ``torch.mps.*`` for all below), `methods`
    count in files that import PyTorch, `imports` are modules, `packages` declared dependencies,
    `images` parts of container images' names, `commands` words of shell lines.
    """

    key: str
    value: Any
    confidence: Confidence
    names: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


def read_signals(part: Part, facts: Mapping[str, Fact]) -> tuple[Signal, ...]:
    """The signals in *part*; mistakes are remembered in its problems."""
    part.only(("schema", "reviewed", "signals"))
    if part.text("schema") != "fw-advisor/signals@1":
        part.fail("schema has to be fw-advisor/signals@1", "schema")
    part.date("reviewed")
    return tuple(_signal(entry, facts) for entry in part.parts("signals"))


def _signal(part: Part, facts: Mapping[str, Fact]) -> Signal:
    part.only(("key", "value", "confidence", *_WAYS))
    if not any(part.has(way) for way in _WAYS):
        part.fail(f"needs one of {', '.join(_WAYS)}")
    key = part.text("key")
    return Signal(
        key=key,
        value=_value(part, key, facts),
        confidence=part.word("confidence", CONFIDENCES),
        **{way: part.texts(way) for way in _WAYS},
    )


def _value(part: Part, key: str, facts: Mapping[str, Fact]) -> Any:
    value = part.data.get("value")
    if key.startswith(TRAIT):
        return part.text("value")
    fact = facts.get(key)
    if fact is None or fact.origin != "answer":
        hint = did_you_mean(key, facts) or f"traits of code begin with {TRAIT}"
        part.fail(f"{shown(key)} is not an answer", "key", hint=hint)
        return value
    try:
        given = checked(fact, [value] if fact.kind in LISTS else value)
    except Fault as fault:
        part.fault(fault, "value")
        return value
    return given[0] if fact.kind in LISTS else given
