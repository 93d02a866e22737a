"""A campaign turns plan, self-test and run into the evidence; what is missing in it is said."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from advisor.errors import NothingToMeasureError, UserError
from advisor.evidence import Machine, Notice, Reason, Toolchain, to_data
from advisor.measure import campaign as campaign_module
from advisor.measure import cpus as cpus_module
from advisor.measure.campaign import Campaign, measure, planned
from advisor.measure.cpus import usable_cpus
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from advisor.workers.lock import machine_lock
from advisor.workers.worker import WorkerError
from tests.fakes import kit
from tests.fakes.worker import workload

NAME = "-with-a-name-that-is-long"


def campaign(script, tmp_path, **changes):
    specs = [
        ToolchainSpec("pytorch-0", "pytorch", kit.TORCH.interpreter, index=0),
        ToolchainSpec("jax-0", "jax", kit.JAX.interpreter, index=1),
    ]
    script.workloads = [workload("fake", modes=["pytorch.eager", "jax.jit"], extra_modes=[])]
    known = {
        "worker": script.argv,
        "toolchains": specs,
        "toolchain_parts": [Toolchain("pytorch"), Toolchain("jax")],
        "missing": {},
        "machine": Machine(os="linux", cpu="a fake"),
        "wishes": Wishes(profile="quick", probes=("fake",), seed=5),
        "created": "2026-11-24",
        "cache": tmp_path / "cache",
    }
    return Campaign(**{**known, **changes})


def test_a_campaign_yields_evidence_that_the_model_accepts(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    kit.with_selftest(script)
    script.modes |= {"pytorch.eager": {"median_s": 1e-3}, "jax.jit": {"median_s": 3e-3}}
    finished = measure(campaign(script, tmp_path, meter=kit.Meter))
    evidence = kit.read_back(finished.evidence)
    assert evidence.created == "2026-11-24"
    assert (evidence.profile, evidence.seed) == ("quick", 5)
    assert evidence.selftest is not None
    assert evidence.selftest.status == "passed"
    assert finished.complete
    assert {c.verdict for p in evidence.probes for c in p.comparisons} == {"a_faster"}
    assert [t.framework for t in evidence.toolchains] == ["pytorch", "jax"]
    assert evidence.toolchains[1].version == "1.0"
    assert str(tmp_path) not in json.dumps(to_data(evidence))
    assert list((tmp_path / "cache").glob("selftest-*.json"))


@pytest.mark.parametrize(("framework", "told"), [("pytorch", True), ("jax", False)])
def test_a_quick_run_says_that_the_compiler_was_not_tried(
    script, tmp_path, monkeypatch, framework, told
):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: kit.cpus(1))
    wishes = Wishes(profile="quick", probes=("fake",), frameworks=(framework,), seed=5)
    evidence = measure(campaign(script, tmp_path, wishes=wishes)).evidence
    assert ("compile-not-measured" in {n.id for n in evidence.notices}) is told
    assert evidence.spent_s["all"] >= evidence.spent_s["timing"]


def test_what_a_budget_cut_is_named_in_a_text_that_can_be_read_back(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: kit.cpus(1))
    wishes = Wishes(profile="quick", only=("*",), budget_s=1.0, seed=5)
    made = campaign(script, tmp_path, wishes=wishes)
    script.workloads = [workload(f"work{n:03}{NAME}", extra_modes=[]) for n in range(120)]
    evidence = kit.read_back(measure(replace(made, worker=script.argv)).evidence)
    [cut] = [n for n in evidence.notices if n.id == "cut-to-budget"]
    assert cut.text.endswith("and 89 more")
    assert cut.text.startswith("left out to keep to the budget of 1 s: work001")


def test_a_campaign_waits_for_no_other_without_being_told_to(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    with machine_lock(), pytest.raises(UserError, match="another fw-advisor"):
        measure(campaign(script, tmp_path))
    assert script.starts("jax") == 0


def test_planning_starts_no_framework(script, tmp_path):
    plan = planned(campaign(script, tmp_path))
    assert {i.workload for s in plan.series for i in s.items} == {"fake"}
    assert (script.starts("jax"), script.starts("pytorch")) == (0, 0)


def test_a_quota_takes_cpus_away():
    everything = usable_cpus()
    assert usable_cpus(1.5) == everything[-1:]
    assert usable_cpus(0.5) == everything[-1:]
    assert usable_cpus(float(len(everything))) == everything


def test_siblings_on_one_core_are_not_used_together(monkeypatch):
    monkeypatch.setattr(cpus_module, "affinity_of", lambda pid: (0, 1, 2, 3, 5, 6, 7))
    pairs = [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert usable_cpus(None, pairs) == (0, 1, 2, 3)
    assert usable_cpus(2.0, pairs) == (2, 3)
    assert usable_cpus(2.0) == (6, 7)
    # Neighbours in number are siblings on other machines.
    assert usable_cpus(2.0, [[0, 1], [2, 3], [4, 5], [6, 7]]) == (5, 6)


def test_a_campaign_takes_the_siblings_from_the_machine(script, tmp_path, monkeypatch):
    monkeypatch.setattr(cpus_module, "affinity_of", lambda pid: (0, 1, 2, 3))
    machine = Machine(details={"smt_siblings": [[0, 2], [1, 3]]})
    plan = planned(campaign(script, tmp_path, machine=machine))
    assert {s.cpus for s in plan.series} <= {(0, 1), (1,)}


def test_a_toolchain_left_out_makes_the_evidence_incomplete(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    kit.with_selftest(script)
    notice = Notice("toolchain-left-out", "warning", text="why")
    finished = measure(campaign(script, tmp_path, meter=kit.Meter, notices=[notice], short=True))
    assert not finished.complete
    assert notice in finished.evidence.notices


def test_a_workload_of_one_framework_does_not_miss_the_other(script, tmp_path, monkeypatch):
    """Nor is its evidence incomplete; beside one of both, only that one misses it."""
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    kit.with_selftest(script)
    missing = {"jax": Reason("framework-missing", text="JAX is not installed")}
    only_torch = {"toolchains": [kit.TORCH], "missing": missing, "meter": kit.Meter}
    made = campaign(script, tmp_path, **only_torch)
    script.workloads = [workload("mine", modes=["pytorch.eager"], extra_modes=[], source="mine.py")]
    finished = measure(replace(made, worker=script.argv))
    probe, *_ = finished.evidence.probes
    assert [(e.framework, e.status) for e in probe.entries] == [("pytorch", "ok")]
    assert finished.complete
    script.workloads += [
        workload("both", modes=["pytorch.eager", "jax.jit"], extra_modes=[], source="both.py")
    ]
    finished = measure(replace(made, worker=script.argv))
    skipped = {
        p.id: [e.framework for e in p.entries if e.status == "skipped"]
        for p in finished.evidence.probes
    }
    assert skipped == {"mine": [], "both": ["jax"]}
    assert not finished.complete


@pytest.mark.parametrize("action", [measure, planned])
def test_native_windows_is_refused_in_words(script, tmp_path, monkeypatch, action):
    made = campaign(script, tmp_path)
    monkeypatch.setattr(campaign_module, "os", SimpleNamespace(name="nt"))
    with pytest.raises(NothingToMeasureError, match="native Windows") as caught:
        action(made)
    assert "WSL2" in caught.value.hint
    assert caught.value.exit_code == 4


def test_a_users_file_that_fails_while_measuring_is_the_users_mistake(
    script, tmp_path, monkeypatch
):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    made = campaign(kit.with_selftest(script), tmp_path, meter=kit.Meter)
    for type_, kind in (("UserFileError", UserError), ("ValueError", WorkerError)):

        def fail(run, type_=type_):
            raise WorkerError("framework-error", kind=type_, text="mine.py:3: oh")

        monkeypatch.setattr(campaign_module.Run, "measure", fail)
        with pytest.raises(kind, match="oh") as caught:
            measure(made)
        assert str(caught.value).startswith("mine.py:3") is (kind is UserError)


def test_after_a_failed_self_test_only_times_are_taken_and_it_is_said(
    script, tmp_path, monkeypatch
):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    kit.with_selftest(script, b=1.3e-3)
    wishes = Wishes(profile="standard", probes=("fake",), seed=5)
    made = campaign(script, tmp_path, meter=kit.Meter, wishes=wishes)
    evidence = kit.read_back(measure(made).evidence)
    [told] = [n for n in evidence.notices if n.id == "times-only"]
    assert "in 2 launches each" in told.text
    for probe in evidence.probes:
        assert {c.verdict for c in probe.comparisons} == {"invalid"}
        assert {len(e.launches) for e in probe.entries} == {2}
        assert all(e.median_s and e.interval_s for e in probe.entries)
