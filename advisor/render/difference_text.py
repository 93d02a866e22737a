"""Two decisions beside each other, as lines for a terminal or as Markdown.

Knows what differs. It must not know files, nor how a decision is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.differences import Difference, Differences, Outcome
from advisor.knowledge.model import RuleBase
from advisor.render.markdown import escaped
from advisor.render.value_words import fact_title, value_text
from advisor.render.wording import count_of, name_of, say, sentence

_MOST_RULES = 8


def difference_lines(found: Differences, base: RuleBase) -> list[str]:
    """The outcomes, then every part that differs, what moves the outcome first."""
    lines = [_head(found)]
    if not found.parts:
        return [*lines, sentence(say("terminal.differs.nothing"))]
    lines += [f"  {_part(p, base)}" for p in sorted(found.parts, key=lambda p: not p.moves)]
    if found.together:
        lines.append(sentence(say("terminal.differs.together")))
    return [*lines, *_rules(found)]


def difference_markdown(found: Differences, base: RuleBase) -> str:
    """The same as a short Markdown page."""
    lines = difference_lines(found, base)
    return (
        "\n".join(
            f"- {escaped(line.strip())}" if line.startswith("  ") else f"\n{escaped(line)}\n"
            for line in lines
        ).strip()
        + "\n"
    )


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
        return say("terminal.differs.moves", text=text, outcome=outcome_text(part.then))
    return say("terminal.differs.moves_not", text=text)


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
