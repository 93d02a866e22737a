"""How far a run is, as values: a stage's id and what it is about. Words are made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Progress:
    """Seconds done of about how many, and what is being done: a stage's id with its values.

    The total is 0 where nobody knows it. `settled` of so many `comparisons` need no launch more.
    """

    done_s: float
    total_s: float
    stage: str
    values: Mapping[str, Any] = field(default_factory=dict)
    settled: int = 0
    comparisons: int = 0

    @property
    def probe(self) -> str:
        """The workload and size that is worked on, ``WORKLOAD/SIZE``; empty between them."""
        return str(self.values.get("item", ""))


class Tick(Protocol):
    """Called with a stage's id, and by name with what the stage is about."""

    def __call__(self, stage: str, /, **values: Any) -> None:
        """Say that *stage* begins."""


OnProgress = Callable[[Progress], None]


def silent(stage: str, /, **values: Any) -> None:
    """A `Tick` that tells nobody."""
    del stage, values


def unreported(progress: Progress) -> None:
    """An `OnProgress` that goes nowhere."""
    del progress
