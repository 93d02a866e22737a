"""The record: a decision with everything it was made from, as one replayable document.

Knows how a decision is frozen, thawed and replayed. It must not measure, ask or render, and has
no clock: dates are in its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from pydantic import ValidationError

from advisor.answers import Answers, Source
from advisor.answers_io import answers_from
from advisor.decide.checking import CheckResult, still_holds
from advisor.decide.deciding import decide
from advisor.decision import SCHEMA, Decision
from advisor.errors import UserError
from advisor.evidence import Evidence
from advisor.evidence_io import check_schema_id, evidence_from, validation_error
from advisor.inputs import (
    Inputs,
    answers_sha256,
    base_sha256,
    evidence_sha256,
    in_order,
    packages_named,
    slim,
)
from advisor.jsonio import canonical_bytes
from advisor.knowledge.model import RuleBase
from advisor.knowledge.serialise import from_data, questions_data, to_data
from advisor.prices import prices_from_record

__all__ = [
    "CheckResult",
    "Inputs",
    "Record",
    "check",
    "freeze",
    "replay",
    "replay_findings",
    "thaw",
]

_UNCHANGED = "give the decision.json as advise or interview wrote it, not changed by hand"

Word = Callable[[Decision, Inputs], Decision]
"""What fills in the words of a decision; rendering has it."""

_PARTS = ("answers", "evidence", "rules", "today", "created", "seed", "samples", "tool_version")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A decision and what it was made from (evidence without its raw samples)."""

    inputs: Inputs
    decision: Decision


def freeze(record: Record) -> dict[str, Any]:
    """The decision document with ``made_from``: all that replaying it needs."""
    inputs = record.inputs
    return {
        **record.decision.to_dict(),
        "made_from": {
            "answers": inputs.answers.to_dict(),
            "evidence": [slim(e) for e in inputs.evidence],
            **_more(inputs),
            "rules": _rules_data(in_order(inputs.base), packages_named(inputs.answers)),
            "today": inputs.today,
            "created": inputs.created,
            "seed": inputs.seed,
            "samples": inputs.samples,
            "tool_version": inputs.tool_version,
        },
    }


def _more(inputs: Inputs) -> dict[str, Any]:
    """What only some decisions are made from."""
    library = [slim(e) for e in inputs.library]
    prices = {kind: price.to_dict() for kind, price in inputs.prices.items()}
    return {k: v for k, v in (("library", library), ("prices", prices)) if v}


def _rules_data(base: RuleBase, packages: Sequence[str]) -> dict[str, Any]:
    """All rules without their tests, the packages named, and the questions.

    The questions are there because a status depends on their importance.
    """
    compact = to_data(base, rules=[rule.id for rule in base.rules], packages=packages)
    return {**compact, "questions": questions_data(base)}


def thaw(data: Any, name: str) -> Record:
    """The record in *data*; *name* is what errors call it.

    Raises:
        UserError: another document, a later major version, or a record whose parts are missing
            or cannot be what fw-advisor wrote.
    """
    check_schema_id(data, SCHEMA, name)
    made = data.get("made_from")
    lacking = [p for p in _PARTS if p not in made] if isinstance(made, dict) else ["made_from"]
    if lacking or not isinstance(made, dict):
        raise UserError(
            f"holds a decision without what it was made from ({', '.join(lacking)})",
            hint="give the decision.json that advise or interview wrote, unshortened",
            where=name,
        )
    try:
        decision = Decision.model_validate(data)
    except ValidationError as error:
        raise validation_error(error, name) from error
    return Record(inputs=_inputs(made, name), decision=decision)


def _inputs(made: dict[str, Any], name: str) -> Inputs:
    shapes = {"seed": int, "samples": int, "evidence": list, "rules": dict, "library": list}
    for key, kind in shapes.items():
        value = made.get(key, [] if key == "library" else None)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UserError(
                f"made_from.{key} is not what fw-advisor writes", hint=_UNCHANGED, where=name
            )
    if not 100 <= made["samples"] <= 1_000_000:
        raise UserError(
            f"made_from.samples is {made['samples']}, which is absurd", hint=_UNCHANGED, where=name
        )
    try:
        date.fromisoformat(made["today"])
    except (TypeError, ValueError) as error:
        raise UserError("made_from.today is not a date", hint=_UNCHANGED, where=name) from error
    base = _rules(made["rules"], name)
    return Inputs(
        answers=_answers(made["answers"], base, name),
        evidence=tuple(evidence_from(e, name=name) for e in made["evidence"]),
        base=base,
        library=tuple(evidence_from(e, name=name) for e in made.get("library", [])),
        prices=prices_from_record(made.get("prices") or {}, name=name),
        today=str(made["today"]),
        created=str(made["created"]),
        seed=made["seed"],
        samples=made["samples"],
        tool_version=str(made["tool_version"]),
    )


def _rules(data: dict[str, Any], name: str) -> RuleBase:
    try:
        return from_data(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"its rules cannot be read back ({type(error).__name__})",
            hint="the record was changed, or made by another version of fw-advisor",
            where=name,
        ) from error


def _answers(data: Any, base: RuleBase, name: str) -> Answers:
    answers = answers_from(data, base, name)
    given = data.get("sources") or {}
    words = get_args(Source)
    sources = {k: v for k, v in given.items() if k in answers.values and v in words}
    return replace(answers, sources=sources)


def replay(record: Record, word: Word) -> Decision:
    """The decision made again from the record's own inputs, and worded again."""
    return word(decide(record.inputs), record.inputs)


def replay_findings(record: Record, word: Word) -> list[dict[str, Any]]:
    """In which ways *record* is not what its own inputs lead to; none where it replays exactly.

    Each holds either the ``part`` whose hash is another, or the ``fields`` of the decision, words
    included, that come out differently.
    """
    inputs, stated = record.inputs, record.decision.replay
    hashes = (
        ("answers", stated.answers_sha256, answers_sha256(inputs.answers)),
        ("evidence", stated.evidence_sha256, [evidence_sha256(e) for e in inputs.evidence]),
        ("library", stated.library_sha256, [evidence_sha256(e) for e in inputs.library]),
        ("rules", stated.rules_sha256, base_sha256(inputs)),
    )
    findings: list[dict[str, Any]] = [
        {"part": part} for part, named, computed in hashes if named != computed
    ]
    again, before = replay(record, word).to_dict(), record.decision.to_dict()
    if canonical_bytes(again) != canonical_bytes(before):
        findings.append({"fields": [k for k in before if before[k] != again.get(k)]})
    return findings


def check(
    record: Record,
    *,
    base: RuleBase,
    evidence: Sequence[Evidence] | None,
    today: str,
    word: Word,
) -> CheckResult:
    """Whether *record* is what it says, and whether it still holds.

    Args:
        record: The decision and what it was made from.
        base: Today's rules.
        evidence: Today's measurements; None takes those of the record.
        today: ISO date that decides what has expired.
        word: What words a decision, so that a changed sentence is noticed too.
    """
    inputs = record.inputs
    now = replace(
        inputs,
        base=base,
        evidence=inputs.evidence if evidence is None else tuple(evidence),
        today=today,
    )
    return still_holds(record.decision, inputs, now, replay_findings(record, word))
