"""One question, from its menu to its answer: the form of each kind of fact.

Knows the kinds of facts and the menus that suit them. It must not know which question comes next
nor how a terminal draws. Rankings have a form of their own in `ranking`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from advisor.answers import Source, Value
from advisor.interview.asking import Asker, Frame, Menu, MenuOption, TextEntry, Turn
from advisor.interview.menu_words import label_of, number_words
from advisor.interview.questions import Proposal
from advisor.interview.ranking import Swings, ask_ranking
from advisor.knowledge.model import CriterionInfo, Fact, Question

NOT_SURE = MenuOption(label="Not sure", lone=True)
NONE = MenuOption(label="None of these", lone=True)


@dataclass(frozen=True)
class Given:
    """An answer, and whether it was typed or an accepted detection."""

    value: Value
    source: Source


Reply = Given | Turn


@dataclass(frozen=True, kw_only=True)
class Form:
    """One question with all that its screen needs.

    `earlier` is the reply that was taken back, which is proposed again. `words` complete what is
    typed where any name may be.
    """

    question: Question
    fact: Fact
    frame: Frame
    proposal: Proposal | None = None
    earlier: Given | Turn | None = None
    criteria: Mapping[str, CriterionInfo] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def ask(form: Form, asker: Asker) -> Reply:
    """Put one question and return the answer, or BACK, or NOT_SURE."""
    kind = form.fact.kind
    if kind == "ranking":
        earlier = form.earlier.value if isinstance(form.earlier, Given) else form.earlier
        swings = Swings(fact=form.fact, frame=form.frame, criteria=form.criteria)
        ranked = ask_ranking(swings, earlier, asker)
        return ranked if isinstance(ranked, Turn) else Given(ranked, "typed")
    if kind == "choices":
        return _ask_several(form, asker)
    if kind == "number":
        return _ask_number(form, asker)
    if kind == "names":
        return _ask_names(form, asker)
    return _ask_one(form, asker)


def _ask_one(form: Form, asker: Asker) -> Reply:
    values: list[Value] = [True, False] if form.fact.kind == "flag" else [*form.fact.values]
    options = [_option(form, value) for value in values]
    return _pick(form, values, options, asker)


def _option(form: Form, value: Value) -> MenuOption:
    option = MenuOption(label=label_of(form.fact, value))
    proposal = form.proposal
    if proposal is not None and proposal.value == value:
        if proposal.source != "detected":
            return replace(option, mark=proposal.text)
        return replace(option, mark=proposal.mark, detail=proposal.text)
    return option


def _pick(
    form: Form, values: Sequence[Value], options: Sequence[MenuOption], asker: Asker
) -> Reply:
    """One of *values*, or not sure. What was answered earlier is proposed before what was found."""
    rows = [*options, NOT_SURE]
    picked = asker.choose(
        Menu(frame=form.frame, options=tuple(rows), pointed=_pointed(form, values))
    )
    if isinstance(picked, Turn):
        return picked
    if picked[0] == len(values):
        return Turn.NOT_SURE
    value = values[picked[0]]
    seen = form.proposal is not None and form.proposal.source == "detected"
    detected = seen and form.proposal is not None and form.proposal.value == value
    return Given(value, "detected" if detected else "typed")


def _pointed(form: Form, values: Sequence[Value]) -> int | None:
    if form.earlier is Turn.NOT_SURE:
        return len(values)
    if isinstance(form.earlier, Given):
        return values.index(form.earlier.value) if form.earlier.value in values else None
    # What is merely usual is named beside its line: a press of Enter is no answer about it.
    proposal = form.proposal
    if proposal is not None and proposal.source == "detected" and proposal.value in values:
        return values.index(proposal.value)
    return None


def _ask_several(form: Form, asker: Asker) -> Reply:
    values = [*form.fact.values]
    rows = (*(_option_of_several(form, v) for v in values), NONE, NOT_SURE)
    none, not_sure = len(values), len(values) + 1
    taken = _taken(form)
    marked = tuple(values.index(v) for v in taken if v in values)
    picked = asker.choose(
        Menu(
            frame=form.frame,
            options=rows,
            pointed=marked[0] if marked else _pointed_beside(form, none=none, not_sure=not_sure),
            several=True,
            marked=marked,
        )
    )
    if isinstance(picked, Turn):
        return picked
    if not_sure in picked:
        return Turn.NOT_SURE
    chosen = [values[i] for i in picked if i != none]
    detected = form.proposal is not None and form.proposal.value == chosen
    return Given(chosen, "detected" if detected else "typed")


def _pointed_beside(form: Form, *, none: int, not_sure: int) -> int | None:
    """Where a list starts that has no entry: at what was said earlier, else at no answer."""
    if form.earlier is Turn.NOT_SURE:
        return not_sure
    said_none = isinstance(form.earlier, Given) and form.earlier.value == []
    return none if said_none else None


def _option_of_several(form: Form, value: str) -> MenuOption:
    proposal = form.proposal
    option = MenuOption(label=label_of(form.fact, value))
    if proposal is None or not isinstance(proposal.value, list) or value not in proposal.value:
        return option
    return replace(option, mark=proposal.mark, detail=proposal.text)


def _taken(form: Form) -> list[str]:
    for source in (form.earlier, form.proposal):
        if isinstance(source, (Given, Proposal)) and isinstance(source.value, list):
            return source.value
    return []


def _ask_number(form: Form, asker: Asker) -> Reply:
    """A menu of usual numbers, with a line to type any other."""
    other = MenuOption(label="Another number")
    while True:
        values: list[Value] = [number for number, _ in form.question.offers]
        options = [MenuOption(label=label) for _, label in form.question.offers]
        for offered in (form.proposal, form.earlier):
            if isinstance(offered, (Given, Proposal)) and offered.value not in values:
                values.insert(0, offered.value)
                options.insert(0, _option(form, offered.value))
        reply = _pick(form, [*values, "other"], [*options, other], asker)
        if not isinstance(reply, Given) or reply.value != "other":
            return reply
        typed = asker.enter(_number_entry(form))
        if isinstance(typed, str):
            return Given(float(typed.replace(",", "")), "typed")


def _number_entry(form: Form) -> TextEntry:
    return TextEntry(
        frame=replace(form.frame, can_go_back=True),
        empty=f"a number{_range_words(form.fact)}",
        limit=20,
        fault=lambda text: _number_fault(form.fact, text),
    )


def _number_fault(fact: Fact, text: str) -> str | None:
    wanted = f"Please type a number{_range_words(fact)}."
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return wanted
    low = float("-inf") if fact.minimum is None else fact.minimum
    high = float("inf") if fact.maximum is None else fact.maximum
    return None if low <= number <= high and abs(number) != float("inf") else wanted


def _range_words(fact: Fact) -> str:
    unit = f" ({fact.unit})" if fact.unit else ""
    if fact.minimum is None or fact.maximum is None:
        return unit
    return f" from {number_words(fact.minimum)} to {number_words(fact.maximum)}{unit}"


def _ask_names(form: Form, asker: Asker) -> Reply:
    """None, or names typed with commas between; names that no rule knows are kept as typed."""
    typed_names = MenuOption(label="Yes, I type their names")
    if form.proposal is not None and form.proposal.source == "detected":
        proposal = form.proposal
        typed_names = replace(typed_names, mark=proposal.mark, detail=proposal.text)
    rows = (MenuOption(label="None"), typed_names, NOT_SURE)
    while True:
        names = _taken(form)
        pointed = 1 if names else _pointed_beside(form, none=0, not_sure=2)
        picked = asker.choose(Menu(frame=form.frame, options=rows, pointed=pointed))
        if isinstance(picked, Turn):
            return picked
        if picked[0] != 1:
            return Given([], "typed") if picked[0] == 0 else Turn.NOT_SURE
        entry = TextEntry(
            frame=replace(form.frame, can_go_back=True),
            initial=", ".join(names),
            empty="names, with commas between",
            words=form.words or tuple(form.fact.values),
            fault=NameCheck(form.words or tuple(form.fact.values)),
        )
        typed = asker.enter(entry)
        if isinstance(typed, str):
            return Given(split_names(typed), "typed")


class NameCheck:
    """Says once of a name that is nearly one of *words* which was meant; the second time it stays.

    Names that nothing is like are taken as typed: no list holds every package.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._told: set[str] = set()

    def __call__(self, text: str) -> str | None:
        """What is wrong with *text*, or None."""
        names = split_names(text)
        if not names:
            return "Please type at least one name."
        for name in names:
            meant = difflib.get_close_matches(name, self._words, n=1, cutoff=0.72)
            if name not in self._words and meant and name not in self._told:
                self._told.add(name)
                return f"{name}: did you mean {meant[0]}? Enter again keeps {name}."
        return None


def split_names(text: str) -> list[str]:
    """The package names in *text*, in lower case, each once, in the order typed."""
    names = (word.strip("'\"").lower() for word in text.replace(",", " ").split())
    return list(dict.fromkeys(name for name in names if name))
