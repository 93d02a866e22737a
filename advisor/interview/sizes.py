"""The two screens about the model: its family is guessed from the task, its size from a real model.

Own numbers are typed where no preset fits. Knows families and menus; it must not know how a model
is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.answers import Answers
from advisor.answers_io import typed_size
from advisor.interview.asking import Asker, Menu, MenuOption, TextEntry, Turn
from advisor.interview.forms import NOT_SURE, Form, Given, Reply
from advisor.interview.questions import Proposal
from advisor.knowledge.families import ModelFamily, check_model
from advisor.knowledge.fields import Fault
from advisor.knowledge.model import RuleBase
from advisor.knowledge.standards import standard_for

MODEL, PRESET, SIZE = "model", "model.preset", "model.size"
_OWN = MenuOption(label="Own numbers")
_FIRST_NUMBERS = 4


def guess(base: RuleBase, key: str, answers: Answers) -> Proposal | None:
    """The standard model of the task or of a package, for the questions about the model."""
    standard = standard_for(base, answers.values)
    if standard is None:
        return None
    why = f"usual with {standard.packages[0]}" if standard.packages else "usual for this task"
    if key == MODEL:
        return Proposal(standard.model, "default", why)
    if key == PRESET and answers.values.get(MODEL) == standard.model and standard.preset:
        return Proposal(standard.preset, "default", why)
    return None


def family_of(base: RuleBase, answers: Answers) -> ModelFamily | None:
    """The family that was answered, where the rule base describes it."""
    return base.families.get(str(answers.values.get(MODEL)))


def ask_size(form: Form, family: ModelFamily | None, asker: Asker) -> Reply:
    """One of the family's presets, or own numbers as a map, or not sure."""
    presets = dict(family.presets) if family is not None else {}
    rows = [_option(form, name, size) for name, size in presets.items()]
    names = list(presets)
    while True:
        menu = Menu(
            frame=form.frame,
            options=(*rows, _OWN, NOT_SURE),
            pointed=_pointed(form, names),
        )
        picked = asker.choose(menu)
        if isinstance(picked, Turn):
            return picked
        if picked[0] < len(names):
            return Given(names[picked[0]], "typed")
        if picked[0] > len(names):
            return Turn.NOT_SURE
        typed = asker.enter(_entry(form, family))
        if isinstance(typed, str):
            return Given(typed_size(typed), "typed")


def _option(form: Form, name: str, size: Mapping[str, Any]) -> MenuOption:
    shown = [f"{key} {value}" for key, value in size.items() if not isinstance(value, (str, bool))]
    option = MenuOption(label=f"{name} ({', '.join(shown[:_FIRST_NUMBERS])})")
    proposal = form.proposal
    if proposal is not None and proposal.value == name:
        return replace(option, mark=proposal.text)
    return option


def _pointed(form: Form, names: list[str]) -> int | None:
    if form.earlier is Turn.NOT_SURE:
        return len(names) + 1
    proposal = form.proposal
    seen = proposal if proposal is not None and proposal.source == "detected" else None
    for source in (form.earlier, seen):
        if isinstance(source, (Given, Proposal)):
            if isinstance(source.value, Mapping):
                return len(names)
            if source.value in names:
                return names.index(str(source.value))
    return None


def _entry(form: Form, family: ModelFamily | None) -> TextEntry:
    keys = list(family.keys) if family is not None else []
    earlier = form.earlier.value if isinstance(form.earlier, Given) else None
    initial = ""
    if isinstance(earlier, Mapping):
        initial = ", ".join(f"{key}={value}" for key, value in earlier.items())
    return TextEntry(
        frame=replace(form.frame, can_go_back=True),
        initial=initial,
        empty=f"numbers, such as {keys[0]}=2, of: {', '.join(keys)}" if keys else "key=number",
        words=tuple(keys),
        fault=lambda text: _fault(text, family),
    )


def _fault(text: str, family: ModelFamily | None) -> str | None:
    size = typed_size(text)
    if not isinstance(size, dict) or not size or not all(size):
        return "Please type numbers with their names, such as width=64."
    if family is None:
        return None
    try:
        check_model({family.id: family}, {MODEL: family.id, SIZE: size})
    except Fault as fault:
        return f"{fault.message}; {fault.hint}" if fault.hint else fault.message
    return None


def with_model_reply(answers: Answers, key: str, value: Any) -> Answers:
    """*answers* with the reply to a question about the model; another family has other sizes."""
    if key == MODEL:
        for stale in (PRESET, SIZE) if answers.values.get(MODEL) not in (None, value) else ():
            answers = answers.with_value(stale, None, "typed")
        return answers.with_value(MODEL, value, "typed")
    if isinstance(value, Mapping):
        # The preset was asked for and is none of them.
        return answers.with_value(SIZE, dict(value), "typed").with_unknown(PRESET)
    return answers.with_value(SIZE, None, "typed").with_value(PRESET, value, "typed")
