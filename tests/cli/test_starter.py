"""``fw-advisor starter``: a project from a record or from two words, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decision for JAX that somebody was forced to: physics on a TPU with a library of JAX."""
    place = tmp_path_factory.mktemp("decided")
    answers = place / "answers.yaml"
    answers.write_text(
        "schema: fw-advisor/answers@1\n"
        "answers:\n  task: scientific_computing\n  must_use: [diffrax]\n"
        "  hardware.train: nvidia\n  hardware.os: linux\n  python: '3.12'\n",
        "utf-8",
    )
    decision = place / "decision.json"
    assert run("advise", "--answers", answers, "-o", decision, "-q").returncode == 0
    return decision


def test_a_record_names_framework_task_and_hardware(record: Path, tmp_path: Path) -> None:
    target = tmp_path / "first day"
    ran = run("starter", "--record", record, "-o", target, "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["schema"] == "fw-advisor/starter@1"
    assert (document["framework"], document["task"]) == ("jax", "scientific_computing")
    assert sorted(document["files"]) == sorted(p.name for p in target.iterdir())
    assert any("cuda" in line for line in document["install"])
    readme = (target / "README.md").read_text("utf-8")
    assert document["install"][0] in readme


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("mine = 1\n", "utf-8")
    ran = run("starter", "--framework", "jax", "--task", "image", "-o", tmp_path)
    assert ran.returncode == 2
    assert "is not empty" in ran.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.py"]
    words = ["--framework", "jax", "--task", "image", "--overwrite"]
    assert run("starter", *words, "-o", tmp_path).returncode == 0
    assert (tmp_path / "mine.py").read_text("utf-8") == "mine = 1\n"
    assert (tmp_path / "train.py").exists()


def test_a_file_is_no_place_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    ran = run("starter", "--framework", "jax", "--task", "image", "-o", tmp_path / "file")
    assert ran.returncode == 2
    assert "is a file" in ran.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--framework", "jax", "--task", "graph"], "no starter yet for this task"),
        (["--framework", "tensorflow", "--task", "image"], "is no framework"),
        (["--framework", "jax", "--task", "imege"], "image"),
        (["--task", "image"], "needs a framework and a task"),
    ],
)
def test_what_cannot_be_written_says_why_and_what_to_do(
    words: list[str], said: str, tmp_path: Path
) -> None:
    ran = run("starter", *words, "-o", tmp_path / "new")
    assert ran.returncode == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) >= 2
    assert not (tmp_path / "new").exists()


def test_a_task_without_a_starter_is_told_its_libraries(tmp_path: Path) -> None:
    ran = run("starter", "--framework", "pytorch", "--task", "graph", "-o", tmp_path / "new")
    assert "torch-geometric" in ran.stderr


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", ["pytorch", "jax"])
def test_a_project_goes_on_with_the_same_bits(framework: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    target = tmp_path / "new"
    assert (
        run("starter", "--framework", framework, "--task", "tabular", "-o", target).returncode == 0
    )
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "bits or seed", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=target,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
