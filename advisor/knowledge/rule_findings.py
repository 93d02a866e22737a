"""What a reviewer of rules is told: one finding, its place, and what to do.

It must not know how findings are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advisor.errors import UserError, UserErrorGroup

Severity = Literal["error", "warning", "info"]
ORDER: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, kw_only=True)
class RuleFinding:
    """One finding. `id` names its kind and stays the same; `rules` are those it is about."""

    id: str
    severity: Severity
    text: str
    where: str = ""
    hint: str = ""
    rules: tuple[str, ...] = ()


def from_errors(error: UserError) -> tuple[RuleFinding, ...]:
    """The mistakes that kept a rule base from loading, as findings."""
    errors = error.errors if isinstance(error, UserErrorGroup) else [error]
    return tuple(
        RuleFinding(id="load", severity="error", text=e.message, where=e.where or "", hint=e.hint)
        for e in errors
    )
