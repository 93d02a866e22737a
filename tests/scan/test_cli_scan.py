"""``fw-advisor scan`` as scripts and people meet it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from advisor.answers_io import read_answers
from advisor.cli import main
from tests.scan.planted import plant


class Run:
    """One command in this process: its exit code and what it wrote."""

    def __init__(self, capsys, monkeypatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *argv: str | Path) -> tuple[int, str, str]:
        words = ["fw-advisor", "scan", *(str(word) for word in argv)]
        self._monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = self._capsys.readouterr()
        return int(stopped.value.code or 0), out, err


@pytest.fixture
def run(capsys, monkeypatch) -> Run:
    return Run(capsys, monkeypatch)


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    plant(tmp_path / "code")
    return tmp_path / "code"


def test_json_is_one_document_with_the_keys_of_the_contract(run, planted):
    code, out, err = run(planted, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, err) == (0, "")
    assert document["schema"] == "fw-advisor/scan@1"
    assert {"schema", "answers", "found", "migration"} <= set(document)
    assert document["found"]
    for entry in document["found"]:
        assert set(entry) == {"key", "value", "file", "line", "text", "confidence"}
        assert entry["line"] >= 1
        assert entry["confidence"] in ("certain", "likely", "possible")
        assert "\n" not in entry["text"]
        assert not entry["file"].startswith("/")
    for direction in ("to_jax", "to_pytorch"):
        assert document["migration"][direction]
        for move in document["migration"][direction]:
            assert {"name", "times", "files", "kind", "counterpart", "fit"} <= set(move)
            assert move["counterpart"] is None or move["counterpart"]
            assert (move["counterpart"] is None) == (move["fit"] == "unlisted")
        effort = document["migration"]["effort"][direction]
        assert effort["class"] in ("small", "medium", "large", "very_large")
        assert effort["reasons"]
        assert "day" not in json.dumps(effort)
        coverage = document["migration"]["coverage"][direction]
        assert 0 < coverage["listed"] <= coverage["names"]


def test_every_answer_of_the_document_says_where_it_comes_from(run, planted):
    document = json.loads(run(planted, "--json")[1])
    assert set(document["answers"]) == set(document["sources"])
    for source in document["sources"].values():
        assert source["source"] == "detected in the code"
        assert source["places"]
        for place in source["places"]:
            file, _, line = place.rpartition(":")
            assert (planted / file).is_file()
            assert int(line) >= 1


def test_the_same_code_gives_the_same_bytes(run, planted):
    assert run(planted, "--json")[1] == run(planted, "--json")[1]


def test_the_answers_file_goes_into_the_rest_of_the_program(run, planted, tmp_path, base):
    path = tmp_path / "answers.yaml"
    code, out, err = run(planted, "-o", path, "-o", tmp_path / "scan.json")
    assert code == 0
    document = json.loads((tmp_path / "scan.json").read_text("utf-8"))
    assert dict(read_answers(path, base).values) == document["answers"]
    assert str(path) in err
    assert "codebase" in out


def test_people_get_answers_effort_coverage_and_what_was_skipped(run, planted):
    (planted / "bad.py").write_text("import torch\nprint 'x'\n", "utf-8")
    _, out, _ = run(planted, "-q")
    assert re.search(r"control_flow +yes \(certain, \w+/\w+\.py:\d+\)", out)
    assert "Moving to JAX: " in out
    assert "the table knows" in out
    assert "skipped: 1 syntax" in out


def test_a_file_can_be_read_alone(run, planted):
    document = json.loads(run(planted / "sparrow" / "model.py", "--json")[1])
    assert {entry["file"] for entry in document["found"]} == {"model.py"}


def test_a_place_that_is_not_there_is_the_user_s_mistake(run, tmp_path):
    code, out, err = run(tmp_path / "absent", "--json")
    assert code == 2
    assert "no such file" in json.loads(out)["error"]["message"]
    assert "Traceback" not in err


def test_an_output_of_another_kind_is_refused_before_any_work(run, planted, tmp_path):
    code, _, err = run(planted, "-o", tmp_path / "answers.html")
    assert code == 2
    assert ".yaml for the answers" in err
    assert not list(tmp_path.glob("*.html"))


def test_a_code_base_that_is_read_in_part_ends_with_its_own_code(run, planted, monkeypatch):
    import advisor.scan.walk as walking

    monkeypatch.setattr(walking, "MAX_FILES", 3)
    code, out, _ = run(planted, "--json")
    assert code == 3
    assert json.loads(out)["files"]["truncated"] is True


def test_nothing_heavy_is_loaded_and_no_framework(planted):
    code = (
        "import sys; sys.argv = ['fw-advisor', 'scan', sys.argv[1], '--json', '-q']\n"
        "from advisor.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'jax', 'numpy', 'vl_convert', 'jinja2', 'sparrow', 'jaxside'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(planted)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"
