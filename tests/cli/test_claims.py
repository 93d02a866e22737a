"""`fw-advisor claims` as a user runs it: the evidence decides, mistakes are told, one document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.evidence import to_data
from advisor.jsonio import dumps
from tests.decide.claim_evidence import evidence, seen_with

ROOT = Path(__file__).resolve().parents[2]


def run(place, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "claims", *map(str, arguments)],
        cwd=place,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(place)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def planted(tmp_path):
    path = tmp_path / "planted.json"
    turned = evidence(seen_with("value_branches", "jax", eager=False))
    path.write_text(dumps(to_data(turned)), "utf-8")
    (tmp_path / "found.json").write_text(dumps(to_data(evidence())), "utf-8")
    return path


def test_a_planted_evidence_file_turns_a_claim(tmp_path, planted):
    verdicts = []
    for name in ("found.json", planted.name):
        done = run(tmp_path, "--evidence", name, "--only", "C-08", "--json")
        assert done.returncode == 0, done.stderr
        (claim,) = json.loads(done.stdout)["claims"]
        verdicts.append(claim["verdict"])
    assert verdicts == ["contradicted here", "confirmed here"]


def test_all_claims_by_evidence_in_every_format(tmp_path, planted):
    names = ["claims.html", "claims.md", "claims.txt", "claims.json"]
    done = run(tmp_path, "--evidence", planted, *(x for n in names for x in ("-o", n)))
    assert done.returncode == 0, done.stderr
    assert "55 circulating claims" in done.stdout
    for name in names:
        assert "C-55" in (tmp_path / name).read_text("utf-8")


def test_a_part_that_cannot_be_costs_itself_only(tmp_path, planted):
    document = json.loads((tmp_path / "found.json").read_text("utf-8"))
    spoiled = next(b for b in document["behaviours"] if b["check"] == "memory")
    spoiled["seconds"] = -1
    (tmp_path / "spoiled.json").write_text(json.dumps(document), "utf-8")
    done = run(tmp_path, "--evidence", "spoiled.json", "--only", "C-08", "--only", "C-23", "--json")
    assert done.returncode == 0, done.stderr
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(done.stdout)["claims"]}
    assert verdicts == {"C-08": "contradicted here", "C-23": "not testable here"}


def test_what_only_sources_decide_runs_nothing(tmp_path):
    done = run(tmp_path, "--only", "c-02", "--json")
    assert done.returncode == 0
    (claim,) = json.loads(done.stdout)["claims"]
    assert claim["verdict"] == "false by source"
    assert claim["source"].startswith("https://")
    assert claim["number"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "C-77"), "C-55"),
        (("--group", "speed"), "performance"),
        (("-o", "claims.pdf"), ".html"),
        (("--evidence", "absent.json"), "absent.json"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(tmp_path, arguments, words):
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
