"""The walk: which question comes next, when it stops, and what goes back and forth does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers import Answers
from advisor.errors import InterruptedRunError
from advisor.interview import saving, session
from advisor.interview.asking import Menu, TextEntry, Turn
from advisor.interview.defaults import detected_from
from advisor.interview.questions import acceptable
from advisor.knowledge.model import RuleBase
from tests.interview.asker import FakeAsker, Reaction, not_sure, proposed

DETECTED = detected_from({"detected.hardware": "amd", "detected.os": "linux"})


def walk(
    base: RuleBase,
    react: Callable[[Menu | TextEntry], Reaction],
    *,
    worths: Mapping[str, float] | None = None,
    start: Answers | None = None,
    told: list[Answers] | None = None,
) -> tuple[Answers, FakeAsker]:
    asker = FakeAsker(react)
    answers = session.run(
        base,
        start or Answers(),
        DETECTED,
        asker=asker,
        rank=lambda _, keys: [(key, (worths or {}).get(key, 0.0)) for key in keys],
        on_answer=(told if told is not None else []).append,
        live=lambda: None,
    )
    return answers, asker


def everything(base: RuleBase, worth: float = 1.0) -> dict[str, float]:
    return {question.key: worth for question in base.questions}


def keys_asked(base: RuleBase, asker: FakeAsker) -> list[str]:
    keys = {question.text: question.key for question in base.questions}
    return [keys[frame.text] for frame in asker.frames() if frame.text in keys]


def test_never_more_questions_than_an_interview_has(base: RuleBase) -> None:
    _, asker = walk(base, not_sure, worths=everything(base))
    assert len(asker.shown) == session.BUDGET
    assert asker.frames()[-1].position == f"{session.BUDGET}/{session.BUDGET}"
    assert any("left out" in line for line in asker.said)


def test_a_worthless_question_is_not_asked_and_the_number_spared_is_told(base: RuleBase) -> None:
    answers, asker = walk(base, proposed)
    asked = keys_asked(base, asker)
    worth = {q.key: q.importance for q in base.questions}
    assert asked[0] == "task"
    assert all(worth[key] > 0.002 for key in asked)
    spared = next(line for line in asker.said if "spared" in line or "left out" in line)
    skipped = [q for q in base.questions if q.key not in answers.values]
    assert 0 < int(spared.split(":")[1].split()[0]) <= len(skipped)


def test_the_question_worth_most_comes_first(base: RuleBase) -> None:
    _, asker = walk(base, proposed, worths={"float64": 0.9, "shapes": 0.8})
    assert keys_asked(base, asker)[:3] == ["task", "float64", "shapes"]


def test_every_question_can_be_left_open_and_says_why_it_is_asked(base: RuleBase) -> None:
    seen: set[str] = set()
    for question in base.questions:
        answers, asker = walk(base, not_sure, worths={question.key: 1.0})
        assert all(frame.why for frame in asker.frames())
        seen |= set(keys_asked(base, asker))
        assert not answers.values
        assert set(keys_asked(base, asker)) == set(answers.unknown)
    # The system is left out for hardware that has one only, so all have been seen by now.
    assert seen == {question.key for question in base.questions}


def test_what_nobody_knows_is_not_asked_about_in_detail(base: RuleBase) -> None:
    _, asker = walk(base, not_sure)
    assert "environment_kind" not in keys_asked(base, asker)


def test_reasons_fit_one_line_and_questions_too(base: RuleBase) -> None:
    for question in base.questions:
        assert len(question.text) <= 60, question.text
        assert len(question.why) <= 72, question.why


def test_a_detected_value_is_preselected_and_marked(base: RuleBase) -> None:
    _, asker = walk(base, proposed)
    menu = next(m for m in asker.shown if m.frame.text == "What will you train on?")
    assert isinstance(menu, Menu)
    assert menu.pointed is not None
    assert menu.options[menu.pointed].line == "AMD GPU (detected)"


def test_another_value_than_the_detected_one_counts_as_typed(base: RuleBase) -> None:
    def react(screen: Menu | TextEntry) -> Reaction:
        return (0,) if screen.frame.text == "What will you train on?" else proposed(screen)

    answers, _ = walk(base, react)
    assert answers.values["hardware.train"] == "cpu"
    assert answers.sources["hardware.train"] == "typed"


def test_given_answers_are_not_asked_again(base: RuleBase) -> None:
    start = Answers().with_value("task", "image", "flag").with_value("team.jax", "deep", "file")
    answers, asker = walk(base, proposed, start=start, worths=everything(base))
    assert not {"task", "team.jax"} & set(keys_asked(base, asker))
    assert answers.sources["task"] == "flag"


def test_rules_that_wait_are_shown_for_a_question(base: RuleBase) -> None:
    told: list[Sequence[str]] = []

    def react(screen: Menu | TextEntry) -> Reaction:
        told.append(screen.frame.more())
        return proposed(screen)

    walk(base, react)
    head, *rules = told[0]
    titles = {f"  {rule.title}" for rule in base.rules}
    assert rules
    assert set(rules) <= titles
    assert f"{len(rules)} rules wait" in head


def test_every_reply_is_told_and_kept(base: RuleBase) -> None:
    told: list[Answers] = []
    answers, _ = walk(base, proposed, told=told)
    assert told[0].values == {"task": "image"}
    assert told[-1] == answers
    assert saving.load(base).values == answers.values


def test_an_interrupt_keeps_what_was_said_beyond_the_point_gone_back_to(base: RuleBase) -> None:
    script: list[Reaction | None] = [(3,), (0,), (2,), Turn.BACK, Turn.BACK, Turn.BACK, None]

    def react(_: Menu | TextEntry) -> Reaction:
        reaction = script.pop(0)
        if reaction is None:
            raise KeyboardInterrupt
        return reaction

    with pytest.raises(InterruptedRunError) as stop:
        walk(base, react)
    assert "3 answers kept" in stop.value.message
    assert saving.RESUME_COMMAND in stop.value.hint
    kept = saving.load(base)
    assert kept.values == {
        "task": "llm_finetuning",
        "model": "decoder",
        "model.preset": "gpt2_124m",
    }


def test_answers_that_cannot_be_kept_are_said_once_and_the_interview_goes_on(
    base: RuleBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FW_ADVISOR_STATE_DIR", str(tmp_path / "file" / "state"))
    answers, asker = walk(base, proposed)
    assert answers.values["task"] == "image"
    assert len([line for line in asker.said if "cannot be kept" in line]) == 1


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_person_does_it_ends_with_answers_the_vocabulary_knows(
    base: RuleBase, data: st.DataObject
) -> None:
    backs = [6]

    def react(screen: Menu | TextEntry) -> Reaction:
        if screen.frame.can_go_back and backs[0] and data.draw(st.integers(0, 4)) == 0:
            backs[0] -= 1
            return Turn.BACK
        if isinstance(screen, TextEntry):
            sizes = [f"{key}=8" for key in screen.words]
            texts = ["7", "some, names", "雀", screen.initial, *sizes, "seed=1"]
            good = [text for text in texts if screen.fault(text) is None]
            return data.draw(st.sampled_from(good))
        return _choice(data, screen)

    worths = data.draw(st.dictionaries(st.sampled_from(_keys(base)), st.floats(0, 1)))
    answers, asker = walk(base, react, worths=worths)
    for key, value in answers.values.items():
        ranks = [name for rank in value for name in rank.split("=")] if key == "priorities" else 0
        assert acceptable(base.facts[key], ranks or value), (key, value)
    # What an answer makes decisive is asked beyond the budget too.
    most = session.BUDGET + sum(q.decisive_when is not None for q in base.questions)
    assert all(_number(frame.position) <= most for frame in asker.frames())
    assert not set(answers.values) & set(answers.unknown)


def _choice(data: st.DataObject, menu: Menu) -> tuple[int, ...]:
    plain = [i for i, option in enumerate(menu.options) if not option.lone]
    if menu.several and plain and data.draw(st.booleans()):
        some = data.draw(st.sets(st.sampled_from(plain), min_size=1))
        return tuple(sorted(some))
    return (data.draw(st.integers(0, len(menu.options) - 1)),)


def _keys(base: RuleBase) -> Sequence[str]:
    return [question.key for question in base.questions]


def _number(position: str) -> int:
    return int(position.split("/", maxsplit=1)[0])


def test_going_on_asks_and_goes_back_in_the_order_of_before(base: RuleBase) -> None:
    worths = {"shapes": 0.9, "float64": 0.8, "team.jax": 0.7}

    def stop(screen: Menu | TextEntry) -> Reaction:
        if screen.frame.position.startswith("5/"):
            raise KeyboardInterrupt
        return proposed(screen)

    with pytest.raises(InterruptedRunError):
        walk(base, stop, worths=worths)
    assert saving.order() == ("task", "shapes", "float64", "team.jax")
    _, asker = walk(base, proposed, worths=worths, start=saving.load(base))
    trail = asker.frames()[0].trail
    assert [line.split(":")[0] for line in trail] == [
        base.facts[key].title for key in ("task", "shapes", "float64", "team.jax")
    ]


def test_what_does_not_fit_is_told_once_at_once_and_named_in_the_review(base: RuleBase) -> None:
    """A conflict of what was given stands before the first question."""
    asker = FakeAsker(proposed)
    start = Answers(values={"task": "image", "hardware.train": "tpu"})

    def objections(answers: Answers) -> list[str]:
        given = [key for key in ("hardware.train", "team.jax") if key in answers.values]
        return [f"{key} does not fit" for key in given]

    answers = session.run(
        base,
        start,
        DETECTED,
        asker=asker,
        rank=lambda _, keys: [(key, 1.0 if key == "team.jax" else 0.0) for key in keys],
        on_answer=lambda _: None,
        live=lambda: None,
        assumed=lambda said: said.with_value("team.jax", "some", "default"),
        objections=objections,
    )
    assert answers.values["hardware.train"] == "tpu"
    assert asker.said.count("! hardware.train does not fit") == 1
    review = next(screen for screen in asker.shown if screen.frame.position == "Review")
    assert "hardware.train does not fit" in review.frame.why
    assert "team.jax does not fit" in review.frame.why
