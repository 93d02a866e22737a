"""The self-test judges by what it sees, and says at what spread equal code was equal."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from advisor.evidence import Selftest
from advisor.measure import selftest as selftest_module
from advisor.measure.selftest import (
    SelftestResult,
    cached,
    patient_selftest,
    selftest,
    store,
)
from advisor.measure.verdicts import ASSUMED_SPREAD
from advisor.render.evidence_words import word_selftest
from tests.fakes import kit


def outcome_of(script, tmp_path, meter=kit.Meter):
    """What the self-test says with the fake worker, in words."""
    place = tmp_path / "workspace"
    place.mkdir()
    result = selftest(worker=script.argv, workspace=place, cpus=kit.cpus(1), meter=meter)
    return replace(result, part=word_selftest(result.part))


def test_equal_code_called_equal_and_a_planted_delay_found_is_a_pass(script, tmp_path):
    result = outcome_of(kit.with_selftest(script), tmp_path)
    assert result.passed
    assert result.part.status == "passed"
    assert result.part.planted_detected is True
    assert result.part.details["planted_ratio"] == pytest.approx(1.2, rel=0.03)
    assert result.floor == result.spread >= 0.01
    assert result.part.aa_log_sd < 0.02


def test_equal_code_called_different_fails(script, tmp_path):
    result = outcome_of(kit.with_selftest(script, b=1.3e-3), tmp_path)
    assert not result.passed
    assert result.part.reason.id == "equal-called-different"
    assert result.part.reason.text == "equal code was called different"
    assert result.part.reason.hint


def test_a_planted_delay_that_is_not_found_fails(script, tmp_path):
    result = outcome_of(kit.with_selftest(script, planted=0.8e-3), tmp_path)
    assert (result.passed, result.part.reason.id) == (False, "delay-not-found")
    assert result.part.planted_detected is False


def test_a_busy_machine_fails_by_name(script, tmp_path):
    result = outcome_of(kit.with_selftest(script), tmp_path, meter=kit.BusyMeter)
    assert (result.passed, result.part.reason.id) == (False, "machine-busy")
    assert math.isfinite(result.spread)
    # What is measured all the same is judged by what is assumed.
    assert result.floor == ASSUMED_SPREAD


@pytest.mark.parametrize("verb", ["hello", "build", "block"])
def test_a_broken_worker_is_not_blamed_on_the_machine(script, tmp_path, verb):
    starts = [1] if verb != "hello" else [0]
    kit.with_selftest(script).fault(verb, "crash", "numpy", starts=starts)
    result = outcome_of(script, tmp_path)
    assert (result.passed, result.part.reason.id) == (False, "selftest-broken")
    assert "something broke deep inside" in result.part.reason.text


def test_a_pass_is_kept_for_this_boot_these_cpus_and_versions(script, tmp_path, monkeypatch):
    result = outcome_of(kit.with_selftest(script), tmp_path)
    cache = tmp_path / "cache"
    store(cache, (0, 1), result)
    found = cached(cache, (0, 1))
    assert found is not None
    assert found == result
    assert cached(cache, (0,)) is None
    monkeypatch.setattr(selftest_module, "__version__", "99")
    assert cached(cache, (0, 1)) is None


def test_a_failure_is_never_kept_and_a_spoilt_cache_never_believed(script, tmp_path):
    cache = tmp_path / "cache"
    store(cache, (0,), outcome_of(kit.with_selftest(script, b=1.3e-3), tmp_path))
    assert cached(cache, (0,)) is None
    cache.mkdir(exist_ok=True)
    for text in ("", "{}", "[]", '{"spread": "x", "aa_log_sd": 0.01, "details": {}}', "\x00"):
        name = f"selftest-{selftest_module.cache_key((0,))}.json"
        (cache / name).write_text(text, "utf-8")
        assert cached(cache, (0,)) is None


def test_a_pass_holds_for_a_day_and_for_this_state_of_the_machine(script, tmp_path, monkeypatch):
    result = outcome_of(kit.with_selftest(script), tmp_path)
    cache, plugged = tmp_path / "cache", {"on_battery": False}
    store(cache, (0,), result, plugged)
    assert cached(cache, (0,), plugged) == result
    assert cached(cache, (0,), {"on_battery": True}) is None
    later = selftest_module.time.time() + selftest_module.MOST_AGE_S + 1
    monkeypatch.setattr(selftest_module.time, "time", lambda: later)
    assert cached(cache, (0,), plugged) is None


def test_all_cores_have_a_floor_of_their_own_within_what_is_assumed(script, tmp_path):
    place = tmp_path / "workspace"
    place.mkdir()
    kit.with_selftest(script)
    result = selftest(worker=script.argv, workspace=place, cpus=kit.cpus(2), meter=kit.Meter)
    assert result.on_all is not None
    assert "aa_log_sd_on_all_cores" in result.part.details
    for on_all, floor in ((0.001, 0.012), (0.02, 0.02), (0.4, ASSUMED_SPREAD)):
        told = SelftestResult(Selftest(status="passed"), 0.012, on_all)
        assert (told.floor_on(1), told.floor_on(8)) == (0.012, floor)


class Ending(kit.Meter):
    """A machine on which others compute until the first self-test is over."""

    busy_for = 0

    def foreign_share(self, before, after):
        type(self).busy_for -= 1
        return 0.9 if type(self).busy_for >= 0 else 0.0


def patient(script, tmp_path, meter):
    place = tmp_path / "workspace"
    place.mkdir()
    said = []
    result = patient_selftest(
        worker=script.argv,
        workspace=place,
        cpus=kit.cpus(1),
        meter=meter,
        tick=lambda stage, /, **values: said.append(stage),
    )
    return result, said


def test_a_failure_for_want_of_quiet_is_made_again_and_said(script, tmp_path, monkeypatch):
    monkeypatch.setattr(selftest_module, "PATIENCE_S", 600.0)
    # Six launches of at most sixteen rounds each, and what is asked before and after.
    monkeypatch.setattr(Ending, "busy_for", 110)
    result, said = patient(kit.with_selftest(script), tmp_path, Ending)
    assert result.passed
    assert said.count("self-test-again") == 1


def test_a_failure_on_a_quiet_machine_is_no_want_of_quiet(script, tmp_path, monkeypatch):
    monkeypatch.setattr(selftest_module, "PATIENCE_S", 600.0)
    result, said = patient(kit.with_selftest(script, b=1.3e-3), tmp_path, kit.Meter)
    assert not result.passed
    assert "self-test-again" not in said


def test_a_machine_that_stays_busy_is_waited_for_once(script, tmp_path):
    result, said = patient(kit.with_selftest(script), tmp_path, kit.BusyMeter)
    assert (result.passed, result.part.reason.id) == (False, "machine-busy")
    assert said.count("self-test-again") <= 1
