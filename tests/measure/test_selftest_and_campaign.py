"""The self-test judges by what it sees; a campaign turns it all into one evidence document."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from advisor.errors import NothingToMeasureError, UserError
from advisor.evidence import Evidence
from advisor.measure import campaign as campaign_module
from advisor.measure import selftest as selftest_module
from advisor.measure.campaign import Campaign, measure, planned, read_catalogue, usable_cpus
from advisor.workers.lock import machine_lock
from advisor.measure.work import ToolchainSpec
from advisor.measure.selection import Wishes
from advisor.measure.selftest import cached, selftest, store
from advisor.workers.worker import WorkerError
from tests.fakes import kit
from tests.fakes.worker import workload

A, B, PLANTED = "numpy.a", "numpy.b", "numpy.planted"
NAME = "-with-a-name-that-is-long"


def outcome_of(script, tmp_path, meter=kit.Meter):
    place = tmp_path / "workspace"
    place.mkdir()
    return selftest(worker=script.argv, workspace=place, cpus=kit.cpus(1), meter=meter)


def timed(script, sd: float = 0.004, **medians: float):
    names = {"a": A, "b": B, "planted": PLANTED}
    script.modes = {
        name: {"median_s": medians.get(short, 1e-3), "launch_sd": sd, "block_sd": 0.002}
        for short, name in names.items()
    }
    return script


def test_equal_code_called_equal_and_a_planted_delay_found_is_a_pass(script, tmp_path):
    result = outcome_of(timed(script), tmp_path)
    assert result.passed
    assert result.document["status"] == "passed"
    assert result.document["planted_detected"] is True
    assert result.document["details"]["planted_ratio"] == pytest.approx(1.2, rel=0.03)
    assert result.spread >= 0.01
    assert result.document["aa_log_sd"] < 0.02


def test_equal_code_called_different_fails(script, tmp_path):
    result = outcome_of(timed(script, b=1.3e-3), tmp_path)
    assert not result.passed
    assert result.document["reason"]["id"] == "equal-called-different"
    assert result.document["reason"]["hint"]


def test_a_planted_delay_that_is_not_found_fails(script, tmp_path):
    result = outcome_of(timed(script, planted=0.8e-3), tmp_path)
    assert (result.passed, result.document["reason"]["id"]) == (False, "delay-not-found")
    assert result.document["planted_detected"] is False


def test_a_busy_machine_fails_by_name(script, tmp_path):
    result = outcome_of(timed(script), tmp_path, meter=kit.BusyMeter)
    assert (result.passed, result.document["reason"]["id"]) == (False, "machine-busy")
    assert math.isfinite(result.spread)


@pytest.mark.parametrize("verb", ["hello", "build", "block"])
def test_a_broken_worker_is_not_blamed_on_the_machine(script, tmp_path, verb):
    starts = [1] if verb != "hello" else [0]
    timed(script).fault(verb, "crash", "numpy", starts=starts)
    result = outcome_of(script, tmp_path)
    assert (result.passed, result.document["reason"]["id"]) == (False, "selftest-broken")
    assert "something broke deep inside" in result.document["reason"]["text"]


def test_a_pass_is_kept_for_this_boot_these_cpus_and_versions(script, tmp_path, monkeypatch):
    result = outcome_of(timed(script), tmp_path)
    cache = tmp_path / "cache"
    store(cache, (0, 1), result)
    found = cached(cache, (0, 1))
    assert found is not None
    assert (found.passed, found.document) == (True, result.document)
    assert cached(cache, (0,)) is None
    monkeypatch.setattr(selftest_module, "__version__", "99")
    assert cached(cache, (0, 1)) is None


def test_a_failure_is_never_kept_and_a_spoilt_cache_never_believed(script, tmp_path):
    cache = tmp_path / "cache"
    store(cache, (0,), outcome_of(timed(script, b=1.3e-3), tmp_path))
    assert cached(cache, (0,)) is None
    cache.mkdir(exist_ok=True)
    for text in ("", "{}", "[]", '{"spread": "x", "document": {}}', "\x00"):
        name = f"selftest-{selftest_module.cache_key((0,))}.json"
        (cache / name).write_text(text, "utf-8")
        assert cached(cache, (0,)) is None


def campaign(script, tmp_path, **changes):
    specs = [
        ToolchainSpec("pytorch-0", "pytorch", kit.TORCH.interpreter, index=0),
        ToolchainSpec("jax-0", "jax", kit.JAX.interpreter, index=1),
    ]
    script.workloads = [workload("fake", modes=["pytorch.eager", "jax.jit"], extra_modes=[])]
    known = {
        "worker": script.argv,
        "toolchains": specs,
        "toolchain_documents": [{"framework": "pytorch"}, {"framework": "jax"}],
        "missing": {},
        "machine": {"os": "linux", "cpu": "a fake"},
        "wishes": Wishes(profile="quick", probes=("fake",), seed=5),
        "created": "2026-11-24",
        "cache": tmp_path / "cache",
    }
    return Campaign(**{**known, **changes})


def test_a_campaign_yields_evidence_that_the_model_accepts(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    timed(script)
    script.modes |= {"pytorch.eager": {"median_s": 1e-3}, "jax.jit": {"median_s": 3e-3}}
    finished = measure(campaign(script, tmp_path, meter=kit.Meter))
    document = json.loads(json.dumps(finished.document, allow_nan=False))
    evidence = Evidence.model_validate(document)
    assert evidence.created == "2026-11-24"
    assert (evidence.profile, evidence.seed) == ("quick", 5)
    assert evidence.selftest is not None
    assert evidence.selftest.status == "passed"
    assert finished.complete
    assert {c.verdict for p in evidence.probes for c in p.comparisons} == {"a_faster"}
    assert [t.framework for t in evidence.toolchains] == ["pytorch", "jax"]
    assert evidence.toolchains[1].version == "1.0"
    assert str(tmp_path) not in json.dumps(document)
    assert list((tmp_path / "cache").glob("selftest-*.json"))


@pytest.mark.parametrize(("framework", "told"), [("pytorch", True), ("jax", False)])
def test_a_quick_run_says_that_the_compiler_was_not_tried(
    script, tmp_path, monkeypatch, framework, told
):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.campaign.usable_cpus", lambda *_: kit.cpus(1))
    wishes = Wishes(profile="quick", probes=("fake",), frameworks=(framework,), seed=5)
    document = measure(campaign(script, tmp_path, wishes=wishes)).document
    assert ("compile-not-measured" in {n["id"] for n in document["notices"]}) is told
    assert document["spent_s"]["all"] >= document["spent_s"]["timing"]


def test_what_a_budget_cut_is_named_in_a_text_that_can_be_read_back(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.campaign.usable_cpus", lambda *_: kit.cpus(1))
    wishes = Wishes(profile="quick", only=("*",), budget_s=1.0, seed=5)
    made = campaign(script, tmp_path, wishes=wishes)
    script.workloads = [workload(f"work{n:03}{NAME}", extra_modes=[]) for n in range(120)]
    document = measure(replace(made, worker=script.argv)).document
    [cut] = [n for n in document["notices"] if n["id"] == "cut-to-budget"]
    assert cut["text"].endswith("and 89 more")
    assert Evidence.model_validate(document)


def test_a_campaign_waits_for_no_other_without_being_told_to(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    with machine_lock(), pytest.raises(UserError, match="another fw-advisor"):
        measure(campaign(script, tmp_path))
    assert script.starts("jax") == 0


def test_planning_starts_no_framework(script, tmp_path):
    plan = planned(campaign(script, tmp_path))
    assert {c.probe for s in plan.series for c in s.cells} == {"fake"}
    assert (script.starts("jax"), script.starts("pytorch")) == (0, 0)


def test_a_quota_takes_cpus_away():
    everything = usable_cpus()
    assert usable_cpus(1.5) == everything[-1:]
    assert usable_cpus(0.5) == everything[-1:]
    assert usable_cpus(float(len(everything))) == everything


def test_siblings_on_one_core_are_not_used_together(monkeypatch):
    monkeypatch.setattr(campaign_module, "affinity_of", lambda pid: (0, 1, 2, 3, 5, 6, 7))
    pairs = [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert usable_cpus(None, pairs) == (0, 1, 2, 3)
    assert usable_cpus(2.0, pairs) == (2, 3)
    assert usable_cpus(2.0) == (6, 7)
    # Neighbours in number are siblings on other machines.
    assert usable_cpus(2.0, [[0, 1], [2, 3], [4, 5], [6, 7]]) == (5, 6)


def test_a_campaign_takes_the_siblings_from_the_machine(script, tmp_path, monkeypatch):
    monkeypatch.setattr(campaign_module, "affinity_of", lambda pid: (0, 1, 2, 3))
    machine = {"details": {"smt_siblings": [[0, 2], [1, 3]]}}
    plan = planned(campaign(script, tmp_path, machine=machine))
    assert {s.cpus for s in plan.series} <= {(0, 1), (1,)}


def test_a_toolchain_left_out_makes_the_evidence_incomplete(script, tmp_path, monkeypatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    timed(script)
    notice = {"id": "toolchain-left-out", "severity": "warning", "text": "why", "hint": ""}
    finished = measure(campaign(script, tmp_path, meter=kit.Meter, notices=[notice], short=True))
    assert not finished.complete
    assert notice in finished.document["notices"]


def test_a_workload_of_one_framework_does_not_miss_the_other(script, tmp_path, monkeypatch):
    """Nor is its evidence incomplete; beside one of both, only that one misses it."""
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    timed(script)
    missing = {"jax": {"id": "framework-missing", "text": "JAX is not installed", "hint": ""}}
    only_torch = {"toolchains": [kit.TORCH], "missing": missing, "meter": kit.Meter}
    made = campaign(script, tmp_path, **only_torch)
    script.workloads = [workload("mine", modes=["pytorch.eager"], extra_modes=[], source="mine.py")]
    finished = measure(replace(made, worker=script.argv))
    (probe,) = finished.document["probes"]
    assert [(e["framework"], e["status"]) for e in probe["entries"]] == [("pytorch", "ok")]
    assert finished.complete
    script.workloads += [
        workload("both", modes=["pytorch.eager", "jax.jit"], extra_modes=[], source="both.py")
    ]
    finished = measure(replace(made, worker=script.argv))
    skipped = {
        p["id"]: [e["framework"] for e in p["entries"] if e["status"] == "skipped"]
        for p in finished.document["probes"]
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
    made = campaign(timed(script), tmp_path, meter=kit.Meter)
    for text, kind in (("UserFileError: mine.py:3: oh", UserError), ("oh", WorkerError)):

        def fail(run, text=text):
            raise WorkerError("framework-error", text)

        monkeypatch.setattr(campaign_module.Run, "measure", fail)
        with pytest.raises(kind, match="oh") as caught:
            measure(made)
        assert str(caught.value).startswith(("mine.py:3", "oh"))


def test_two_files_of_one_name_are_refused(script, tmp_path):
    with pytest.raises(UserError, match="name of another workload") as caught:
        read_catalogue(script.argv, tmp_path, ["/a/mine.py", "/b/mine.py"])
    assert caught.value.where == "/b/mine.py"
    with pytest.raises(UserError, match="given twice"):
        read_catalogue(script.argv, tmp_path, ["/a/mine.py", "/a/mine.py"])
