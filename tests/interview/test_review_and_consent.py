"""Before deciding all answers stand on one screen; before measuring somebody says yes."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.answers import Answers
from advisor.cli.consent import EXPORT, LATER, NO, YES, Consent
from advisor.cli.exporting import device_for
from advisor.interview import session
from advisor.interview.asking import Menu, TextEntry, Turn
from advisor.interview.defaults import detected_from, fill_defaults
from advisor.interview.menu_words import spared
from advisor.interview.questions import worth_at_least
from advisor.interview.reviewing import MORE
from advisor.knowledge.model import RuleBase
from tests.interview.asker import FakeAsker, Reaction, not_sure

DETECTED = detected_from({"detected.hardware": "cpu", "detected.os": "linux", "project": "pond"})


def reviewed(base: RuleBase, react: Any) -> tuple[Answers, FakeAsker]:
    asker = FakeAsker(react)
    answers = session.run(
        base,
        Answers(),
        DETECTED,
        asker=asker,
        rank=lambda _, keys: [(key, 0.0) for key in keys],
        on_answer=lambda _: None,
        live=lambda: None,
        assumed=lambda said: fill_defaults(base, said, DETECTED),
    )
    return answers, asker


def by_label(menu: Menu, start: str) -> tuple[int, ...]:
    return (next(i for i, o in enumerate(menu.options) if o.label.startswith(start)),)


def test_the_review_shows_every_answer_and_marks_what_nobody_confirmed(base: RuleBase) -> None:
    def react(screen: Menu | TextEntry) -> Reaction:
        if isinstance(screen, TextEntry):
            return "pond"
        return (0,)

    _, asker = reviewed(base, react)
    review = asker.shown[-1]
    assert isinstance(review, Menu)
    assert review.frame.position == "Review"
    assert review.options[1].label == "Answer 4 more questions first"
    lines = [option.label for option in review.options[2:]]
    assert any(line.startswith("Task: Images") and "not confirmed" not in line for line in lines)
    assert any(line.endswith("not confirmed") for line in lines)


def test_an_answer_is_given_again_in_the_review(base: RuleBase) -> None:
    seen: list[str] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        if isinstance(screen, TextEntry):
            return "pond"
        if screen.frame.position == "Review":
            seen.append("review")
            return by_label(screen, "Task") if len(seen) == 1 else (0,)
        if screen.frame.text == "What will you build?" and seen:
            return by_label(screen, "Reinforcement")
        return (0,)

    answers, _ = reviewed(base, react)
    assert len(seen) == 2
    assert answers.values["task"] == "reinforcement_learning"
    assert answers.sources["task"] == "typed"


def test_a_detected_answer_that_is_given_in_the_review_is_confirmed(base: RuleBase) -> None:
    seen: list[str] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        if isinstance(screen, TextEntry):
            return "pond"
        if screen.frame.position == "Review":
            seen.append(" | ".join(option.label for option in screen.options))
            return by_label(screen, "Operating system") if len(seen) == 1 else (0,)
        return screen.marked or (screen.pointed or 0,)

    answers, _ = reviewed(base, react)
    assert answers.sources.get("hardware.os") == "typed", seen


def test_the_project_is_named_among_the_answers_and_no_screen_asks_for_it(base: RuleBase) -> None:
    answers, asker = reviewed(base, lambda _: (0,))
    assert answers.project == "pond"
    assert not any(isinstance(screen, TextEntry) for screen in asker.shown)
    assert "Project: pond" in [option.label for option in asker.shown[-1].options]


def test_whoever_wants_to_is_asked_more_and_comes_back_to_the_review(base: RuleBase) -> None:
    seen: list[int] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        if isinstance(screen, Menu) and screen.frame.position == "Review":
            seen.append(len(asker.shown))
            return by_label(screen, "Answer") if len(seen) < 3 else (0,)
        return not_sure(screen)

    asker = FakeAsker(react)
    session.run(
        base,
        Answers(),
        DETECTED,
        asker=asker,
        rank=lambda _, keys: [(key, 1.0) for key in keys],
        on_answer=lambda _: None,
        live=lambda: None,
        assumed=lambda said: fill_defaults(base, said, DETECTED),
    )
    assert seen == [9, 14, 19]
    questions = [frame.text for frame in asker.frames() if frame.position != "Review"]
    assert len(questions) == len(set(questions)) == session.BUDGET + 2 * MORE


def test_a_clear_outcome_spares_what_could_not_turn_it_round(base: RuleBase) -> None:
    def asked(clear: bool) -> set[str]:
        asker = FakeAsker(lambda _: (0,))
        session.run(
            base,
            Answers(),
            DETECTED,
            asker=asker,
            rank=lambda _, keys: [(key, 0.0) for key in keys],
            on_answer=lambda _: None,
            live=lambda: None,
            assumed=lambda said: fill_defaults(base, said, DETECTED),
            clear=lambda _: clear,
        )
        keys = {q.text: q.key for q in base.questions}
        return {keys[frame.text] for frame in asker.frames() if frame.text in keys}

    spared = asked(clear=False) - asked(clear=True)
    assert "pretrained" in spared | {"pretrained"} - asked(clear=False)
    assert {"task", *session.CORE} - {"must_use"} <= asked(clear=True)
    assert len(asked(clear=True)) < len(asked(clear=False))


@pytest.mark.parametrize(("typed", "named"), [("Heron", "Heron"), ("", None), (Turn.BACK, "pond")])
def test_the_name_is_changed_in_the_review(base: RuleBase, typed: Any, named: str | None) -> None:
    seen: list[int] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        if isinstance(screen, TextEntry):
            return typed
        if screen.frame.position == "Review":
            seen.append(len(screen.options))
            return by_label(screen, "Project") if len(seen) == 1 else (0,)
        return (0,)

    answers, _ = reviewed(base, react)
    assert len(seen) == 2
    assert answers.project == named


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"task": "scientific_computing"}, "float64"),
        ({"task": "scientific_computing"}, "transforms"),
        ({"task": "probabilistic"}, "float64"),
        ({"stage": "product", "team.jax": "none"}, "deadline_weeks"),
    ],
)
def test_a_question_that_another_answer_makes_decisive_is_asked(
    base: RuleBase, said: dict[str, str], asked: str
) -> None:
    question = next(q for q in base.questions if q.key == asked)
    assert worth_at_least(question, Answers(), {}) < 0.002
    assert worth_at_least(question, Answers(values=said), said) > 0.03


def test_spared_is_said_only_where_nothing_is_unknown() -> None:
    assert "spared" in spared(3, budget_spent=False)[0]
    assert "spared" not in spared(3, budget_spent=False, unsure=5)[0]
    assert "5 answers not known" in spared(3, budget_spent=False, unsure=5)[0]
    assert spared(0, budget_spent=True) == []


def consent(base: RuleBase, picked: Reaction) -> tuple[Consent, FakeAsker, list[Answers]]:
    exported: list[Answers] = []

    def export(answers: Answers) -> list[str]:
        exported.append(answers)
        return ["Written: probe.pyz"]

    asker = FakeAsker(lambda _: picked)
    asked = Consent(
        base=base, detected=DETECTED, asker=asker,
        what=lambda _: "PyTorch, on the CPU, about 2 min", export=export,
    )  # fmt: skip
    return asked, asker, exported


def answered(**values: str) -> Answers:
    said = Answers()
    for key, value in values.items():
        said = said.with_value(key.replace("__", "."), value, "typed")
    return said


@pytest.mark.parametrize(("picked", "yes"), [((0,), True), ((1,), False), (Turn.BACK, False)])
def test_nothing_is_measured_without_a_yes(base: RuleBase, picked: Reaction, yes: bool) -> None:
    asked, asker, _ = consent(base, picked)
    said = answered(task="image", hardware__train="cpu")
    assert asked.ask(said) is yes
    assert asked.ask(said) is yes
    [menu] = asker.shown
    assert isinstance(menu, Menu)
    assert (menu.options, menu.pointed) == ((YES, NO), 0)
    assert "on the CPU, about 2 min" in menu.frame.why


def test_what_cannot_be_measured_in_that_time_is_told_before_the_yes(base: RuleBase) -> None:
    asked, asker, _ = consent(base, (0,))
    asked.cannot = lambda _: "Nothing of gpt2_124m can be measured"
    asked.ask(answered(task="llm_pretraining", hardware__train="cpu"))
    [menu] = asker.shown
    assert "about 2 min. Nothing of gpt2_124m can be measured. Nothing leaves" in menu.frame.why


def test_what_measures_several_devices_is_said_once_where_there_is_something_to_say(
    base: RuleBase,
) -> None:
    asked, asker, _ = consent(base, (0,))
    said = answered(task="image", hardware__train="cpu")
    asked.scaling = lambda answers: ["$ a command"] if answers is said else []
    asked.ask(said)
    asked.ask(said)
    assert asker.said == ["$ a command"]


def test_it_is_asked_once_the_task_and_the_hardware_are_known(base: RuleBase) -> None:
    asked, _, _ = consent(base, (0,))
    assert not asked.ready(answered(task="image"))
    assert asked.ready(answered(task="image", hardware__train="cpu"))
    assert asked.ready(answered(task="image").with_unknown("hardware.train"))


@pytest.mark.parametrize(("picked", "yes", "written"), [((0,), False, 1), ((1,), False, 0),
                                                        ((2,), True, 0)])  # fmt: skip
def test_for_hardware_that_is_not_here_a_worker_is_offered(
    base: RuleBase, picked: Reaction, yes: bool, written: int
) -> None:
    asked, asker, exported = consent(base, picked)
    assert asked.ask(answered(task="image", hardware__train="nvidia")) is yes
    [menu] = asker.shown
    assert isinstance(menu, Menu)
    assert menu.options[0] == EXPORT
    assert menu.frame.text.startswith("Not here: ")
    assert len(exported) == written
    assert bool(asker.said) == bool(written)


@pytest.mark.parametrize(
    ("hardware", "device"),
    [("nvidia", "cuda"), ("nvidia_cluster", "cuda"), ("tpu_pod", "tpu"), ("amd", "rocm"),
     ("trainium", "neuron"), ("cpu", "cpu"), (None, "")],
)  # fmt: skip
def test_the_exported_plan_is_for_the_hardware_that_was_named(hardware: Any, device: str) -> None:
    assert device_for(hardware) == device


def test_what_was_found_and_taken_when_it_was_asked_for_is_confirmed(base: RuleBase) -> None:
    def react(screen: Menu | TextEntry) -> Reaction:
        assert isinstance(screen, Menu)
        if screen.frame.position == "Review" or screen.several:
            return (0,) if not screen.several else (len(screen.options) - 1,)
        return (screen.starts_at,)

    answers, asker = reviewed(base, react)
    review = asker.shown[-1]
    assert isinstance(review, Menu)
    lines = [option.label for option in review.options]
    assert answers.sources["hardware.train"] == "detected"
    assert [line for line in lines if line.startswith("Training hardware")] == [
        "Training hardware: CPU only (detected)"
    ]
    assert any(line.startswith("Operating system") and "not confirmed" in line for line in lines)


@pytest.mark.parametrize(("picked", "waits"), [((0,), False), ((2,), True)])
def test_another_run_is_named_and_waited_for_where_the_hardware_is_not_here(
    base: RuleBase, picked: Reaction, waits: bool
) -> None:
    asked, asker, _ = consent(base, picked)
    asked.holder = lambda: "process 7, begun at 09:00, 3 min ago"
    asked.ask(answered(task="image", hardware__train="nvidia"))
    assert asked.waits is waits
    [menu] = asker.shown
    assert isinstance(menu, Menu)
    assert "process 7, begun at 09:00" in menu.frame.why


@pytest.mark.parametrize(("picked", "waits"), [((0,), True), ((1,), False)])
def test_where_another_run_measures_its_end_is_offered_before_anything_is_begun(
    base: RuleBase, picked: Reaction, waits: bool
) -> None:
    asker = FakeAsker(lambda _: picked)
    consent = Consent(
        base=base, detected=DETECTED, asker=asker,
        what=lambda _: "PyTorch, on the CPU, about 2 min", export=lambda _: [],
        holder=lambda: "process 7, begun at 09:00, 3 min ago",
    )  # fmt: skip
    assert consent.ask(answered(task="image", hardware__train="cpu")) is waits
    assert consent.waits is waits
    [menu] = asker.shown
    assert isinstance(menu, Menu)
    assert "process 7, begun at 09:00" in menu.frame.why
    assert menu.options == (LATER, NO)
