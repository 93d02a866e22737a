"""What became of a recorded decision, in words: one line per finding.

Knows the findings of a check. It must not know how they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.decide.checking import CheckFinding
from advisor.decision import Revisit
from advisor.knowledge.model import RuleBase
from advisor.render.decision_words import contradiction_text, revisit_text
from advisor.render.wording import (
    name_of,
    say,
    speed_phrase,
)


def finding_text(finding: CheckFinding, base: RuleBase) -> str:
    """One finding as a clause.

    Args:
        finding: What changed.
        base: The rules that titles are taken from.
    """
    values = finding.values
    if finding.id == "contradiction":
        return contradiction_text(values["contradiction"], base)
    if finding.id == "does-not-replay":
        return _not_replayed(values)
    if finding.id == "speed-evidence":
        return say(f"terminal.check.speed-evidence-{values['measured']}")
    shown = {key: _shown(finding.id, value, base) for key, value in values.items()}
    return say(f"terminal.check.{finding.id}", rule=finding.rule, **shown)


def _shown(finding: str, value: Any, base: RuleBase) -> Any:
    if isinstance(value, Revisit):
        return value.when or revisit_text(value, base)
    if finding == "verdict-changed":
        return _outcome(value)
    return speed_phrase(value) if finding == "speed-moved" else value


def _not_replayed(values: Mapping[str, Any]) -> str:
    if "part" in values:
        part = say(f"terminal.check.part.{values['part']}")
        return say("terminal.check.other-hash", part=part)
    return say("terminal.check.other-fields", fields=values["fields"])


def _outcome(outcome: Mapping[str, Any]) -> str:
    status = say(f"report.status.{outcome['status']}")
    if not outcome["framework"]:
        return status
    return say("terminal.check.outcome", framework=name_of(outcome["framework"]), status=status)
