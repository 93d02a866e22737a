"""Two decisions beside each other, in words.

Knows what differs. It must not know files, nor how a decision is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.differences import Difference, Differences, Outcome
from advisor.knowledge.model import RuleBase
from advisor.render.beside import Beside, Item
from advisor.render.value_words import fact_title, value_text
from advisor.render.wording import count_of, name_of, say, sentence

_MOST_RULES = 8


def difference_page(found: Differences, base: RuleBase) -> Beside:
    """The outcomes, then every part that differs, what moves the outcome first."""
    if not found.parts:
        return Beside(_head(found), (), (sentence(say("terminal.differs.nothing")),))
    parts = sorted(found.parts, key=lambda part: not (part.moves or part.needed))
    together = [sentence(_together(found))] if found.together else []
    items = tuple(Item(_part(part, base), weighs=part.moves or part.needed) for part in parts)
    return Beside(_head(found), items, (*together, *_rules(found)))


def _together(found: Differences) -> str:
    explained = any(part.needed for part in found.parts)
    return say("terminal.differs.together" if explained else "terminal.differs.unexplained")


def outcome_text(outcome: Outcome) -> str:
    """``PyTorch, recommended``."""
    status, framework = outcome
    text = say(f"report.status.{status}")
    if framework is None:
        return text
    return say("terminal.differs.outcome", framework=name_of(framework), status=text)


def _head(found: Differences) -> str:
    before, after = outcome_text(found.before), outcome_text(found.after)
    if found.before == found.after:
        return sentence(say("terminal.differs.same", outcome=before))
    return sentence(say("terminal.differs.other", before=before, after=after))


def _part(part: Difference, base: RuleBase) -> str:
    if part.part == "answer":
        text = say(
            "terminal.differs.answer",
            title=fact_title(base, part.key),
            before=_value(base, part.key, part.before),
            after=_value(base, part.key, part.after),
        )
    else:
        text = say(f"terminal.differs.of.{part.part}", before=part.before, after=part.after)
    if part.moves:
        text = say("terminal.differs.moves", text=text, outcome=outcome_text(part.then))
    elif not part.needed:
        text = say("terminal.differs.moves_not", text=text)
    return say("terminal.differs.needed", text=text) if part.needed else text


def _value(base: RuleBase, key: str, value: Any) -> str:
    if value is None:
        return say("terminal.differs.not_given")
    return say("report.context.not_sure") if value == "unknown" else value_text(base, key, value)


def _rules(found: Differences) -> list[str]:
    rules = found.rules
    lines = []
    if rules.only_before:
        lines.append(say("terminal.differs.rules_gone", **_named(rules.only_before)))
    if rules.only_after:
        lines.append(say("terminal.differs.rules_new", **_named(rules.only_after)))
    if rules.changed:
        lines.append(say("terminal.differs.rules_changed", **_named(rules.changed)))
    return lines


def _named(ids: Sequence[str]) -> dict[str, Any]:
    return {"rules": count_of(len(ids), "rule"), "names": [*ids[:_MOST_RULES]]}
