"""What is not the time of a step: single calls, first results, streams, processes of their own."""

from __future__ import annotations

import pytest

from advisor.measure.verdicts import Looks
from advisor.workers.replies import ReplyError, check_latency
from tests.fakes import kit

MODES = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
SHORT = Looks((2,), 0.05)


def probed(script, **changes):
    [probe] = kit.run(script, kit.plan(kit.item(modes=MODES, **changes), looks=SHORT)).probes
    return probe


def test_single_calls_of_all_launches_are_told_with_their_tail(script):
    script.modes = {"jax.jit": {"median_s": 2e-3}}
    latency = {e.mode: e.latency for e in probed(script, latency=True).entries}["jax.jit"]
    assert latency is not None
    assert latency.calls == 200
    assert latency.p50_s == pytest.approx(2e-3, rel=0.1)
    assert latency.p99_s == pytest.approx(2e-2, rel=0.1)


def test_single_calls_are_timed_only_where_they_are_asked_for(script):
    assert all(e.latency is None for e in probed(script).entries)


@pytest.mark.parametrize("calls", [None, [], [0.0], ["x"], [float("nan")], [-1.0]])
def test_times_of_calls_that_cannot_be_are_refused(calls):
    with pytest.raises(ReplyError):
        check_latency({"calls_s": calls})


def test_each_mode_has_a_process_of_its_own_where_the_work_asks(script):
    probed(script, own_process=True, one_off=True)
    # Per launch one worker for each mode; in the first one more, which is asked for its facts.
    assert script.starts("pytorch") == 1 + 2 * 2
    assert script.starts("jax") == 1 + 2 * 1


def test_a_first_result_counts_import_building_and_the_first_call(script):
    script.modes = {
        "pytorch.eager": {"median_s": 1e-3},
        "pytorch.compile": {"median_s": 1e-3, "compile_s": 4.0, "counters": {"cache_hits": 1}},
    }
    entries = {e.mode: e for e in probed(script, own_process=True, one_off=True).entries}
    assert entries["pytorch.eager"].first_result_s == pytest.approx(0.511, abs=2e-3)
    assert entries["pytorch.eager"].first_result_warm_s is None
    assert entries["pytorch.compile"].first_result_s is None
    assert entries["pytorch.compile"].first_result_warm_s == pytest.approx(4.511, abs=2e-3)


def test_a_stream_is_its_first_calls_and_the_rest_at_the_steady_time(script):
    script.modes = {"jax.jit": {"median_s": 1e-3, "compile_s": 2.0}}
    entries = {e.mode: e for e in probed(script, stream_calls=100).entries}
    assert entries["jax.jit"].stream_s == pytest.approx(2.1, rel=0.02)
    assert entries["pytorch.eager"].stream_s == pytest.approx(0.1, rel=0.02)


def test_what_is_never_compared_is_launched_with_empty_and_with_filled_caches(script):
    looks = Looks((5,), 0.05)
    [probe] = kit.run(script, kit.plan(kit.item(modes=MODES, one_off=True), looks=looks)).probes
    assert {len(e.launches) for e in probe.entries} == {2}


def test_a_stream_is_not_told_where_the_compiler_found_everything_done(script):
    script.modes = {"pytorch.compile": {"counters": {"cache_hits": 3}}}
    entries = {e.mode: e for e in probed(script, stream_calls=100).entries}
    assert entries["pytorch.compile"].stream_s is None
    assert entries["jax.jit"].stream_s is not None


def test_a_process_of_its_own_that_does_not_start_costs_its_mode_alone(script):
    # The first start is the worker that all share; the third is that of the second mode.
    script.fault("hello", "crash", "pytorch", starts=[2])
    items = (kit.item("once", MODES, own_process=True, one_off=True), kit.item("after", MODES))
    once, after = kit.run(script, kit.plan(*items, looks=SHORT)).probes
    assert [e.status for e in once.entries] == ["ok", "failed", "ok"]
    assert [e.status for e in after.entries] == ["ok", "ok", "ok"]
