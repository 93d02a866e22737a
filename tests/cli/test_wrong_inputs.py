"""Forty mistakes: each exits with 2, names the place, says what to do, and shows no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = "schema: fw-advisor/answers@1\nanswers:\n  task: image\n"
FILES: dict[str, Any] = {
    "good.yaml": ANSWERS,
    "empty.yaml": "",
    "list.yaml": "- 1\n- 2\n",
    "tab.yaml": "schema: fw-advisor/answers@1\nanswers:\n\ttask: image\n",
    "twice.yaml": ANSWERS + "  task: graph\n",
    "task.yaml": ANSWERS.replace("image", "imagge"),
    "key.yaml": ANSWERS + "  taks: image\n",
    "number.yaml": ANSWERS + "  deadline_weeks: soon\n",
    "far.yaml": ANSWERS + "  deadline_weeks: 9999\n",
    "flag.yaml": ANSWERS + "  float64: perhaps\n",
    "schema.yaml": ANSWERS.replace("answers@1", "answers@9"),
    "other.yaml": "schema: something/else@1\n",
    "given.yaml": ANSWERS.replace("answers:\n", "given: yesterday\nanswers:\n"),
    "binary.yaml": b"\xff\xfe\x00\x01",
    "broken.json": "{",
    "nan.json": '{"schema": "fw-advisor/evidence@1", "probes": NaN}',
    "list.json": "[]",
    "later.json": '{"schema": "fw-advisor/evidence@2"}',
    "probes.json": '{"schema": "fw-advisor/evidence@1", "probes": "none"}',
    "bare.json": '{"schema": "fw-advisor/decision@1"}',
    "evidence.json": '{"schema": "fw-advisor/evidence@1"}',
}
MISTAKES = [
    *(("advise", "--answers", name) for name in (
        "empty.yaml", "list.yaml", "tab.yaml", "twice.yaml", "task.yaml", "key.yaml",
        "number.yaml", "far.yaml", "flag.yaml", "schema.yaml", "other.yaml", "given.yaml",
        "binary.yaml", "absent.yaml", ".",
    )),
    *(("advise", "--answers", "good.yaml", "--evidence", name) for name in (
        "broken.json", "nan.json", "list.json", "later.json", "probes.json", "absent.json",
        "bare.json",
    )),
    *(("advise", "--answers", "good.yaml", "--set", text) for text in (
        "taks=image", "task=imagge", "task", "deadline_weeks=soon", "priorities=speeed",
    )),
    ("advise", "--answers", "good.yaml", "--today", "tomorrow"),
    ("advise", "--answers", "good.yaml", "-o", "report.pdf"),
    ("report", "evidence.json"),
    ("report", "bare.json"),
    ("check", "absent.json"),
    ("compare", "evidence.json", "broken.json"),
    ("compare", "evidence.json", "evidence.json", "--fail-on", "sometimes"),
    ("probe", "--task", "langauge"),
    ("probe", "--profile", "quikc", "--list"),
    ("probe", "--budget", "soon", "--list"),
    ("probe", "--python", "tensorflow=/bin/sh", "--list"),
    ("probe", "-o", "evidence.txt"),
    ("rules", "explain", "claim.nothing"),
    ("rules", "list", "--filter", "kind=vetoo"),
    ("rules", "list", "--filter", "knid=veto"),
    ("interview", "--no-input", "--no-probe"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wrong")
    for name, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (directory / name).write_bytes(data)
    return directory


def test_there_are_forty() -> None:
    assert len(MISTAKES) >= 40


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    place: Path, arguments: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *arguments],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "bug of fw-advisor" not in done.stderr
    head, *hints = done.stderr.strip().splitlines()
    assert head.startswith("fw-advisor: ")
    assert hints, f"no way out: {head}"
    named = [word for word in arguments[1:] if not word.startswith("--") and word != "-o"]
    last = named[-1].split("=")[-1] if named else "--set"
    assert last in done.stderr, f"no place: {done.stderr}"
