"""Real workers train to an accuracy: alike from one seed, from cold start, or with the reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from advisor.evidence import Machine, Toolchain, to_data
from advisor.evidence_io import evidence_from
from advisor.measure import accuracy as accuracy_module
from advisor.measure.accuracy import Goal, measure_accuracy
from advisor.measure.campaign import Campaign, Finished
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from advisor.resources import resource_dir
from tests.fakes import kit

SHORT = Goal(accuracy=0.9, epochs=3)


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setitem(accuracy_module.SEEDS, "quick", 1)


def trained(
    tmp_path: Path, worker: Path, goal: Goal, *, interpreter: str, budget_s: float | None = None
) -> Finished:
    campaign = Campaign(
        worker=(str(worker),),
        toolchains=[
            ToolchainSpec(f"{name}-0", name, interpreter, index=n)
            for n, name in enumerate(("pytorch", "jax"))
        ],
        toolchain_parts=[Toolchain("pytorch"), Toolchain("jax")],
        missing={},
        machine=Machine(os="linux"),
        wishes=Wishes(profile="quick", budget_s=budget_s),
        created="2026-11-27",
        cache=tmp_path,
        meter=kit.Meter,
    )
    return measure_accuracy(campaign, goal, limit_s=120.0)


@pytest.mark.frameworks
def test_both_frameworks_train_alike_from_cold_start(tmp_path):
    finished = trained(tmp_path, resource_dir("probes"), SHORT, interpreter=sys.executable)
    assert finished.complete
    read = evidence_from(to_data(finished.evidence), name="the evidence")
    rows = {one.framework: one for one in read.time_to_accuracy}
    assert {(r.mode, r.status) for r in rows.values()} == {
        ("pytorch.eager", "ok"),
        ("jax.jit", "ok"),
    }
    runs = {name: row.runs[0] for name, row in rows.items()}
    for name, run in runs.items():
        assert len(run.looks) == SHORT.epochs
        assert 0 < run.imported_s < run.first_step_s < run.looks[0].seconds
        assert run.peak_memory_bytes > 1 << 20
        assert rows[name].code_lines > 10
        assert run.reached_epoch in range(1, SHORT.epochs + 1)
        assert rows[name].reached_s.mean == pytest.approx(run.reached_s)
    torch, jax = runs["pytorch"], runs["jax"]
    assert torch.inputs_sha256 == jax.inputs_sha256
    # The same weights and batches: no more than three of the 360 images kept apart may differ.
    for one, other in zip(torch.looks, jax.looks, strict=True):
        assert one.accuracy == pytest.approx(other.accuracy, abs=3.5 / 360)


def test_a_worker_that_cannot_is_named_and_the_rest_is_written(tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text("raise SystemExit(7)\n", "utf-8")
    finished = trained(tmp_path, worker, SHORT, interpreter=sys.executable)
    assert not finished.complete
    rows = finished.evidence.time_to_accuracy
    assert [(one.status, one.runs) for one in rows] == [("failed", [])] * 2
    assert {one.reason.id for one in rows} == {"worker-crashed"}


# A worker that says what a training gave, without any framework; a seed's draws as ALIKE says.
FAKE = """
import json, os, sys
name = sys.argv[sys.argv.index("--framework") + 1]
for line in sys.stdin:
    asked, reply = json.loads(line), {"ok": True}
    if asked["do"] == "hello":
        reply |= {"pid": os.getpid(), "version": "1"}
    elif asked["do"] == "attain":
        looks = [[0.1 * n, 0.95] for n in range(1, asked["epochs"] + 1)]
        drawn = "alike" if ALIKE else name
        reply |= {"mode": name, "first_step_s": 0.05, "looks": looks, "inputs_sha256": drawn}
    print(json.dumps(reply), flush=True)
    if asked["do"] == "bye":
        break
"""


def pretended(tmp_path: Path, **options: object) -> Finished:
    worker = tmp_path / "worker.py"
    worker.write_text(FAKE.replace("ALIKE", str(options.pop("alike", True))), "utf-8")
    return trained(tmp_path, worker, SHORT, interpreter=sys.executable, **options)


def test_frameworks_that_begin_from_different_draws_are_both_refused(tmp_path):
    assert pretended(tmp_path).complete
    finished = pretended(tmp_path, alike=False)
    assert not finished.complete
    rows = finished.evidence.time_to_accuracy
    assert [(one.status, one.runs, one.reached_s) for one in rows] == [("invalid", [], None)] * 2
    assert {one.reason.id for one in rows} == {"accuracy-unlike-inputs"}


def test_seeds_that_a_budget_cut_off_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(accuracy_module.SEEDS, "quick", 4)
    finished = pretended(tmp_path, budget_s=0.01)
    assert not finished.complete
    assert [notice.id for notice in finished.evidence.notices] == ["budget-spent"]
    assert {len(one.runs) for one in finished.evidence.time_to_accuracy} == {2}
