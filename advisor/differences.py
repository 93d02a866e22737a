"""Two recorded decisions beside each other: what differs, and which of it moved the outcome.

Every part that differs (each answer, the rules, the measurements, prices, the date, the seed) is
put into the first record alone and decided again: only what then gives another outcome is said to
move it. Where none alone leads to the second outcome, some are sought that do together.
It must not know how anything is worded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.answers import Answers
from advisor.decide.deciding import outcome
from advisor.evidence import Evidence
from advisor.inputs import Inputs, evidence_sha256, in_order
from advisor.knowledge.model import RuleBase
from advisor.knowledge.package_rules import FACT, WISH, is_of_package, with_package_rules_of
from advisor.knowledge.serialise import rules_sha256
from advisor.record import Record

Outcome = tuple[str, str | None]
"""Status and framework of a decision."""


@dataclass(frozen=True)
class Difference:
    """One part that differs; `then` is the outcome of the first record with this part alone.

    `part` is ``answer``, ``rules``, ``evidence``, ``library``, ``prices``, ``today`` or ``seed``;
    `key` names the answer. `before` and `after` are values of an answer or a date (None: not
    given), else hashes. `needed` where no part alone leads to the second outcome, and this is one
    of those that do together, none of which can be left out alone.
    """

    part: str
    key: str
    before: Any
    after: Any
    then: Outcome
    moves: bool
    needed: bool = False


@dataclass(frozen=True)
class _Swap:
    """One part that differs, and what puts it into inputs."""

    part: str
    key: str
    before: Any
    after: Any
    into: Callable[[Inputs], Inputs]


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
        """Whether the outcomes differ although no part alone leads from one to the other."""
        return self.before != self.after and not any(p.then == self.after for p in self.parts)


def differences(first: Record, second: Record) -> Differences:
    """What *second* has that *first* has not, each part decided again alone."""
    before, after = (outcome(record.inputs) for record in (first, second))
    swaps = list(_swaps(first.inputs, second.inputs))
    parts = [
        Difference(swap.part, swap.key, swap.before, swap.after, then, then != before)
        for swap in swaps
        for then in [_outcome_with(first.inputs, [swap])]
    ]
    if before != after and not any(part.then == after for part in parts):
        together = _together(first.inputs, swaps, after)
        parts = [replace(p, needed=s in together) for p, s in zip(parts, swaps, strict=True)]
    return Differences(before, after, tuple(parts), _rules(first.inputs, second.inputs))


def _outcome_with(inputs: Inputs, swaps: Iterable[_Swap]) -> Outcome:
    for swap in swaps:
        inputs = swap.into(inputs)
    return outcome(inputs)


def _together(inputs: Inputs, swaps: Sequence[_Swap], after: Outcome) -> list[_Swap]:
    """Of *swaps*, some that together lead to *after*, none of which can be left out alone."""
    kept = list(swaps)
    if _outcome_with(inputs, kept) != after:
        return []
    seen = len(kept) + 1
    # Decisions are not monotone: what was needed beside the others may not be without them.
    while len(kept) < seen:
        seen = len(kept)
        for swap in list(kept):
            fewer = [other for other in kept if other is not swap]
            if _outcome_with(inputs, fewer) == after:
                kept = fewer
    return kept


def _swaps(first: Inputs, second: Inputs) -> Iterator[_Swap]:
    """Each part that differs, with what puts the second's into the first."""
    for key in sorted({*_said(first.answers), *_said(second.answers)}):
        old, new = _said(first.answers).get(key), _said(second.answers).get(key)
        if old != new:
            yield _Swap("answer", key, old, new, _of_answer(key, new, second.base))
    yield from _of_rules(first.base, second.base)
    for part in ("evidence", "library"):
        old_hashes, new_hashes = ([evidence_sha256(e) for e in getattr(i, part)]
                                  for i in (first, second))  # fmt: skip
        if old_hashes != new_hashes:
            measured: tuple[Evidence, ...] = getattr(second, part)
            yield _Swap(part, "", old_hashes, new_hashes, _of_field(part, measured))
    for part in ("prices", "today", "seed"):
        old, new = getattr(first, part), getattr(second, part)
        if old != new:
            yield _Swap(part, "", old, new, _of_field(part, new))


def _of_answer(key: str, value: Any, base: RuleBase) -> Callable[[Inputs], Inputs]:
    """What gives the answer *value*; of a package that is named, *base* knows what it means."""

    def into(inputs: Inputs) -> Inputs:
        changed = replace(inputs, answers=_with(inputs.answers, key, value))
        if key not in (FACT, WISH):
            return changed
        return replace(changed, base=with_package_rules_of(inputs.base, base))

    return into


def _of_field(name: str, value: Any) -> Callable[[Inputs], Inputs]:
    return lambda inputs: replace(inputs, **{name: value})


def _of_rules(first: RuleBase, second: RuleBase) -> Iterator[_Swap]:
    """The rules, where they differ in more than what follows from the packages that were named."""
    shared = {rule.id for rule in first.rules} & {rule.id for rule in second.rules}
    old, new = (_rules_sha256(base, shared) for base in (first, second))
    if old != new:

        def into(inputs: Inputs) -> Inputs:
            return replace(inputs, base=with_package_rules_of(second, inputs.base))

        yield _Swap("rules", "", old, new, into)


def _rules_sha256(base: RuleBase, shared: frozenset[str] | set[str]) -> str:
    rules = tuple(r for r in base.rules if r.id in shared or not is_of_package(r.id))
    return rules_sha256(in_order(replace(base, rules=rules)))


def _said(answers: Answers) -> Mapping[str, Any]:
    return {**answers.values, **dict.fromkeys(answers.unknown, "unknown")}


def _with(answers: Answers, key: str, value: Any) -> Answers:
    if value == "unknown":
        return answers.with_unknown(key)
    return answers.with_value(key, value, "typed")


def _rules(first: Inputs, second: Inputs) -> RulesChange:
    old, new = ({rule.id: rule for rule in i.base.rules} for i in (first, second))
    return RulesChange(
        only_before=tuple(sorted(k for k in set(old) - set(new) if not is_of_package(k))),
        only_after=tuple(sorted(k for k in set(new) - set(old) if not is_of_package(k))),
        changed=tuple(sorted(k for k in set(old) & set(new) if old[k] != new[k])),
    )
