"""The interview with somebody who knows what stands in a scenario and is not sure of the rest.

Where a question has a default (no package is needed, no special transformation), that is what this
person says. What is asked goes through the real walk; only the terminal is played.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from advisor.answers import Answers
from advisor.cli.interviewing import RANKING_SAMPLES
from advisor.decide.information import is_clear, rank_questions
from advisor.inputs import Inputs
from advisor.interview import session
from advisor.interview.asking import Menu, TextEntry, Turn
from advisor.interview.defaults import fill_defaults
from advisor.interview.forms import NONE, NOT_SURE
from advisor.interview.menu_words import PROJECT, label_of
from advisor.knowledge.model import RuleBase
from tests.scenarios.cases import Scenario
from tests.scenarios.judging import TODAY, decision_for, outcome_of

_OTHER_NUMBER = "Another number"
_TYPE_NAMES = "Yes, I type their names"
_NO_NAMES = "None"
_NO_PREFERENCE = "No preference"


@dataclass
class Player:
    """A terminal at which a scenario's answers are given, and ``Not sure`` where there is none.

    `asked` holds the key of every question put, in order; the project's name is one of them.
    """

    base: RuleBase
    answers: Mapping[str, Any]
    asked: list[str] = field(default_factory=list)

    def say(self, lines: Sequence[str]) -> None:
        """Nobody reads."""

    def held(self) -> AbstractContextManager[None]:
        """There is no terminal to keep."""
        return nullcontext()

    def choose(self, menu: Menu) -> tuple[int, ...] | Turn:
        """The options with the scenario's answer."""
        key = self._key(menu.frame.text)
        labels = [option.label for option in menu.options]
        return tuple(labels.index(label) for label in self._labels(key, labels))

    def enter(self, entry: TextEntry) -> str | Turn:
        """A typed answer; the project has no name."""
        key = self._key(entry.frame.text)
        value = self.answers.get(key, "")
        return ", ".join(value) if isinstance(value, list) else str(value)

    def _key(self, text: str) -> str:
        keys = {q.text: q.key for q in self.base.questions}
        key = keys.get(text, PROJECT)
        if key not in self.asked:
            self.asked.append(key)
        return key

    def _labels(self, key: str, labels: Sequence[str]) -> list[str]:
        value = self.answers.get(key)
        if value is None:
            return [NOT_SURE.label]
        fact = self.base.facts[key]
        if fact.kind == "names":
            return [_TYPE_NAMES if value else _NO_NAMES]
        if isinstance(value, list):
            nothing = _NO_PREFERENCE if fact.kind == "ranking" else NONE.label
            return [label_of(fact, v) for v in value] or [nothing]
        label = label_of(fact, value)
        return [label if label in labels else _OTHER_NUMBER]


@dataclass(frozen=True)
class Interviewed:
    """What an interview asked, and whether stopping there changed the outcome.

    Attributes:
        asked: The keys in the order asked, with the project's name.
        outcome: From the answers that were asked for, and the defaults that an interview fills in.
        outcome_of_all: From all answers of the scenario.
    """

    scenario: Scenario
    asked: tuple[str, ...]
    outcome: str
    outcome_of_all: str
    left_out: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether the answers that nobody asked for would have changed the outcome."""
        return self.outcome != self.outcome_of_all


def interviewed(scenario: Scenario, base: RuleBase) -> Interviewed:
    """The interview of *scenario*, on a machine of which nothing is detected."""
    told = scenario.answers_in(base)
    everything = fill_defaults(base, told, {})
    player = Player(base, everything.values)

    def inputs(answers: Answers) -> Inputs:
        return Inputs(answers=answers, evidence=(), base=base, today=TODAY)

    def rank(answers: Answers, keys: Sequence[str]) -> list[tuple[str, float]]:
        return rank_questions(inputs(answers), keys, samples=RANKING_SAMPLES)

    with _own_state():
        said = session.run(
            base,
            Answers(),
            {},
            asker=player,
            rank=rank,
            on_answer=lambda _: None,
            live=lambda: None,
            clear=lambda answers: is_clear(inputs(answers), samples=RANKING_SAMPLES),
            measures=False,
        )
    return Interviewed(
        scenario=scenario,
        asked=tuple(player.asked),
        outcome=_outcome(fill_defaults(base, said, {}), base),
        outcome_of_all=_outcome(everything, base),
        left_out=tuple(sorted(set(told.values) - set(player.asked))),
    )


@contextmanager
def _own_state() -> Iterator[None]:
    """An interview keeps its answers; nobody's own stopped one may be overwritten here."""
    with TemporaryDirectory() as place, patch.dict(os.environ, FW_ADVISOR_STATE_DIR=place):
        yield


def _outcome(answers: Answers, base: RuleBase) -> str:
    return outcome_of(decision_for(answers, base))
