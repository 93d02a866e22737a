"""The review: all answers on one screen before anything is decided by them.

Any of them can be given again, the project can be named, and whoever wants to can answer more. It
must not know how a question looks nor how its worth is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from advisor.answers import Answers
from advisor.interview.asking import Asker, Frame, Menu, MenuOption, Turn
from advisor.interview.forms import Given
from advisor.interview.menu_words import PROJECT, more_line, project_line, review_line
from advisor.interview.questions import Detected
from advisor.knowledge.model import Question, RuleBase

MORE = 4
"""So many more are asked of whoever wants to answer them; again and again, while any matters."""

NAME = Question(
    key=PROJECT,
    text="What is the project called?",
    why="The name heads the report and counts for nothing.",
)


class Walk(Protocol):
    """An interview that can be reviewed; `advisor.interview.session` has it."""

    base: RuleBase
    detected: Mapping[str, Detected]
    asker: Asker
    answers: Answers
    budget: int
    past: list[Any]
    replies: dict[str, Given | Turn]

    @property
    def live(self) -> Callable[[], str | None]:
        """One line about work that goes on meanwhile, or None."""

    @property
    def objections(self) -> Callable[[Answers], Sequence[str]]:
        """What does not fit together in some answers, one sentence each."""

    def run(self) -> None:
        """Ask until nothing is worth asking, or the budget is spent."""

    def left(self) -> tuple[Question, ...]:
        """The questions that could still be asked."""

    def worth_most(self, left: Sequence[Question]) -> Question | None:
        """Of *left*, the question whose answer is worth most; None where none is worth asking."""

    def put(
        self, question: Question, earlier: Given | Turn | None, position: str = ""
    ) -> Given | Turn:
        """Ask *question* on a screen of its own; *earlier* is what was replied before."""

    def take(self, key: str, reply: Given | Turn) -> None:
        """Take the *reply* to the question about *key*."""


def review(walk: Walk, assumed: Callable[[Answers], Answers]) -> None:
    """All answers of *walk* on one screen, until somebody decides by them.

    *assumed* adds what was detected or is a default: it is shown too, and stays not confirmed until
    somebody gives it.
    """
    while True:
        shown = _named(walk, assumed(walk.answers))
        keys = {*shown.values, *shown.unknown}
        listed = [NAME, *(q for q in walk.base.questions if q.key in keys)]
        more = _more(walk)
        picked = walk.asker.choose(_menu(walk, listed, shown, more))
        if isinstance(picked, Turn) or picked == (0,):
            walk.answers = replace(walk.answers, project=shown.project)
            return
        if more and picked == (1,):
            walk.budget = len(walk.past) + MORE
            walk.run()
            continue
        _again(walk, listed[picked[0] - (2 if more else 1)], shown)


def _again(walk: Walk, question: Question, shown: Answers) -> None:
    """Ask *question* again, with the answer that is shown proposed."""
    value = shown.project if question.key == PROJECT else shown.values.get(question.key)
    source = shown.sources.get(question.key, "typed")
    earlier = Turn.NOT_SURE if value is None else Given(value, source)
    reply = walk.put(question, earlier, position="Again")
    if reply is Turn.BACK:
        return
    if isinstance(reply, Given):
        reply = replace(reply, source="typed")
    walk.take(question.key, reply)


def _named(walk: Walk, answers: Answers) -> Answers:
    """*answers* with a name for the project: the one given, else the one proposed."""
    proposed = walk.detected.get(PROJECT)
    if answers.project is not None or PROJECT in walk.replies or proposed is None:
        return answers
    return replace(answers, project=str(proposed.value))


def _more(walk: Walk) -> int:
    """How many more questions could be asked now, of which the first still matters."""
    left = walk.left()
    return min(len(left), MORE) if left and walk.worth_most(left) is not None else 0


def _menu(walk: Walk, listed: Sequence[Question], shown: Answers, more: int) -> Menu:
    lines = [
        project_line(shown.project)
        if q.key == PROJECT
        else review_line(walk.base.facts[q.key], q, shown, confirmed=q.key in walk.replies)
        for q in listed
    ]
    frame = Frame(
        position="Review",
        text="Decide by these answers?",
        why=" ".join(
            ["Enter decides; choose an answer to give it again.", *walk.objections(shown)]
        ),
        live=walk.live,
    )
    options = (
        MenuOption(label="Decide"),
        *([MenuOption(label=more_line(more))] if more else []),
        *(MenuOption(label=line) for line in lines),
    )
    return Menu(frame=frame, options=options, pointed=0)
