"""The first day's project: ten of them, each whole, in order and without a name of another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from advisor.render.starter import STARTERS, starter_files

TEN = [(framework, task) for framework in ("pytorch", "jax") for task in STARTERS]
TEN = [pair for pair in TEN if pair[1] != "llm_pretraining"]


def written(framework: str, task: str, place: Path) -> Path:
    files = starter_files(framework, task, install=["pip install it"], why="Because.")
    for name, text in files.items():
        (place / name).write_text(text, "utf-8")
    return place


@pytest.mark.parametrize(("framework", "task"), TEN)
def test_a_project_is_whole_and_of_one_framework(framework: str, task: str) -> None:
    files = starter_files(framework, task, install=["pip install it"], stack=[("flax", "layers")])
    assert set(files) == {
        "README.md", "requirements.txt", "train.py", "work.py", "test_train.py", "curve.py"
    }  # fmt: skip
    other = {"pytorch": "import jax", "jax": "import torch"}[framework]
    for name, text in files.items():
        assert "{{" not in text.replace("{{'", ""), name
        assert "{%" not in text
        assert other not in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        if name.endswith(".py"):
            compile(text, name, "exec")
    assert "pip install it" in files["README.md"]
    assert "**flax**: layers" in files["README.md"]


def test_all_ten_keep_the_rules_of_a_linter(tmp_path: Path) -> None:
    for framework, task in TEN:
        place = tmp_path / f"{framework}-{task}"
        place.mkdir()
        written(framework, task, place)
    selected = ["--isolated", "--line-length", "100", str(tmp_path)]
    rules = ["--select", "E,F,W,I,B,UP,SIM,RET,PTH,C4,PIE,ISC", "--ignore", "PTH105,I001"]
    for command in (["check", *rules], ["format", "--check"]):
        checked = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *selected],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout


def test_a_task_without_a_starter_is_no_project() -> None:
    with pytest.raises(KeyError):
        starter_files("jax", "graph", install=[])
