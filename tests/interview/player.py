"""A person who knows some answers and is not sure of the rest, at the real interview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.answers import Answers, ranks_of
from advisor.cli.consent import Consent
from advisor.decide.information import is_clear, rank_questions
from advisor.evidence import Evidence
from advisor.inputs import Inputs
from advisor.interview import session
from advisor.interview.asking import Frame, Menu, TextEntry
from advisor.interview.defaults import fill_defaults
from advisor.interview.forms import NONE, NOT_SURE
from advisor.interview.menu_words import label_of
from advisor.interview.questions import Detected
from advisor.knowledge.model import RuleBase
from advisor.record import Record
from advisor.render.decision_words import worded_record
from tests.interview.asker import FakeAsker, Reaction, proposed

TODAY = "2026-11-26"
SAMPLES = 100


@dataclass(frozen=True)
class Interview:
    """What was asked and shown, what was answered, and how measuring was decided on."""

    answers: Answers
    asker: FakeAsker
    consent: Consent
    exported: list[Answers]
    asked: tuple[str, ...]

    @property
    def screens(self) -> int:
        """How many screens were put, the review and the consent included."""
        return len(self.asker.shown)


def interviewed(
    base: RuleBase,
    said: Mapping[str, Any] | None,
    detected: Mapping[str, Detected],
) -> Interview:
    """The interview of somebody who answers *said*; with None, who presses Enter all the way."""
    exported: list[Answers] = []
    asked: list[str] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        key = _key_of(base, screen.frame)
        if key and key not in asked:
            asked.append(key)
        if said is None or not key:
            return (screen.starts_at,) if isinstance(screen, Menu) else proposed(screen)
        if isinstance(screen, TextEntry):
            return _typed(said.get(key))
        return _picked(base, key, said.get(key), screen)

    asker = FakeAsker(react)

    def export(answers: Answers) -> list[str]:
        exported.append(answers)
        return ["Written: probe.pyz"]

    consent = Consent(
        base=base, detected=detected, asker=asker,
        what=lambda _: "PyTorch and JAX, on the CPU, about 2 min", export=export,
    )  # fmt: skip

    def on_answer(answers: Answers) -> None:
        if consent.given is None and consent.ready(answers):
            consent.ask(answers)

    answers = session.run(
        base,
        Answers(),
        detected,
        asker=asker,
        rank=lambda answers, keys: rank_questions(_inputs(base, answers), keys, samples=SAMPLES),
        on_answer=on_answer,
        live=lambda: None,
        clear=lambda answers: is_clear(_inputs(base, answers), samples=SAMPLES),
        assumed=lambda said: fill_defaults(base, said, detected),
    )
    consent.ask(answers)
    answers = fill_defaults(base, answers, detected)
    return Interview(answers, asker, consent, exported, tuple(asked))


def reported(base: RuleBase, answers: Answers, measured: Sequence[Evidence] = ()) -> Record:
    """The record of *answers* and of what was measured."""
    return worded_record(_inputs(base, answers, measured))


def _inputs(base: RuleBase, answers: Answers, measured: Sequence[Evidence] = ()) -> Inputs:
    return Inputs(
        answers=answers, evidence=tuple(measured), base=base, today=TODAY, created=TODAY,
        samples=1000,
    )  # fmt: skip


def _key_of(base: RuleBase, frame: Frame) -> str:
    """The question that a screen puts; empty for the review, the consent and further ranks."""
    return next((q.key for q in base.questions if q.text == frame.text), "")


def _picked(base: RuleBase, key: str, value: Any, menu: Menu) -> tuple[int, ...]:
    labels = [option.label for option in menu.options]
    fact = base.facts[key]
    if value is None or fact.kind == "size":
        return (labels.index(NOT_SURE.label),)
    if fact.kind == "names":
        return (1 if value else 0,)
    if fact.kind == "ranking":
        return (labels.index(fact.values[ranks_of(value)[0][0]] if value else "No preference"),)
    if isinstance(value, list):
        return tuple(labels.index(label_of(fact, v)) for v in value) or (labels.index(NONE.label),)
    if key == "model.preset":
        return (next(i for i, label in enumerate(labels) if label.startswith(str(value))),)
    wanted = label_of(fact, value)
    return (labels.index(wanted if wanted in labels else "Another number"),)


def _typed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")
