"""`interview --code`: what the code answers is proposed or taken with its place, and reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.answers import Answers
from advisor.answers_io import answers_from, read_answers, to_yaml
from advisor.cli.code_base import CodeBase, read_code_base
from advisor.errors import UserError
from advisor.interview import session
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from tests.cli.test_advise import run
from tests.interview.asker import FakeAsker, proposed

TRAIN = """import pathlib
import torch
from torch import nn

pathlib.Path("ran").touch()


class Net(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            x[0] = 1
        return torch.func.vmap(torch.sin)(x)
"""


@pytest.fixture(scope="module")
def base() -> RuleBase:
    return load_rule_base()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    place = tmp_path / "theirs"
    place.mkdir()
    (place / "train.py").write_text(TRAIN, "utf-8")
    (place / "requirements.txt").write_text("torch==2.6\n", "utf-8")
    return place


def test_what_is_certain_is_taken_and_what_somebody_said_stays(code: Path, base: RuleBase) -> None:
    read = read_code_base(code, base)
    taken = read.taken_by(Answers())
    assert (taken.values["codebase"], taken.sources["codebase"]) == ("pytorch", "detected")
    assert taken.values["migration.to_jax"] in ("small", "medium", "large", "very_large")
    said = Answers().with_value("codebase", "jax", "flag").with_unknown("transforms")
    kept = read.taken_by(said)
    assert (kept.values["codebase"], kept.sources["codebase"]) == ("jax", "flag")
    assert "transforms" in kept.unknown
    assert not (code / "ran").exists()


def test_an_interview_skips_what_is_certain_and_proposes_the_rest_with_its_place(
    code: Path, base: RuleBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_ADVISOR_STATE_DIR", str(tmp_path / "state"))
    read = read_code_base(code, base)
    likely = CodeBase(read.proposals, ("codebase",), read.reading)
    asker = FakeAsker(proposed)
    session.run(
        base,
        likely.taken_by(Answers()),
        likely.proposals,
        asker=asker,
        rank=lambda _, keys: [(key, 1.0 if key in read.proposals else 0.0) for key in keys],
        on_answer=lambda _: None,
        live=lambda: None,
    )
    texts = {question.key: question.text for question in base.questions}
    asked = {screen.frame.text: screen for screen in asker.shown}
    assert texts["codebase"] not in asked
    menu = asked[texts["control_flow"]]
    [option] = [option for option in menu.options if option.mark]
    assert option.mark == "detected in the code"
    assert option.detail == "detected in the code: train.py:10"
    assert menu.options[menu.pointed] is option


def test_what_was_read_survives_the_answers_file(
    code: Path, base: RuleBase, tmp_path: Path
) -> None:
    taken = read_code_base(code, base).taken_by(Answers())
    path = tmp_path / "answers.yaml"
    path.write_text(to_yaml(taken), "utf-8")
    assert read_answers(path, base) == taken
    assert answers_from(taken.to_dict(), base, "x").code == taken.code


@pytest.mark.parametrize(
    "spoilt",
    [
        3,
        {"other": 1},
        {"files": -1},
        {"places": {"a": "train.py:1"}},
        {"moves": [{"to": "tensorflow", "effort": "small"}]},
        {"moves": [{"to": "jax", "effort": "huge"}]},
        {"moves": [{"to": "jax", "effort": "small"}] * 2},
        {"moves": [{"to": "jax", "effort": "small", "redesign": [3]}]},
        {"moves": [{"to": "jax", "effort": "small", "means": "x" * 5000}]},
    ],
)
def test_a_spoilt_reading_is_refused(spoilt: object, base: RuleBase) -> None:
    document = {"schema": "fw-advisor/answers@1", "answers": {}, "code": spoilt}
    with pytest.raises(UserError, match="code is not what a scan gives"):
        answers_from(document, base, "x")


def test_the_report_has_a_section_and_the_effort_argues_instead_of_a_guess(
    code: Path, tmp_path: Path
) -> None:
    report, record = tmp_path / "report.md", tmp_path / "decision.json"
    done = run(
        *("interview", "--code", code, "--set", "task=language", "--defaults", "--no-input"),
        *("--no-probe", "-q", "-o", report, "-o", record),
    )
    assert done.returncode == 0, done.stderr
    text = report.read_text("utf-8")
    assert "## What moving the existing code would take" in text
    assert "detected in the code: train.py:" in text
    assert "train.py:10" in text.partition("**What has to be designed anew**")[2]
    fired = {reason["rule"] for reason in json.loads(record.read_text())["reasons"]}
    effort = {rule for rule in fired if str(rule).startswith("claim.team.move-to-jax-")}
    assert len(effort) == 1
    assert "claim.team.codebase-pytorch" not in fired
    assert run("check", record).returncode == 0


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused = run("interview", "--code", tmp_path / "nothing", "--no-input", "--no-probe")
    assert refused.returncode == 2
    assert "nothing" in refused.stderr
