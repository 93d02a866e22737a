"""The walk through the interview: which question is next, what was answered, and the way back.

Knows the order of things: the task first, then whatever can still change the decision most. The
project's name stands among the answers that are reviewed, or is asked for last without a review.
It must not know how a question looks (`forms`, `asking`) nor how its worth is computed (*rank*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.answers import Answers
from advisor.errors import InterruptedRunError
from advisor.interview import saving
from advisor.interview.asking import Asker, Frame, TextEntry, Turn
from advisor.interview.forms import Form, Given, ask
from advisor.interview.menu_words import (
    PROJECT,
    answer_line,
    opening,
    project_line,
    spared,
    summary,
    waiting_lines,
)
from advisor.interview.questions import (
    Detected,
    known_facts,
    most_valuable,
    names_in_rules,
    open_questions,
    proposal_for,
    waiting_titles,
    worth_at_least,
)
from advisor.interview.reviewing import NAME, review
from advisor.interview.sizes import (
    MODEL,
    PRESET,
    ask_size,
    family_of,
    guess,
    with_model_reply,
)
from advisor.interview.stopping import leave_at_once_on_next_interrupt
from advisor.knowledge.evaluate import truth_of
from advisor.knowledge.model import Question, RuleBase

BUDGET = 8
"""The most questions before all answers are reviewed."""

FIRST = "task"
CORE = ("hardware.train", "team.pytorch", "team.jax", "stage", "must_use", "codebase")
"""Asked even of somebody whose other answers make the outcome clear: each could turn it round."""

ESSENTIAL = ("hardware.train", "team.pytorch", "team.jax")
"""There is always room for these, whatever else is worth more by itself."""

Rank = Callable[[Answers, Sequence[str]], Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class AskedQuestion:
    """One question that was answered: the answers before it, and the reply."""

    question: Question
    before: Answers
    reply: Given | Turn


@dataclass(kw_only=True)
class Walk:
    """One interview in progress. `past` holds its steps, the last of which can be taken back.

    `replies` remembers what was last said to each question, so that whoever goes back and forth
    again only confirms. What will be `reviewed` needs no question about the project's name.
    """

    base: RuleBase
    detected: Mapping[str, Detected]
    asker: Asker
    rank: Rank
    on_answer: Callable[[Answers], None]
    live: Callable[[], str | None]
    waiting: Callable[[str], Sequence[str]] | None
    budget: int
    answers: Answers
    reviewed: bool = False
    clear: Callable[[Answers], bool] = field(default=lambda _: False)
    past: list[AskedQuestion] = field(default_factory=list)
    replies: dict[str, Given | Turn] = field(default_factory=dict)
    budget_spent: bool = False
    saved: bool = True
    objections: Callable[[Answers], Sequence[str]] = lambda _: ()
    measures: bool = True

    def run(self) -> None:
        """Ask until nothing is worth asking."""
        again: Question | None = None
        while True:
            question = again or self._next()
            if question is None:
                return
            reply = self.put(question, self.replies.get(question.key))
            if reply is Turn.BACK:
                again = question
                if self.past:
                    step = self.past.pop()
                    again = step.question
                    self.move_to(step.before)
                continue
            again = None
            if question.key == MODEL and reply != self.replies.get(MODEL):
                # What was said of another family's size is no answer any more.
                self.replies.pop(PRESET, None)
            self.past.append(AskedQuestion(question, self.answers, reply))
            self.take(question.key, reply)

    def take(self, key: str, reply: Given | Turn) -> None:
        """Take the *reply* to the question about *key*, and tell at once what no longer fits."""
        self.replies[key] = reply
        before = self.objections(self.answers)
        self.move_to(with_reply(self.answers, key, reply))
        self.object_to(line for line in self.objections(self.answers) if line not in before)

    def object_to(self, objections: Iterable[str]) -> None:
        """Tell what does not fit together; the last answer can be taken back."""
        lines = [f"! {line}" for line in objections]
        if lines:
            self.asker.say(lines)

    def take_up(self) -> None:
        """Make steps of the answers that an earlier interview was given, to go back to them."""
        given = self.answers
        keys = _asked_earlier(given)
        order = saving.order()
        asked = sorted(
            (q for q in self.base.questions if q.key in keys),
            key=lambda q: order.index(q.key) if q.key in order else len(order),
        )
        for question in asked:
            self.answers = self.answers.with_value(question.key, None, "typed")
        for question in asked:
            value = given.values.get(question.key)
            reply: Given | Turn = Turn.NOT_SURE
            if value is not None:
                reply = Given(value, given.sources.get(question.key, "typed"))
            self.past.append(AskedQuestion(question, self.answers, reply))
            self.replies[question.key] = reply
            self.answers = with_reply(self.answers, question.key, reply)

    def everything_said(self) -> Answers:
        """The answers, and those beyond the point that somebody went back to."""
        said = self.answers
        for key, reply in self.replies.items():
            said_now = said.project if key == PROJECT else said.values.get(key)
            if said_now is None and key not in said.unknown:
                said = with_reply(said, key, reply)
        return said

    def left(self) -> tuple[Question, ...]:
        """The questions that could still be asked."""
        questions = open_questions(self.base, self.answers, self.detected)
        return tuple(q for q in questions if self.measures or q.key not in (MODEL, PRESET))

    def _next(self) -> Question | None:
        left = self.left()
        first = next((q for q in left if q.key == FIRST), None)
        if first is not None:
            return first
        name_open = (
            not self.reviewed and self.answers.project is None and not self._has_asked(PROJECT)
        )
        if self._has_asked(PROJECT):
            return None
        essential = [q for q in left if q.key in ESSENTIAL]
        room = self.budget - len(self.past)
        if essential and 0 < room <= len(essential):
            return essential[0]
        chosen = self.worth_most(left) if left else None
        spent = self._number() > self.budget - (1 if name_open else 0)
        self.budget_spent = spent and chosen is not None
        if chosen is not None and not spent:
            return chosen
        late = self._decisive(left)
        if late is not None:
            return late
        return NAME if name_open and self.past else None

    def _decisive(self, left: Sequence[Question]) -> Question | None:
        """What the answers so far make decisive is asked beyond the budget too."""
        facts = known_facts(self.answers, self.detected)
        decisive = [q for q in left if _made_decisive(q, facts)]
        return self.worth_most(decisive) if decisive else None

    def worth_most(self, left: Sequence[Question]) -> Question | None:
        """Of *left*, the question whose answer is worth most; None where none is worth asking."""
        facts = known_facts(self.answers, self.detected)
        clear = self.clear(self.answers)
        least = [
            (q, 0.0 if clear and not _is_core(q, facts) else worth_at_least(q, self.answers, facts))
            for q in left
        ]
        return most_valuable(least, self.rank(self.answers, [q.key for q in left]))

    def _has_asked(self, key: str) -> bool:
        return any(step.question.key == key for step in self.past)

    def _number(self) -> int:
        return len(self.past) + 1

    def put(
        self, question: Question, earlier: Given | Turn | None, position: str = ""
    ) -> Given | Turn:
        """Ask *question* on a screen of its own; *earlier* is what was replied before."""
        frame = Frame(
            position=position or f"{self._number()}/{max(self._number(), self.budget)}",
            text=question.text,
            why=question.why,
            trail=tuple(self._told(step) for step in self.past),
            more=lambda: waiting_lines(question.key, self._waiting_for(question.key)),
            live=self.live,
            can_go_back=bool(self.past),
        )
        if question.key == PROJECT:
            return self._put_name(frame, earlier)
        fact = self.base.facts[question.key]
        form = Form(
            question=question,
            fact=fact,
            frame=frame,
            proposal=proposal_for(question, fact, self.detected)
            or guess(self.base, question.key, self.answers),
            earlier=earlier,
            criteria=self.base.criteria,
            words=names_in_rules(self.base, question.key) if fact.kind == "names" else (),
        )
        if question.key == PRESET:
            return ask_size(form, family_of(self.base, self.answers), self.asker)
        return ask(form, self.asker)

    def _waiting_for(self, key: str) -> Sequence[str]:
        if self.waiting is not None:
            return self.waiting(key)
        return waiting_titles(self.base, known_facts(self.answers, self.detected), key)

    def _put_name(self, frame: Frame, earlier: Given | Turn | None) -> Given | Turn:
        detected = self.detected.get(PROJECT)
        initial = str(
            earlier.value if isinstance(earlier, Given) else detected.value if detected else ""
        )
        typed = self.asker.enter(
            TextEntry(frame=frame, initial=initial, empty="a name, or nothing")
        )
        if isinstance(typed, Turn):
            return typed
        return Given(typed, "typed") if typed else Turn.NOT_SURE

    def _told(self, step: AskedQuestion) -> str:
        key = step.question.key
        if key == PROJECT:
            return project_line(step.reply.value if isinstance(step.reply, Given) else "")
        after = with_reply(step.before, key, step.reply)
        return answer_line(self.base.facts[key], step.question, after)

    def move_to(self, answers: Answers) -> None:
        """Take *answers* as those given so far: they are kept, and told."""
        self.answers = answers
        try:
            saving.save(self.everything_said(), [*self.replies])
        except OSError as error:
            if self.saved:
                self.asker.say([f"! Answers cannot be kept for --resume: {error.strerror}"])
            self.saved = False
        self.on_answer(answers)


def _made_decisive(question: Question, facts: Mapping[str, Any]) -> bool:
    decisive = question.decisive_when
    return decisive is not None and truth_of(decisive, facts) == "true"


def _is_core(question: Question, facts: Mapping[str, Any]) -> bool:
    return question.key in CORE or _made_decisive(question, facts)


def with_reply(answers: Answers, key: str, reply: Given | Turn) -> Answers:
    """*answers* with the *reply* to the question about *key*."""
    if key == PROJECT:
        return replace(answers, project=str(reply.value) if isinstance(reply, Given) else None)
    if isinstance(reply, Given) and key in (MODEL, PRESET):
        return with_model_reply(answers, key, reply.value)
    if isinstance(reply, Given):
        return answers.with_value(key, reply.value, reply.source)
    return answers.with_unknown(key)


def _asked_earlier(answers: Answers) -> set[str]:
    """The keys that somebody was asked for. A detected value was, unless nothing was typed."""
    sources = answers.sources
    typed = {key for key in sources if sources[key] == "typed"} | set(answers.unknown)
    return typed | {key for key in sources if typed and sources[key] == "detected"}


def run(
    base: RuleBase,
    start: Answers,
    detected: Mapping[str, Detected],
    *,
    asker: Asker,
    rank: Rank,
    on_answer: Callable[[Answers], None],
    live: Callable[[], str | None],
    waiting: Callable[[str], Sequence[str]] | None = None,
    surroundings: Sequence[str] = (),
    budget: int = BUDGET,
    assumed: Callable[[Answers], Answers] | None = None,
    objections: Callable[[Answers], Sequence[str]] = lambda _: (),
    clear: Callable[[Answers], bool] = lambda _: False,
    measures: bool = True,
) -> Answers:
    """Ask what is worth asking beyond *start*, and return all answers.

    Args:
        base: Vocabulary and questions.
        start: What is known already (flags, files, defaults). What was typed in an interview that
            was stopped (`saving.load`) counts as asked, and one can go back to it.
        detected: What was found, by answer key or by detected fact; ``project`` proposes a name.
        asker: The terminal. The caller has checked that prompting is allowed.
        rank: The value of information of each of the given keys under the given answers.
        on_answer: Told all answers after every reply, also after one was taken back.
        live: One line about work that goes on meanwhile, or None; called twice a second.
        waiting: The titles of the rules that wait for the answer to a key; unless given, those of
            *base* that the answer could still decide.
        surroundings: What was found here, one line each, problems last: with the first menu on a
            small terminal, only the last three lines stay in sight.
        budget: The most questions to ask.
        assumed: Adds what is not asked and still known; with it, all answers are reviewed on one
            screen at the end.
        objections: What does not fit together in some answers, one sentence each.
        clear: Whether the answers make the outcome clear: then only what could still turn it
            round is asked, and not what a reviewer would ask first.
        measures: Whether something will be timed. If not, nobody is asked for the model, which
            says what to time and nothing else.

    Raises:
        InterruptedRunError: Ctrl-C or the end of input; the answers so far are kept.
    """
    walk = Walk(
        base=base,
        detected=detected,
        asker=asker,
        rank=rank,
        on_answer=on_answer,
        live=live,
        waiting=waiting,
        budget=budget,
        answers=start,
        objections=objections,
        reviewed=assumed is not None,
        clear=clear,
        measures=measures,
    )
    try:
        walk.take_up()
        asker.say(opening(surroundings, budget, taken_up=len(walk.past)))
        walk.object_to(objections(start))
        with asker.held():
            walk.run()
            if assumed is not None:
                review(walk, assumed)
    except KeyboardInterrupt as interrupt:
        leave_at_once_on_next_interrupt()
        raise _interrupted(walk) from interrupt
    left = len(walk.left())
    asker.say(
        [
            *spared(left, budget_spent=walk.budget_spent, unsure=len(walk.answers.unknown)),
            # Whoever confirmed all answers on one screen has just read them.
            *(["", *summary(base, walk.answers)] if assumed is None else []),
            "",
        ]
    )
    return walk.answers


def _interrupted(walk: Walk) -> InterruptedRunError:
    if not walk.replies:
        return InterruptedRunError("stopped before the first answer")
    many = f"{len(walk.replies)} answer{'' if len(walk.replies) == 1 else 's'}"
    if not walk.saved:
        return InterruptedRunError(f"stopped; {many} could not be kept")
    return InterruptedRunError(f"stopped; {many} kept", hint=f"go on with: {saving.RESUME_COMMAND}")
