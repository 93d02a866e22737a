"""``advise``, ``check``, ``compare`` and ``schema`` as a script meets them: exit codes and JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ANSWERS = """\
schema: fw-advisor/answers@1
project: Sparrow
answers:
  task: llm_finetuning
  team.pytorch: deep
  team.jax: none
  hardware.train: nvidia
  pretrained: huggingface
  deployment: python_server
"""
CALLED = {
    "a": "pytorch.eager",
    "b": "jax.jit",
    "time_ratio": 1.5,
    "ci": [1.4, 1.6],
    "verdict": "a_faster",
}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, arguments)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def evidence(comparison: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    probe = {"id": "transformer_train", "comparisons": [comparison or CALLED]}
    return {"schema": "fw-advisor/evidence@1", "probes": [probe], **more}


def written(path: Path, document: Any) -> Path:
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return written(tmp_path / "answers.yaml", ANSWERS)


def test_json_is_one_document_and_the_same_every_time(answers: Path, tmp_path: Path) -> None:
    measured = written(tmp_path / "e.json", evidence())
    first, second = (run("advise", "--answers", answers, "--evidence", measured, "--json")
                     for _ in range(2))  # fmt: skip
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    decision = json.loads(first.stdout)
    assert decision["schema"] == "fw-advisor/decision@1"
    assert decision["status"] == "recommend"
    assert decision["recommended"]["framework"] == "pytorch"
    assert decision["project"] == "Sparrow"
    # A workload explains speed; without a model or own code it does not decide it.
    assert decision["performance"]["ratio"] is None
    assert "workloads-only" in {notice["id"] for notice in decision["notices"]}
    for key in ("answers_sha256", "evidence_sha256", "rules_sha256", "seed", "samples"):
        assert key in decision["replay"]


def test_an_answer_on_the_command_line_beats_the_file(answers: Path) -> None:
    done = run("advise", "--answers", answers, "--set", "exclude=pytorch", "--json")
    decision = json.loads(done.stdout)
    assert decision["status"] == "forced"
    assert decision["recommended"]["framework"] == "jax"
    assert decision["made_from"]["answers"]["sources"]["exclude"] == "flag"


def test_a_record_is_checked_today_and_later(answers: Path, tmp_path: Path) -> None:
    done = run("advise", "--answers", answers, "--today", "2026-11-24", "--json")
    record = written(tmp_path / "decision.json", done.stdout)
    same = run("check", record, "--today", "2026-11-24")
    assert (same.returncode, same.stdout) == (0, "")
    later = run("check", record, "--today", "2028-11-24", "--json")
    assert later.returncode == 5
    told = json.loads(later.stdout)
    assert told["holds"] is False
    assert {"claim-expired", "revisit-due"} <= {f["id"] for f in told["findings"]}
    changed = json.loads(done.stdout)
    changed["recommended"]["framework"] = "jax"
    forged = run("check", written(tmp_path / "forged.json", changed), "--today", "2026-11-24")
    assert forged.returncode == 5
    assert "differs in: recommended" in forged.stdout


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"schema": "fw-advisor/evidence@1", "probes": NaN}', "NaN"),
        ({"schema": "fw-advisor/evidence@2", "probes": []}, "evidence@2"),
        ({"schema": "something/else@1"}, "something/else@1"),
        ([], "schema"),
        ("{" * 5000, "JSON"),
        ('{"schema": "fw-advisor/evidence@1", "schema": "x"}', "twice"),
    ],
)
def test_hostile_evidence_is_refused_with_words(
    answers: Path, tmp_path: Path, document: Any, said: str
) -> None:
    path = written(tmp_path / "e.json", document)
    done = run("advise", "--answers", answers, "--evidence", path, "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert said in error["message"] + error["hint"]
    assert str(path) in error["where"]
    assert "Traceback" not in done.stderr


def test_evidence_of_fifty_megabytes_is_refused_unread(answers: Path, tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    done = run("advise", "--answers", answers, "--evidence", path)
    assert done.returncode == 2
    assert "at most" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "task=imag"), "image"),
        (("--set", "nonsense"), "nonsense"),
        (("--today", "yesterday"), "date"),
        (("--evidence", "/does/not/exist.json"), "exist"),
    ],
)
def test_mistakes_end_with_exit_code_two(
    answers: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run("advise", "--answers", answers, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_answers_are_required() -> None:
    assert run("advise", "--json").returncode == 2


def timed(median_s: float) -> dict[str, Any]:
    document = evidence()
    document["probes"][0]["entries"] = [
        {"framework": "pytorch", "mode": "pytorch.eager", "status": "ok", "median_s": median_s,
         "interval_s": [median_s * 0.98, median_s * 1.02]},
    ]  # fmt: skip
    return document


def test_compare_tells_changed_verdicts_and_significant_movements(tmp_path: Path) -> None:
    before = written(tmp_path / "a.json", evidence())
    turned = {**CALLED, "time_ratio": 0.5, "ci": [0.4, 0.6], "verdict": "b_faster"}
    after = written(tmp_path / "b.json", evidence(turned))
    done = run("compare", before, after, "--json")
    assert done.returncode == 0
    (row,) = json.loads(done.stdout)["comparisons"]
    assert (row["before"], row["after"]) == ("a_faster", "b_faster")
    assert row["changed"]
    assert row["significant"]
    assert run("compare", before, after, "--fail-on", "verdict").returncode == 5
    assert run("compare", before, before, "--fail-on", "verdict").returncode == 0


def test_compare_fails_on_what_is_significantly_slower_only(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", timed(0.010))
    noise = written(tmp_path / "b.json", timed(0.0103))
    slower = written(tmp_path / "c.json", timed(0.013))
    assert run("compare", base, noise, "--fail-on", "slower:1").returncode == 0
    assert run("compare", base, slower, "--fail-on", "slower:10").returncode == 5
    assert run("compare", base, slower, "--fail-on", "slower:50").returncode == 0
    assert run("compare", slower, base, "--fail-on", "slower:1").returncode == 0
    assert run("compare", base, slower, "--fail-on", "faster").returncode == 2


@pytest.mark.parametrize("kind", ["answers", "evidence", "decision"])
def test_schemas_are_json_schemas(kind: str) -> None:
    done = run("schema", kind)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["type"] == "object"
    assert "schema" in document["properties"]


@pytest.mark.parametrize(
    "changes",
    [
        {"time_ratio": -1.0},
        {"time_ratio": 1e300, "ci": [1e299, 1e301]},
        {"ci": [2.0, 3.0]},
        {"ci": None},
    ],
)
def test_a_part_that_cannot_be_costs_that_part_and_no_decision(
    answers: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = written(tmp_path / "e.json", evidence({**CALLED, **changes}))
    done = run("advise", "--answers", answers, "--evidence", path, "--json")
    assert done.returncode == 0, done.stderr
    decision = json.loads(done.stdout)
    [compared] = decision["made_from"]["evidence"][0]["probes"][0]["comparisons"]
    assert compared["verdict"] == "invalid"
    assert compared["reason"]["text"].startswith("void: ")
    assert decision["performance"]["ratio"] is None


def test_without_evidence_a_decision_is_dated_by_its_answers(tmp_path: Path) -> None:
    text = "schema: fw-advisor/answers@1\ngiven: 2026-11-20\nanswers:\n  task: image\n"
    (tmp_path / "a.yaml").write_text(text)
    done = run("advise", "--answers", tmp_path / "a.yaml", "--json")
    decision = json.loads(done.stdout)
    assert decision["replay"]["today"] == decision["created"] == "2026-11-20"
    (tmp_path / "a.yaml").write_text(text.replace("2026-11-20", "someday"))
    done = run("advise", "--answers", tmp_path / "a.yaml")
    assert done.returncode == 2
    assert "a.yaml:2" in done.stderr


@pytest.mark.parametrize("command", ["interview", "probe", "advise", "compare", "claims"])
def test_no_option_is_explained_by_a_type_of_the_implementation(command: str) -> None:
    shown = run(command, "--help").stdout
    assert "--" in shown
    assert "<list[" not in shown
    assert "<int" not in shown
