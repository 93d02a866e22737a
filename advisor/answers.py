"""Answers: what the team said, where each value came from, and the file that replays them.

Knows the answers document (``fw-advisor/answers@1``) and its precedence: flag over typed over
file over detected over default. It must not know how a question is asked. The closed list of
keys and values is the vocabulary's (rules/vocabulary.yaml), handed in by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from advisor.code_reading import efforts

SCHEMA = "fw-advisor/answers@1"

Source = Literal["typed", "flag", "file", "detected", "default"]
Value = str | bool | float | list[str] | dict[str, Any]

TIE = "="
"""Joins equals in a ranking: ``priorities: [ecosystem, team=performance, risk]``."""


def ranks_of(ranking: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The ranks of *ranking*, highest first; each holds one entry, or several that are tied."""
    return tuple(tuple(name.strip() for name in rank.split(TIE)) for rank in ranking)


@dataclass(frozen=True)
class Answers:
    """Known answers by key; a key that is absent (or ``unknown`` in a file) is not known.

    `unknown` holds, sorted, the keys that somebody was asked and could not answer: they are
    written as ``unknown`` and never asked again. `pythons` names the interpreter to measure each
    framework with (``torch``, ``jax``): where to look, not what to decide by, so it stands in the
    file and in no record. So does `given`, the ISO date of the answers: a decision without
    evidence is dated by it. `code` is what was read of the team's code base
    (`advisor.code_reading`), empty where none was.
    """

    project: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    pythons: Mapping[str, str] = field(default_factory=dict)
    given: str | None = None
    code: Mapping[str, Any] = field(default_factory=dict)

    def with_code(self, reading: Mapping[str, Any]) -> Answers:
        """A copy with what was read of the code base, and what moving it would take as answers."""
        answers = replace(self, code=reading)
        for key, effort in efforts(reading).items():
            answers = answers.with_value(key, effort, "detected")
        return answers

    def with_value(self, key: str, value: Value | None, source: Source) -> Answers:
        """A copy in which *key* has *value*; None takes the answer back."""
        values = {k: v for k, v in self.values.items() if k != key}
        sources = {k: v for k, v in self.sources.items() if k != key}
        if value is not None:
            values[key] = value
            sources[key] = source
        unknown = tuple(k for k in self.unknown if k != key)
        return replace(self, values=values, sources=sources, unknown=unknown)

    def with_unknown(self, key: str) -> Answers:
        """A copy in which *key* was asked and could not be answered."""
        without = self.with_value(key, None, "typed")
        unknown = tuple(sorted({*without.unknown, key}))
        return replace(without, unknown=unknown)

    def to_dict(self) -> dict[str, Any]:
        """The document as it is written: keys sorted, sources beside the answers."""
        said: dict[str, Any] = {**self.values, **dict.fromkeys(self.unknown, "unknown")}
        return {
            "schema": SCHEMA,
            "project": self.project,
            "answers": {k: said[k] for k in sorted(said)},
            "sources": {k: self.sources[k] for k in sorted(self.sources)},
            **({"code": self.code} if self.code else {}),
        }
