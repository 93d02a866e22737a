"""Answers files: read strictly with every mistake told, and written so that they replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.answers import Answers
from advisor.answers_io import (
    answers_from,
    parse_assignment,
    read_answers,
    to_yaml,
    with_assignments,
)
from advisor.errors import UserError, UserErrorGroup
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.knowledge.personas import answers_of, evidence_of, load_personas
from advisor.resources import resource_dir

HEAD = "schema: fw-advisor/answers@1\n"


@pytest.fixture
def base(root: Path) -> RuleBase:
    return load_rule_base(root=root)


def errors_in(text: str, base: RuleBase, tmp_path: Path) -> list[UserError]:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_answers(path, base)
    error = caught.value
    return error.errors if isinstance(error, UserErrorGroup) else [error]


def test_a_file_is_read_in_both_forms(base: RuleBase, tmp_path: Path) -> None:
    text = HEAD + (
        "project: Sparrow\nanswers:\n  task: image\n  float64: true\n  team.jax: unknown\n"
        "  deadline_weeks: 6.0\n  must_use: [Torch_Geometric, vllm]\n  transforms: long_scan\n"
        '  python: "3.10"\n  priorities: [team, risk=ecosystem]\nsources: {task: typed}\n'
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    read = read_answers(tmp_path / "a.yaml", base)
    assert read.project == "Sparrow"
    assert read.values == {
        "task": "image",
        "float64": True,
        "deadline_weeks": 6,
        "must_use": ["torch-geometric", "vllm"],
        "transforms": ["long_scan"],
        "python": "3.10",
        "priorities": ["team", "risk=ecosystem"],
    }
    assert read.unknown == ("team.jax",)
    assert read.sources["task"] == "typed"
    assert read.sources["float64"] == "file"
    (tmp_path / "a.json").write_text(json.dumps(read.to_dict()), encoding="utf-8")
    assert read_answers(tmp_path / "a.json", base) == read


def test_all_mistakes_are_told_with_place_and_suggestion(base: RuleBase, tmp_path: Path) -> None:
    text = HEAD + (
        "answers:\n  task: imge\n  tsk: image\n  team: {jax: deep}\n  python: 3.10\n"
        "  float64: yes\n  transforms: [long_scan, foo]\n  deadline_weeks: 9999\n"
        "  must_use: ['; rm -rf /']\n  priorities: [team, team]\n  detected.os: linux\n"
        "sources: {task: dreamt}\nextra: 1\n"
    )
    told = {error.where: error for error in errors_in(text, base, tmp_path)}
    name = str(tmp_path / "a.yaml")
    expected = {
        "3:9": ("imge", "image"),
        "4:3": ("tsk", "task"),
        "5:3": ("team", "team.jax"),
        "6:11": ("3.1", "quotes"),
        "7:12": ("true or false", "quotes"),
        "8:27": ("foo", "long_scan"),
        "9:19": ("9999", "520"),
        "10:14": ("package", ""),
        "11:22": ("twice", ""),
        "12:3": ("detected.os", "found on the machine"),
        "14:1": ("extra", ""),
    }
    for place, (word, hint) in expected.items():
        error = told.pop(f"{name}:{place}")
        assert word in error.message
        assert hint in error.hint
    assert not told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("answers: {task: image}", "schema"),
        ("schema: fw-advisor/answers@2\nanswers: {}", "fw-advisor/answers@2"),
        ("[1, 2]", "no schema"),
        (HEAD + "answers: [task]", "mapping"),
        (HEAD + "project: [x]", "project"),
        (HEAD + "project: " + "x" * 30_000, "project"),
        (HEAD + "answers: {task: image, task: graph}", "twice"),
    ],
)
def test_other_documents_are_refused(base: RuleBase, tmp_path: Path, text: str, word: str) -> None:
    (error,) = errors_in(text, base, tmp_path)
    assert word in error.message


def test_a_source_that_is_none_is_told(base: RuleBase, tmp_path: Path) -> None:
    text = HEAD + "answers: {task: image}\nsources: {task: dreamt}\n"
    (error,) = errors_in(text, base, tmp_path)
    assert "dreamt" in error.message
    assert error.where == f"{tmp_path / 'a.yaml'}:3:17"


def test_plain_data_is_placed_by_the_caller(base: RuleBase) -> None:
    data = {"schema": "fw-advisor/answers@1", "answers": {"task": "imge"}}
    with pytest.raises(UserError) as caught:
        answers_from(data, base, "request")
    assert caught.value.where == "request: answers.task"
    with pytest.raises(UserError) as caught:
        answers_from(data, base, "request", where=lambda *path: f"line of {path[-1]}")
    assert caught.value.where == "line of task"
    good = {"schema": "fw-advisor/answers@1", "answers": {"task": "image"}}
    assert answers_from(good, base, "x", source="flag").sources == {"task": "flag"}


ASSIGNMENTS: dict[str, Any] = {
    "task=image": "image",
    " task = image ": "image",
    "float64=TRUE": True,
    "deadline_weeks=1e2": 100,
    "transforms=long_scan, per_sample_grad": ["long_scan", "per_sample_grad"],
    "transforms=[]": [],
    "transforms=": [],
    "must_use=torch_geometric": ["torch-geometric"],
    "priorities=team,risk=ecosystem": ["team", "risk=ecosystem"],
    "python=3.10": "3.10",
    "task=unknown": "unknown",
}


@pytest.mark.parametrize("text", ASSIGNMENTS)
def test_a_flag_is_an_answer(base: RuleBase, text: str) -> None:
    key, value = parse_assignment(text, base)
    assert key == text.partition("=")[0].strip()
    assert value == ASSIGNMENTS[text]
    assert type(value) is type(ASSIGNMENTS[text])


@pytest.mark.parametrize("text", ["", "=", "task", "tsk=image", "float64=1", "deadline_weeks=nan"])
def test_a_flag_that_is_no_answer_is_told(base: RuleBase, text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_assignment(text, base)
    assert caught.value.where == f"--set {text}"


def test_flags_stand_over_the_file(base: RuleBase) -> None:
    said = Answers(None, {"task": "image", "float64": True}, {"task": "file", "float64": "file"})
    result = with_assignments(said, ["task=graph", "float64=unknown"], base)
    assert result.values == {"task": "graph"}
    assert result.sources == {"task": "flag"}
    assert result.unknown == ("float64",)
    with pytest.raises(UserErrorGroup) as caught:
        with_assignments(said, ["task=x", "float64=y", "team.jax=deep"], base)
    assert len(caught.value.errors) == 2


values = st.fixed_dictionaries(
    {},
    optional={
        "task": st.sampled_from(["image", "graph"]),
        "float64": st.booleans(),
        "deadline_weeks": st.integers(0, 520) | st.sampled_from([0.5, 2.25]),
        "transforms": st.lists(st.sampled_from(["long_scan", "per_sample_grad"]), unique=True),
        "must_use": st.lists(st.sampled_from(["vllm", "true", "1e3", "no", "a-b"]), unique=True),
        "python": st.just("3.10"),
    },
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(values, st.text(max_size=30) | st.none(), st.data())
def test_what_is_written_replays(
    base: RuleBase, tmp_path: Path, values: dict[str, Any], project: str | None, data: st.DataObject
) -> None:
    source = st.sampled_from(["typed", "flag", "file", "detected", "default"])
    sources = {key: data.draw(source) for key in values}
    said = Answers(project, values, sources, ("team.jax",))
    path = tmp_path / "a.yaml"
    path.write_text(to_yaml(said), encoding="utf-8", newline="")
    assert read_answers(path, base) == said


def test_the_shipped_example_and_personas_fit_the_shipped_vocabulary(tmp_path: Path) -> None:
    base = load_rule_base()
    example = read_answers(resource_dir("rules") / "example.yaml", base)
    assert example.values["task"] in base.facts["task"].values
    personas = load_personas(base)
    assert len(personas) >= 34
    for persona in personas:
        path = tmp_path / "p.yaml"
        path.write_text(to_yaml(answers_of(persona)), encoding="utf-8")
        assert read_answers(path, base) == answers_of(persona)
        evidence = evidence_of(persona, base)
        assert (evidence is None) == (not persona.measured)
        if evidence is not None:
            ratios = {p.id: p.comparisons[0].time_ratio for p in evidence.probes}
            assert ratios == persona.measured


def test_interpreters_are_read_kept_and_left_out_of_what_decides(
    base: RuleBase, tmp_path: Path
) -> None:
    text = HEAD + "answers: {task: image}\npythons: {torch: ~/envs/t, jax: '/opt/my env/python'}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    read = read_answers(tmp_path / "a.yaml", base)
    assert read.pythons == {"torch": "~/envs/t", "jax": "/opt/my env/python"}
    (tmp_path / "b.yaml").write_text(to_yaml(read), encoding="utf-8")
    assert read_answers(tmp_path / "b.yaml", base) == read
    assert read.with_value("float64", True, "flag").with_unknown("task").pythons == read.pythons
    assert "pythons" not in read.to_dict()
    assert "opt/my env" not in json.dumps(read.to_dict())


@pytest.mark.parametrize(
    ("given", "told"),
    [("{tensorflow: x}", "tensorflow"), ("{torch: 3}", "torch has to be text"), ("[x]", "mapping")],
)
def test_interpreters_of_another_shape_are_refused(
    base: RuleBase, tmp_path: Path, given: str, told: str
) -> None:
    (error,) = errors_in(f"{HEAD}pythons: {given}\n", base, tmp_path)
    assert told in str(error)
