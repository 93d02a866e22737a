"""Phrases that many documents share: facts with their values, modes by their titles.

Knows the vocabulary's labels. It must not know a decision or a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.answers import ranks_of
from advisor.knowledge.model import Fact, RuleBase
from advisor.pair import framework_of
from advisor.render.wording import inline, listed, say
from advisor.text import inert


def fact_title(base: RuleBase, fact: str) -> str:
    """``Training hardware``; the key itself where the vocabulary has no such fact."""
    entry = base.facts.get(fact)
    return entry.title if entry else inert(fact, limit=200)


def fact_text(base: RuleBase, fact: str, value: Any) -> str:
    """``Training hardware: One NVIDIA GPU``."""
    return say("decision.fact", title=fact_title(base, fact), value=value_text(base, fact, value))


def value_text(base: RuleBase, fact: str, value: Any) -> str:
    """A value as people read it: labels for words, units for numbers, ranks in their order."""
    entry = base.facts.get(fact)
    if isinstance(value, bool):
        return say("number.yes" if value else "number.no")
    if isinstance(value, (list, tuple)):
        return _list_text(entry, value)
    if isinstance(value, (int, float)):
        number = number_text(value)
        if entry is None or not entry.unit:
            return number
        return say("decision.with_unit", number=number, unit=entry.unit)
    return label_of(entry, value)


def number_text(value: float) -> str:
    """``20,000``: four significant digits, and no exponent where people write none."""
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def label_of(entry: Fact | None, word: Any) -> str:
    """The vocabulary's label of one word."""
    label = entry.values.get(str(word)) if entry else None
    return inert(label or str(word), limit=200)


def _list_text(entry: Fact | None, words: Sequence[Any]) -> str:
    if not words:
        return say("number.none")
    if entry is None or entry.kind != "ranking":
        return ", ".join(label_of(entry, word) for word in words)
    shown = ""
    for rank in ranks_of([str(word) for word in words]):
        text = rank_text(entry, rank)
        shown = say("decision.ranking.then", first=shown, then=text) if shown else text
    return shown


def rank_text(entry: Fact | None, rank: Sequence[str]) -> str:
    """One rank of a ranking: its label, or all that share it."""
    first, *others = (label_of(entry, word) for word in rank)
    if not others:
        return first
    return say("decision.ranking.tie", labels=listed([first, *map(inline, others)]))


def mode_title(base: RuleBase, mode: str) -> str:
    """``torch.compile (compiled step)``; the mode itself where the rule base has no title."""
    info = base.frameworks.get(framework_of(mode))
    return info.modes.get(mode, mode) if info else mode
