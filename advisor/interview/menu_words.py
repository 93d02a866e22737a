"""Answers in words: labels of values, numbers, and the lines of the opening and the summary.

Knows the vocabulary's labels only; it must not know how an answer was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.answers import Answers, Source, ranks_of
from advisor.knowledge.model import Fact, Question, RuleBase

PROJECT = "project"

_SOURCES: dict[Source, str] = {
    "typed": "",
    "flag": "from the command line",
    "file": "from the file",
    "detected": "detected",
    "default": "default",
}


def number_words(number: float) -> str:
    """*number* without a needless fraction, thousands apart: ``100,000``."""
    return f"{number:,.0f}" if number == int(number) else f"{number:g}"


def label_of(fact: Fact, value: Any) -> str:
    """*value* as a person reads it."""
    if isinstance(value, bool):
        return fact.values.get(str(value).lower(), "Yes" if value else "No")
    if isinstance(value, (int, float)):
        unit = f" {fact.unit}" if fact.unit else ""
        return f"{number_words(value)}{unit}"
    if isinstance(value, list) and fact.kind == "ranking":
        return ", ".join(tied(fact, rank) for rank in ranks_of(value)) or "no preference"
    if isinstance(value, list):
        return ", ".join(label_of(fact, v) for v in value) or "none"
    return fact.values.get(value, str(value))


def tied(fact: Fact, rank: Sequence[str]) -> str:
    """The labels of one rank, with an equals sign between those that are tied."""
    return " = ".join(label_of(fact, value) for value in rank)


def answer_line(fact: Fact, question: Question, answers: Answers) -> str:
    """``Title: answer (source)`` for one key that has been answered or was not known."""
    key = question.key
    if key not in answers.values:
        return f"{fact.title}: not sure"
    value = answers.values[key]
    offered = dict(question.offers).get(value) if isinstance(value, (int, float)) else None
    source = _SOURCES[answers.sources.get(key, "typed")]
    return f"{fact.title}: {offered or label_of(fact, value)}" + (f" ({source})" if source else "")


def project_line(name: Any) -> str:
    """What the project is called."""
    return f"Project: {name or 'no name'}"


def summary(base: RuleBase, answers: Answers) -> list[str]:
    """What was answered, one line each, in the order of the rule base."""
    keys = {**answers.values, **dict.fromkeys(answers.unknown)}
    lines = [
        f"  {answer_line(base.facts[q.key], q, answers)}" for q in base.questions if q.key in keys
    ]
    head = f"Answers for {answers.project}" if answers.project else "Answers"
    return [head, *lines] if lines else []


def opening(surroundings: Sequence[str], limit: int, taken_up: int = 0) -> list[str]:
    """How the interview goes (*taken_up* answers are there already), and what was found here.

    What was found comes last and close together: on 24 rows the first menu leaves three lines
    above it in sight, and those should be the problems.
    """
    kept = f"Going on after {taken_up} answer{'' if taken_up == 1 else 's'}. " if taken_up else ""
    return [
        "fw-advisor: PyTorch or JAX, with reasons",
        f"{kept}At most {limit} questions, fewer where no answer can change the result.",
        *(f"  {line}" for line in surroundings),
        "",
    ]


def spared(left: int, *, budget_spent: bool, unsure: int = 0) -> list[str]:
    """How many questions were not asked, and why; *unsure*: how many answers nobody knew."""
    if not left:
        return []
    questions = f"{left} question{'' if left == 1 else 's'}"
    if budget_spent:
        return [f"Those that matter most are answered: {questions} left out."]
    if unsure:
        open_ones = f"{unsure} answer{'' if unsure == 1 else 's'}"
        return [
            f"{open_ones} not known; {questions} not asked, each of which alone changes little."
        ]
    return [f"No other answer is likely to change the result: {questions} spared."]


def review_line(fact: Fact, question: Question, answers: Answers, *, confirmed: bool) -> str:
    """One answer in the review: what nobody *confirmed* or gave says so."""
    line = answer_line(fact, question, answers)
    source = answers.sources.get(question.key, "typed")
    given = confirmed or source not in ("detected", "default")
    return line if given else f"{line}, not confirmed"


def more_line(count: int) -> str:
    """The offer of *count* more questions before deciding."""
    return f"Answer {count} more question{'' if count == 1 else 's'} first"


def waiting_lines(key: str, titles: Sequence[str]) -> list[str]:
    """The rules that wait for the answer *key*, one line each, and the flag that gives it."""
    if key == PROJECT:
        return ["No rule waits for this answer."]
    flag = f" (--set {key}=...)"
    if not titles:
        return [f"No rule waits for this answer; it enters the decision directly{flag}."]
    rules = "1 rule waits" if len(titles) == 1 else f"{len(titles)} rules wait"
    return [f"{rules} for this answer{flag}:", *(f"  {title}" for title in titles)]
