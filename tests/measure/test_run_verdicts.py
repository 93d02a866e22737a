"""Whole runs on the fake worker: which verdict comes out of which times, and what withholds it."""

from __future__ import annotations

import math

import pytest

from advisor.evidence import Comparison, Selftest
from advisor.measure.run import RunResult
from advisor.measure.selftest import SelftestResult
from advisor.measure.verdicts import Looks
from tests.fakes import kit, observations
from tests.fakes.kit import Script, make_script

# Enough launches to see a gate at work.
SHORT = kit.plan(looks=Looks((2,), 0.05))


def only(measured: RunResult) -> Comparison:
    """The one comparison of a run with two modes."""
    [probe] = measured.probes
    [compared] = probe.comparisons
    return compared


def times(script: Script, torch_s: float, jax_s: float, sd: float = 0.005) -> Script:
    script.modes = {
        "pytorch.eager": {"median_s": torch_s, "launch_sd": sd, "block_sd": 0.01},
        "jax.jit": {"median_s": jax_s, "launch_sd": sd, "block_sd": 0.01},
    }
    return script


def test_the_faster_side_is_named_and_the_ratio_is_time_of_b_over_time_of_a(script):
    found = only(kit.run(times(script, 1e-3, 2e-3)))
    assert found.verdict == "a_faster"
    assert (found.a, found.b) == ("pytorch.eager", "jax.jit")
    assert found.time_ratio == pytest.approx(2.0, rel=0.03)
    assert found.ci[0] < 2.0 < found.ci[1]


def test_the_other_way_round(script):
    found = only(kit.run(times(script, 2e-3, 1e-3)))
    assert found.verdict == "b_faster"
    assert found.time_ratio == pytest.approx(0.5, rel=0.03)


def test_equal_times_are_called_equivalent(script):
    found = only(kit.run(times(script, 1e-3, 1e-3, sd=0.002)))
    assert found.verdict == "equivalent"
    assert found.ci[0] > 1 / 1.05
    assert found.ci[1] < 1.05


def test_a_spread_that_no_look_can_settle_is_inconclusive_at_once(script):
    measured = kit.run(times(script, 1e-3, 1.1e-3, sd=0.2))
    found = only(measured)
    assert found.verdict == "inconclusive"
    assert found.launches == kit.LOOKS.launches[0]
    assert found.reason.id == "interval-spans-margin"


def test_an_easy_verdict_stops_at_the_first_look(script):
    found = only(kit.run(times(script, 1e-3, 3e-3)))
    assert found.launches == kit.LOOKS.launches[0]
    assert script.starts("jax") == kit.LOOKS.launches[0]


@pytest.mark.parametrize("spoilt", ["wrong-grad", "garbage", "none"])
def test_a_failing_parity_withholds_the_ratio(script, spoilt):
    times(script, 1e-3, 3e-3).modes["jax.jit"]["observe"] = spoilt
    measured = kit.run(script, SHORT)
    found = only(measured)
    assert found.verdict == "invalid"
    assert found.time_ratio is None
    assert found.ci is None
    assert found.reason.id == "parity-failed"
    assert measured.probes[0].parity.status == "failed"
    # The times themselves stay: they are true, only their ratio means nothing.
    assert all(e.status == "ok" for e in measured.probes[0].entries)


@pytest.mark.parametrize("spoilt", ["wrong-forward", "wrong-grad", "garbage"])
def test_a_mode_that_differs_from_itself_is_refused_by_name(script, spoilt):
    times(script, 1e-3, 3e-3).modes["pytorch.eager"]["observe_again"] = spoilt
    measured = kit.run(script, SHORT)
    found = only(measured)
    assert (found.verdict, found.reason.id) == ("invalid", "parity-failed")
    [(mode, problem)] = measured.probes[0].parity.problems.items()
    assert mode == "pytorch.eager"
    assert problem.id == ("unreadable" if spoilt == "garbage" else "not-itself")


def test_what_is_built_again_shows_the_start_of_its_curve_and_agrees(script):
    script.modes = {"jax.jit": {"observe_again": observations.START}}
    assert kit.run(script, SHORT).probes[0].parity.status == "ok"


def test_parity_costs_only_the_pairs_of_the_mode_that_differs(script):
    script.modes = {"pytorch.compile": {"observe": "wrong-curve"}}
    modes = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
    [probe] = kit.run(script, kit.plan(kit.item(modes=modes))).probes
    words = {(c.a, c.b): c.verdict for c in probe.comparisons}
    assert words["pytorch.eager", "jax.jit"] == "equivalent"
    assert words["pytorch.compile", "jax.jit"] == "invalid"
    assert words["pytorch.eager", "pytorch.compile"] == "invalid"


def test_a_busy_machine_is_refused_whoever_was_slower(script):
    for torch_s, jax_s in ((1e-3, 5e-3), (5e-3, 1e-3)):
        found = only(kit.run(times(script, torch_s, jax_s), SHORT, meter=kit.BusyMeter))
        assert found.verdict == "invalid"
        assert found.reason.id == "others-were-busy"
        assert "machine busy" in found.reason.text


@pytest.mark.parametrize(
    ("mode", "framework", "told", "reason"),
    [
        ("jax.jit", None, {"compile_events": 1}, "compiles-again"),
        ("jax.jit", None, {"throttled_s": 0.01}, "others-were-busy"),
        ("jax.jit", None, {"counters": {"constant_bytes": 1 << 20}}, "constants-captured"),
        ("pytorch.eager", None, {"counters": {"threads": 7}}, "threads-differ"),
        ("jax.jit", None, {"median_s": 1e-9}, "impossible-rate"),
        (None, "jax", {"precision": {"max_relative_error": 3e-4}}, "precision-differs"),
        (None, "jax", {"precision": {"max_relative_error": 3e-3}}, "precision-differs"),
        (None, "pytorch", {"hello": {"threads": 9}}, "threads-differ"),
    ],
)
def test_each_gate_withholds_the_ratio_and_says_why(script, mode, framework, told, reason):
    times(script, 1e-3, 3e-3)
    if mode:
        script.modes[mode].update(told)
    else:
        script.frameworks[framework] = told
    found = only(kit.run(script, SHORT))
    assert (found.verdict, found.reason.id) == ("invalid", reason)
    assert found.time_ratio is None
    assert found.reason.hint
    failed = [line.id for line in found.certificate if line.status == "failed"]
    assert failed == [reason]


def test_both_sides_in_tf32_are_no_float32(script):
    script.frameworks = {f: {"precision": {"max_relative_error": 3e-4}} for f in ("pytorch", "jax")}
    assert only(kit.run(script, SHORT)).reason.id == "precision-differs"


def test_without_a_passed_self_test_nothing_is_called(script):
    for status in ("failed", "not_run"):
        found = only(
            kit.run(
                times(script, 1e-3, 3e-3),
                SHORT,
                selftest=SelftestResult(Selftest(status=status), 0.01),
            )
        )
        assert (found.verdict, found.reason.id) == ("invalid", "selftest-failed")


def test_a_side_that_never_settles_is_called_only_beyond_a_factor_of_two(script):
    times(script, 1e-3, 1.5e-3).modes["jax.jit"]["steady"] = False
    found = only(kit.run(script))
    assert (found.verdict, found.reason.id) == ("inconclusive", "not-steady")
    times(script, 1e-3, 4e-3).modes["jax.jit"]["steady"] = False
    assert only(kit.run(script)).verdict == "a_faster"


def test_modes_with_few_samples_are_shown_and_never_compared(script):
    modes = kit.modes_of("pytorch.eager", "jax.jit", "jax.eager")
    [probe] = kit.run(script, kit.plan(kit.item(modes=modes))).probes
    eager = kit.entries(probe)["jax.eager"]
    assert eager.status == "ok"
    assert len(eager.launches) == 1
    assert [(c.a, c.b) for c in probe.comparisons] == [("pytorch.eager", "jax.jit")]


def test_the_spread_of_the_self_test_widens_every_interval(script):
    times(script, 1e-3, 1.2e-3, sd=0.0)
    narrow = only(kit.run(script, selftest=SelftestResult(Selftest(status="passed"), 0.01)))
    wide = only(kit.run(script, selftest=SelftestResult(Selftest(status="passed"), 0.05)))
    widths = [math.log(c.ci[1] / c.ci[0]) for c in (narrow, wide)]
    assert widths[1] == pytest.approx(
        5 * widths[0] * _t(wide.launches) / _t(narrow.launches), rel=0.01
    )


def _t(launches: int) -> float:
    from advisor.measure.statistics import t_quantile

    return t_quantile(0.975, launches - 1) / math.sqrt(launches)


def test_compile_time_is_apart_from_the_steady_time(script):
    script.modes = {"jax.jit": {"median_s": 1e-3, "compile_s": 2.0}}
    entry = kit.entries(kit.run(script, SHORT).probes[0])["jax.jit"]
    assert entry.median_s == pytest.approx(1e-3)
    assert entry.compile_s == pytest.approx(2.0)
    assert entry.first_call_s == pytest.approx(2.001)


def test_a_mode_that_ran_uncompiled_is_no_measurement_of_compiling(script):
    script.modes = {"jax.jit": {"fell_back": True}}
    entry = kit.entries(kit.run(script, SHORT).probes[0])["jax.jit"]
    assert (entry.status, entry.reason.id) == ("failed", "fell-back")


def test_same_script_and_seed_give_the_same_numbers(script, tmp_path):
    outcomes = []
    for name in ("one", "two"):
        place = tmp_path / name
        place.mkdir()
        again = times(make_script(place), 1e-3, 1.3e-3, sd=0.05)
        outcomes.append(only(kit.run(again)))
    assert outcomes[0] == outcomes[1]
