"""``probe --devices``: what it needs, what it refuses, and that every refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.cli.scaling import refuse_apart, refuse_beside
from advisor.errors import UserError

NOTHING = {"--only": None, "--list": False, "--workload": []}


def test_a_model_alone_is_what_it_takes():
    refuse_beside(models=["mlp:{}"], beside=NOTHING)


def test_without_a_model_it_says_how_to_name_one():
    with pytest.raises(UserError, match="no model is named") as caught:
        refuse_beside(models=[], beside=NOTHING)
    assert "fw-advisor probe --model decoder --devices 2" in caught.value.hint


@pytest.mark.parametrize(
    ("option", "value"), [("--only", ["mlp_train"]), ("--list", True), ("--workload", [Path("x")])]
)
def test_what_asks_for_something_else_is_named(option, value):
    with pytest.raises(UserError, match=f"{option} and --devices"):
        refuse_beside(models=["mlp:{}"], beside={**NOTHING, option: value})


@pytest.mark.parametrize(
    ("given", "option"),
    [({"models": ["mlp:{}"]}, "--model"), ({"devices": 2}, "--devices"), ({}, "--only")],
)
def test_training_to_an_accuracy_is_a_run_of_its_own(given, option):
    beside = NOTHING if given else {**NOTHING, "--only": ["matmul"]}
    asked = {"models": [], "devices": None, **given}
    with pytest.raises(UserError, match=f"{option} and --time-to-accuracy") as caught:
        refuse_apart(time_to_accuracy=True, beside=beside, **asked)
    assert caught.value.hint


def test_training_to_an_accuracy_alone_is_asked_for():
    refuse_apart(models=[], devices=None, time_to_accuracy=True, beside=NOTHING)
