"""Two recorded decisions beside each other: what differs, and which of it moved the outcome.

Every part that differs (each answer, the rules, the measurements, the date, the seed) is put into
the first record alone and decided again: only what then gives another outcome is said to move it.
It must not know how anything is worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from advisor.answers import Answers
from advisor.decide.deciding import decide
from advisor.decision import Decision
from advisor.inputs import Inputs, evidence_sha256, in_order
from advisor.knowledge.serialise import rules_sha256
from advisor.record import Record

Outcome = tuple[str, str | None]
"""Status and framework of a decision."""


@dataclass(frozen=True)
class Difference:
    """One part that differs; `then` is the outcome of the first record with this part alone.

    `part` is ``answer``, ``rules``, ``evidence``, ``today`` or ``seed``; `key` names the answer.
    `before` and `after` are values of an answer or a date (None: not given), else hashes.
    """

    part: str
    key: str
    before: Any
    after: Any
    then: Outcome
    moves: bool


@dataclass(frozen=True)
class RulesChange:
    """Ids of the rules that only one record has, and of those that say something else."""

    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Differences:
    """Everything in which two records differ; `together` is whether no part alone explains it."""

    before: Outcome
    after: Outcome
    parts: tuple[Difference, ...]
    rules: RulesChange

    @property
    def together(self) -> bool:
        """Whether the outcomes differ although no part alone moves it."""
        return self.before != self.after and not any(part.moves for part in self.parts)


def outcome_of(decision: Decision) -> Outcome:
    """Status and framework."""
    return decision.status, decision.recommended.framework


def differences(first: Record, second: Record) -> Differences:
    """What *second* has that *first* has not, each part decided again alone."""
    before = outcome_of(decide(first.inputs))
    parts = [
        Difference(part, key, old, new, then, then != before)
        for part, key, old, new, changed in _swaps(first.inputs, second.inputs)
        for then in [outcome_of(decide(changed))]
    ]
    after = outcome_of(decide(second.inputs))
    return Differences(before, after, tuple(parts), _rules(first.inputs, second.inputs))


def _swaps(first: Inputs, second: Inputs) -> Iterator[tuple[str, str, Any, Any, Inputs]]:
    """Each part that differs, and the first inputs with that part alone from the second."""
    for key in sorted({*_said(first.answers), *_said(second.answers)}):
        old, new = _said(first.answers).get(key), _said(second.answers).get(key)
        if old != new:
            yield "answer", key, old, new, replace(first, answers=_with(first.answers, key, new))
    old_rules, new_rules = (rules_sha256(in_order(i.base)) for i in (first, second))
    if old_rules != new_rules:
        yield "rules", "", old_rules, new_rules, replace(first, base=second.base)
    hashes = [[evidence_sha256(e) for e in i.evidence] for i in (first, second)]
    if hashes[0] != hashes[1]:
        old, new = hashes
        yield "evidence", "", old, new, replace(first, evidence=second.evidence)
    if first.today != second.today:
        yield "today", "", first.today, second.today, replace(first, today=second.today)
    if first.seed != second.seed:
        yield "seed", "", first.seed, second.seed, replace(first, seed=second.seed)


def _said(answers: Answers) -> Mapping[str, Any]:
    return {**answers.values, **dict.fromkeys(answers.unknown, "unknown")}


def _with(answers: Answers, key: str, value: Any) -> Answers:
    if value == "unknown":
        return answers.with_unknown(key)
    return answers.with_value(key, value, "typed")


def _rules(first: Inputs, second: Inputs) -> RulesChange:
    old, new = ({rule.id: rule for rule in i.base.rules} for i in (first, second))
    return RulesChange(
        only_before=tuple(sorted(set(old) - set(new))),
        only_after=tuple(sorted(set(new) - set(old))),
        changed=tuple(sorted(k for k in set(old) & set(new) if old[k] != new[k])),
    )
