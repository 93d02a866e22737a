"""Answers that nobody has to type, and what somebody must give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers import Answers
from advisor.answers_io import parse_assignment
from advisor.errors import UserError
from advisor.interview import saving
from advisor.interview.defaults import detected_from, fill_defaults, missing, require
from advisor.knowledge.model import RuleBase

DETECTED = detected_from(
    {"detected.hardware": "amd", "detected.os": "linux", "detected.python": "3.12.7"}
)


def test_each_added_answer_says_where_it_comes_from(base: RuleBase) -> None:
    filled = fill_defaults(base, Answers().with_value("task", "graph", "flag"), DETECTED)
    assert filled.values["hardware.train"] == "amd"
    assert filled.values["python"] == "3.12"
    assert filled.sources["hardware.train"] == filled.sources["python"] == "detected"
    assert filled.sources["must_use"] == "default"
    assert filled.sources["task"] == "flag"
    assert "team.jax" not in filled.values


def test_what_was_said_is_left_alone(base: RuleBase) -> None:
    said = Answers().with_value("hardware.train", "tpu_pod", "file").with_unknown("float64")
    filled = fill_defaults(base, said, DETECTED)
    assert filled.values["hardware.train"] == "tpu_pod"
    assert filled.unknown == ("float64",)
    # A pod is not this machine, and has one system only: neither needs an answer.
    assert not {"hardware.same_as_here", "hardware.os"} & set(filled.values)


def test_what_was_found_here_is_not_assumed_of_a_machine_elsewhere(base: RuleBase) -> None:
    here = fill_defaults(base, Answers().with_value("hardware.train", "amd", "typed"), DETECTED)
    assert {"hardware.os", "python"} <= set(here.values)
    away = fill_defaults(base, Answers().with_value("hardware.train", "nvidia", "typed"), DETECTED)
    assert not {"hardware.os", "python"} & set(away.values)


def test_a_value_the_vocabulary_does_not_know_is_not_proposed(base: RuleBase) -> None:
    filled = fill_defaults(base, Answers(), detected_from({"detected.hardware": "abacus"}))
    assert "hardware.train" not in filled.values


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_order_of_the_questions_does_not_matter(base: RuleBase, data: st.DataObject) -> None:
    shuffled = replace(base, questions=tuple(data.draw(st.permutations(base.questions))))
    assert fill_defaults(shuffled, Answers(), DETECTED) == fill_defaults(base, Answers(), DETECTED)


def test_what_is_missing_comes_with_a_flag_that_works(base: RuleBase) -> None:
    every = replace(base, questions=tuple(replace(q, required=True) for q in base.questions))
    lacking = missing(every, Answers().with_value("task", "image", "flag"))
    assert [entry.key for entry in lacking] == [q.key for q in base.questions if q.key != "task"]
    for entry in lacking:
        if entry.values:
            key, value = parse_assignment(entry.flag.removeprefix("--set "), base)
            assert key == entry.key
            assert value in (entry.values[0], [entry.values[0]])


def test_nobody_to_ask_names_all_that_is_missing(base: RuleBase) -> None:
    with pytest.raises(UserError) as refusal:
        require(base, Answers())
    assert "task" in refusal.value.message
    assert "--set task=" in refusal.value.hint
    assert "llm_finetuning" in refusal.value.hint
    require(base, Answers().with_value("task", "image", "flag"))
    require(base, Answers().with_unknown("task"))


def test_saved_answers_come_back_as_they_were(base: RuleBase) -> None:
    said = (
        Answers(project='a "b": 雀 # <script>')
        .with_value("task", "image", "typed")
        .with_value("hardware.train", "amd", "detected")
        .with_value("deadline_weeks", 6, "typed")
        .with_value("float64", value=False, source="default")
        .with_value("must_use", ["vllm", "no"], "flag")
        .with_value("priorities", ["ecosystem=team", "risk"], "typed")
        .with_unknown("shapes")
    )
    saving.save(said)
    assert saving.load(base) == said
    assert saving.state_file().stat().st_mode & 0o077 == 0


def test_nothing_to_resume_is_said(base: RuleBase) -> None:
    with pytest.raises(UserError) as refusal:
        saving.load(base)
    assert "fw-advisor interview" in refusal.value.hint


def test_an_interview_is_kept_beside_the_report_of_its_directory(
    base: RuleBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FW_ADVISOR_STATE_DIR")
    for name, task in (("one", "image"), ("two", "graph")):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        saving.save(Answers().with_value("task", task, "typed"), ["task"])
    monkeypatch.chdir(tmp_path / "one")
    assert saving.load(base).values["task"] == "image"
    assert (tmp_path / "two" / "fw-advisor-report" / "interview.yaml").is_file()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="in this directory"):
        saving.load(base)
