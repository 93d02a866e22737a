"""What reading one file gives: findings, framework names in use, or the reason why it was skipped.

These are plain values. They know neither files nor the tables that they were measured against.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from advisor.knowledge.code_signals import CONFIDENCES, Confidence

MAX_PLACES = 50
"""Places of one key and value that are kept of a file and listed in a document; all are counted."""


def at_least_likely(confidence: Confidence) -> bool:
    """Whether a finding is sure enough to answer a question."""
    return confidence != "possible"


def stronger(first: Confidence, second: Confidence) -> Confidence:
    """The more certain of the two."""
    return min(first, second, key=CONFIDENCES.index)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a line of code says.

    `key` is a fact of the vocabulary or a trait (``code.*``, ``version.*``, ``model.size.*``);
    `line` counts from 1; `text` is the line as it stands there, not yet made inert.
    """

    key: str
    value: Any
    file: str
    line: int
    text: str
    confidence: Confidence

    @property
    def group(self) -> tuple[str, str]:
        """Key and value as one hashable thing (values can be lists)."""
        return self.key, repr(self.value)


@dataclass(slots=True)
class Use:
    """How often one file refers to one framework name, and where first."""

    times: int
    line: int


@dataclass(slots=True)
class FileReport:
    """What reading one file gave.

    `product` is false for tests, documentation and benchmarks, which never answer a question by
    themselves. `skipped` says why a file (or a part of it) was not read.
    """

    file: str
    product: bool
    findings: list[Finding] = field(default_factory=list)
    uses: dict[str, Use] = field(default_factory=dict)
    frameworks: frozenset[str] = frozenset()
    python: bool = False
    skipped: str | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _places: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def add(self, key: str, value: Any, line: int, text: str, confidence: Confidence) -> None:
        """Take one finding, once a line; from `MAX_PLACES` places on it is only counted.

        Of two that say the same of one line, the more certain is kept.
        """
        group = (key, repr(value))
        place = (*group, line)
        sure = confidence if self.product else "possible"
        finding = Finding(key, value, self.file, line, text, sure)
        index = self._places.get(place)
        if index is not None:
            if stronger(sure, self.findings[index].confidence) == sure:
                self.findings[index] = finding
            return
        self.counts[group] += 1
        if self.counts[group] <= MAX_PLACES:
            self._places[place] = len(self.findings)
            self.findings.append(finding)

    def forget(self) -> None:
        """Drop everything: reading was given up half-way."""
        self.findings.clear()
        self.uses.clear()
        self.counts.clear()
        self._places.clear()

    def use(self, name: str, line: int) -> None:
        """Count one reference to *name*."""
        use = self.uses.get(name)
        if use is None:
            self.uses[name] = Use(1, line)
        else:
            use.times += 1
