"""Across two interpreters: measured against each other, and deciding the same to the byte.

`.ci/run` makes the second environment: the newest JAX, and the advisor, on Python 3.12 or later.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECOND = os.environ.get("FW_ADVISOR_TEST_SECOND_PYTHON", "")
RULES = Path(__file__).parents[1] / "rules"

pytestmark = pytest.mark.skipif(
    not SECOND, reason="FW_ADVISOR_TEST_SECOND_PYTHON names no second interpreter"
)


def _advised(python: str, tmp_path: Path) -> bytes:
    evidence = tmp_path / "evidence.json"
    comparison = {
        "a": "pytorch.eager",
        "b": "jax.jit",
        "time_ratio": 0.7,
        "ci": [0.66, 0.74],
        "launches": 5,
        "verdict": "b_faster",
    }
    document = {
        "schema": "fw-advisor/evidence@1",
        "created": "2026-11-24",
        "probes": [{"id": "mlp_train", "comparisons": [comparison]}],
    }
    evidence.write_text(json.dumps(document), "utf-8")
    command = [
        python,
        "-m",
        "advisor",
        "advise",
        "--json",
        "--answers",
        str(RULES / "example.yaml"),
    ]
    done = subprocess.run(
        [*command, "--evidence", str(evidence), "--today", "2026-11-24"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "random"},
    )
    return done.stdout


def test_two_pythons_decide_the_same_bytes(tmp_path: Path) -> None:
    here, there = _advised(sys.executable, tmp_path), _advised(SECOND, tmp_path)
    assert json.loads(here)["schema"] == "fw-advisor/decision@1"
    assert here == there


@pytest.mark.frameworks
def test_each_framework_is_measured_in_its_own_environment(tmp_path: Path) -> None:
    out = tmp_path / "evidence.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "advisor", "probe", "--profile", "quick", "--only", "matmul"),
            *("--python", f"jax={SECOND}", "-q", "-o", str(out), "--budget", "30s"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FW_ADVISOR_LOCK": str(tmp_path / "lock")},
    )
    assert done.returncode in (0, 3), done.stderr
    document = json.loads(out.read_text("utf-8"))
    versions = {t["framework"]: (t["version"], t["python"]) for t in document["toolchains"]}
    assert versions["pytorch"][0].startswith("2.")
    assert tuple(int(part) for part in versions["jax"][0].split(".")[:2]) >= (0, 12)
    assert tuple(int(part) for part in versions["jax"][1].split(".")[:2]) >= (3, 12)
    statuses = {(e["framework"], e["status"]) for p in document["probes"] for e in p["entries"]}
    assert {("pytorch", "ok"), ("jax", "ok")} <= statuses
    # Beside other work the budget may end before the last of them.
    assert {status for _, status in statuses} <= {"ok", "skipped"}
    measured = [p for p in document["probes"] if any(e["status"] == "ok" for e in p["entries"])]
    assert all(p["parity"]["status"] == "ok" for p in measured)
