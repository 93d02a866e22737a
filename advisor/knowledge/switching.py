"""What changing the framework takes, as data: person-weeks of one part of it, and who says so.

Knows the form of ``rules/switching.yaml``. It must not know a team.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge.fields import Part


@dataclass(frozen=True, slots=True)
class SwitchingCost:
    """One part of changing: from a good day to a bad one, in person-weeks."""

    id: str
    low_weeks: float
    high_weeks: float
    source: str
    date: str


def read_switching(part: Part) -> SwitchingCost:
    """One entry of the table; a range that is turned round is a mistake."""
    part.only(("id", "low_weeks", "high_weeks", "source", "date"))
    low, high = (float(part.number(k, 0.0, least=0.0) or 0.0) for k in ("low_weeks", "high_weeks"))
    if high < low:
        part.fail("high_weeks has to be at least low_weeks", "high_weeks")
    return SwitchingCost(part.identifier(), low, high, part.text("source"), part.date("date"))
