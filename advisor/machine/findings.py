"""One finding of doctor, and what is needed to make one: the words only, no looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from advisor.machine.mends import Mends
from advisor.text import private

Severity = Literal["ok", "warning", "problem"]
AREAS = (
    "python",
    "pytorch",
    "jax",
    "accelerator",
    "cpu",
    "quota",
    "memory",
    "disk",
    "battery",
    "load",
    "compiler",
    "environment",
    "lock",
    "terminal",
)


@dataclass(frozen=True)
class Finding:
    """What was found in one area, and what mends it.

    Args:
        id: ``AREA.WORD``, stable.
        area: One of `AREAS`.
        severity: ``problem``: measuring or deciding here goes wrong or is not possible;
            ``warning``: it works, but worse than it could.
        text: One line, nothing private in it.
        mend: A command, or what else to do; None where nothing needs mending.
    """

    id: str
    area: str
    severity: Severity
    text: str
    mend: str | None = None

    def document(self) -> dict[str, str | None]:
        """The finding as it stands in ``doctor --json``."""
        return {
            "id": self.id,
            "area": self.area,
            "severity": self.severity,
            "text": self.text,
            "mend": self.mend,
        }


@dataclass(frozen=True)
class Bench:
    """Makes findings: knows the mends and what holds on this machine."""

    mends: Mends
    context: Mapping[str, Sequence[str]]

    def under(self, python: str | None) -> Bench:
        """The same for an interpreter of version *python*."""
        return replace(self, context={**self.context, "python": (python,)}) if python else self

    def ok(self, area: str, text: str) -> Finding:
        """All is well in *area*."""
        return Finding(f"{area}.ok", area, "ok", private(text))

    def warning(self, finding: str, text: str, **fills: str) -> Finding:
        """It works, but worse than it could."""
        return self._make(finding, "warning", text, fills)

    def problem(self, finding: str, text: str, **fills: str) -> Finding:
        """Something does not work."""
        return self._make(finding, "problem", text, fills)

    def _make(
        self, finding: str, severity: Severity, text: str, fills: Mapping[str, str]
    ) -> Finding:
        shown = {key: private(value) for key, value in fills.items()}
        mend = self.mends.for_finding(finding, self.context, **shown)
        return Finding(finding, finding.partition(".")[0], severity, private(text), mend)
