"""How a fact is said in a condition: what stands after "If" where another answer is supposed.

A fact may carry ``if`` (a phrase with a place for its value), ``if_values`` (a whole phrase per
value), and for lists ``if_added`` and ``if_removed`` (a phrase with a place, or one per value).
Knows their form. It must not know what is supposed, nor what would follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.knowledge.fields import Part, did_you_mean, shown
from advisor.knowledge.model import Fact

ANY = "*"
"""Stands for every value that has no phrase of its own."""

PHRASE_FIELDS = ("if", "if_values", "if_added", "if_removed")
_FLAGS = ("true", "false")
_LISTS = ("names", "choices")


Phrases = Mapping[str, str]
"""By value, `ANY` where one serves them all."""


def read_phrases(part: Part, fact: Fact) -> tuple[Phrases, Phrases, Phrases]:
    """The phrases of *fact*: where it is supposed, where a list gains, where it loses a value."""
    is_list = fact.kind in _LISTS
    for key in PHRASE_FIELDS:
        if part.has(key) and is_list != (key in ("if_added", "if_removed")):
            part.fail(f"a {fact.kind} has no {key}", key, hint=_hint(is_list=is_list))
    supposed = dict(_by_value(part, fact, "if_values"))
    if part.has("if"):
        supposed = {ANY: part.text("if"), **supposed}
        _check(part, supposed[ANY], "if")
    if not is_list:
        return supposed, {}, {}
    return {}, _by_value(part, fact, "if_added"), _by_value(part, fact, "if_removed")


def _hint(*, is_list: bool) -> str:
    return "a list has if_added and if_removed" if is_list else "give it if or if_values"


def _by_value(part: Part, fact: Fact, key: str) -> Mapping[str, str]:
    if isinstance(part.data.get(key), str):
        _check(part, part.text(key), key)
        return {ANY: part.text(key)}
    phrases = part.words(key)
    words = _FLAGS if fact.kind == "flag" else tuple(fact.values)
    for word, phrase in phrases.items():
        if word not in words:
            part.fail(
                f"{shown(word)} is not a value of {fact.id}",
                key,
                word,
                hint=did_you_mean(word, words),
            )
        _check(part, phrase, key, word)
    return phrases


def _check(part: Part, phrase: str, *path: str) -> None:
    rest = phrase.replace("{value}", "").replace("{number}", "")
    if "{" in rest or "}" in rest:
        hint = "a phrase has the places {value} and {number}, and no other braces"
        part.fail(f"the phrase {shown(phrase)} has braces that are no place", *path, hint=hint)


def phrase_data(fact: Fact) -> dict[str, Any]:
    """The phrases of *fact* as they are written in a file; nothing where it has none."""
    supposed = dict(fact.supposed)
    data: dict[str, Any] = {"if": supposed.pop(ANY, None), "if_values": supposed}
    for key, phrases in (("if_added", fact.added), ("if_removed", fact.removed)):
        data[key] = phrases[ANY] if set(phrases) == {ANY} else dict(phrases)
    return {key: value for key, value in data.items() if value}


def supposition(fact: Fact | None, word: Any, *, kind: str = "supposed") -> str | None:
    """The phrase for *word* with its places unfilled, or None where the fact has none.

    Args:
        fact: The fact.
        word: The value that is supposed, added or removed.
        kind: ``supposed``, ``added`` or ``removed``.
    """
    if fact is None:
        return None
    phrases: Mapping[str, str] = getattr(fact, kind)
    key = str(word).lower() if isinstance(word, bool) else str(word)
    return phrases.get(key, phrases.get(ANY))
