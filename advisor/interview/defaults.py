"""Answers that nobody has to type, and the list of those that somebody must give.

Knows the questions and what was detected. It must not know a terminal: this is what runs where
nobody can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.answers import Answers, Value
from advisor.errors import UserError
from advisor.interview.questions import (
    Detected,
    Proposal,
    known_facts,
    open_questions,
    proposal_for,
    settled,
)
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import Question, RuleBase

OF_TRAINING = ("hardware.os", "python")
"""What was found here holds for the machine that trains only if that is this one."""

_SAME = "hardware.same_as_here"


def detected_from(
    facts: Mapping[str, Value], words: Mapping[str, str] | None = None
) -> dict[str, Detected]:
    """What the machine room found, as proposals: *words* says of a fact what exactly was seen."""
    words = words or {}
    return {key: Detected(facts[key], words.get(key, "")) for key in sorted(facts)}


def fill_defaults(base: RuleBase, answers: Answers, detected: Mapping[str, Detected]) -> Answers:
    """*answers* and, for every other question, its detected value or else its default.

    Each added answer carries its source (``detected`` or ``default``); a question without either
    stays open. Questions that a condition may still close are filled last, so that the result
    does not depend on the order of the questions.
    """
    while True:
        facts = known_facts(answers, detected)
        waiting = [
            (question, free)
            for question in open_questions(base, answers, detected)
            if not (question.key in OF_TRAINING and _elsewhere(base, facts))
            and (free := _free(question, base, detected)) is not None
        ]
        if not waiting:
            return answers
        certain = [
            (question, free)
            for question, free in waiting
            if question.skip_when is None or truth_of(question.skip_when, facts) == "false"
        ]
        for question, free in certain or waiting[:1]:
            answers = answers.with_value(question.key, free.value, free.source)


def _elsewhere(base: RuleBase, facts: Mapping[str, Any]) -> bool:
    """Whether the hardware that will train is not here: then nobody is asked if it is alike."""
    same = next((q for q in base.questions if q.key == _SAME), None)
    if same is None or same.skip_when is None or "hardware.train" not in facts:
        return False
    return truth_of(same.skip_when, facts) == "true"


def _free(question: Question, base: RuleBase, detected: Mapping[str, Detected]) -> Proposal | None:
    proposal = proposal_for(question, base.facts[question.key], detected)
    if proposal is None and question.default is not None:
        return Proposal(question.default, "default")
    return proposal


@dataclass(frozen=True)
class Missing:
    """An answer that no decision can do without: its question, and the flag that gives it."""

    key: str
    question: str
    flag: str
    values: tuple[str, ...] = ()


def missing(base: RuleBase, answers: Answers) -> tuple[Missing, ...]:
    """Every required answer that *answers* lacks, all at once, in the order of the questions."""
    lacking = [q for q in base.questions if q.required and not settled(q, answers)]
    return tuple(_missing(q, tuple(base.facts[q.key].values)) for q in lacking)


def _missing(question: Question, values: tuple[str, ...]) -> Missing:
    flag = f"--set {question.key}={values[0] if values else 'VALUE'}"
    return Missing(question.key, question.text, flag, values)


def require(base: RuleBase, answers: Answers) -> None:
    """Refuse answers that lack what every decision needs, naming all of it at once.

    Raises:
        UserError: a required key has no answer and nobody can be asked.
    """
    lacking = missing(base, answers)
    if not lacking:
        return
    keys = ", ".join(entry.key for entry in lacking)
    flags = " ".join(entry.flag for entry in lacking)
    are = "answer is" if len(lacking) == 1 else "answers are"
    choices = [f"{entry.key}: {', '.join(entry.values)}" for entry in lacking if entry.values]
    raise UserError(
        f"{len(lacking)} {are} missing and there is nobody to ask: {keys}",
        hint="\n  ".join([f"give it with {flags}, or in a file with --answers FILE", *choices]),
    )
