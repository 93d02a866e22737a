"""Gates on rates, clocks and pressure, and what is said where nothing could be checked."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.measure import gates
from advisor.measure.disagreement import disagreements
from advisor.measure.statistics import pair_log_ratio, t_interval
from probes import host, timing
from tests.fakes import kit


def block(**changes):
    return {
        "samples_s": [1e-3],
        "wall_s": 0.03,
        "cpu_s": 0.03,
        "run_delay_s": 0.0,
        "pressure_s": 0.0,
        "foreign_share": 0.0,
        **changes,
    }


def faults(changed, others=5, clock=None):
    blocks = [block(clock_hz=clock, round=n) for n in range(others)]
    blocks.append(block(round=others, **changed))
    gates.mark_blocks({"pytorch.eager": blocks})
    assert all(b["kept"] for b in blocks[:-1])
    return blocks[-1]["dropped_by"]


def test_a_block_at_a_lower_clock_is_dropped():
    assert faults({"clock_hz": 2.0e9}, clock=3.0e9) == ["clock-dropped"]
    assert faults({"clock_hz": 2.8e9}, clock=3.0e9) == []
    assert faults({"clock_hz": None}, clock=3.0e9) == []
    assert faults({"clock_hz": 2.0e9}, clock=None) == []


def test_the_clock_is_judged_over_both_sides():
    """A side that is always throttled does not set its own standard."""
    sides = {
        "pytorch.eager": [block(clock_hz=1e9, round=n) for n in range(3)],
        "jax.jit": [block(clock_hz=3e9, round=n) for n in range(5)],
    }
    gates.mark_blocks(sides)
    assert not any(b["kept"] for b in sides["pytorch.eager"])
    assert all(b["kept"] for b in sides["jax.jit"])


def test_pressure_counts_only_where_somebody_else_took_the_cores():
    pressed = {"pressure_s": 0.02, "foreign_share": 0.15}
    assert faults(pressed) == ["pressure-on-the-cores"]
    assert faults({**pressed, "foreign_share": 0.0}) == []


@given(st.lists(st.tuples(*[st.floats(1e-7, 1e3)] * 2), min_size=1, max_size=20))
def test_swapped_sides_negate_a_launch_exactly(pairs):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    assert pair_log_ratio(a, b) == -pair_log_ratio(b, a)


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=12))
def test_swapped_launches_negate_the_interval_exactly(logs):
    there = t_interval(logs, alpha=0.029, floor=0.01)
    assert there.negated() == t_interval([-x for x in logs], alpha=0.029, floor=0.01)


def test_more_bytes_per_second_than_any_copy_are_refused(script):
    script.frameworks["jax"] = {"peak": {"bytes_per_s": 1e9}}
    script.frameworks["pytorch"] = {"peak": {"bytes_per_s": 1e9}}
    moved = kit.cell(bytes_moved=1e7, flops=None)
    [probe] = kit.run(script, kit.plan(moved)).probes
    [compared] = probe["comparisons"]
    assert compared["verdict"] == "invalid"
    assert compared["reason"]["id"] == "impossible-bandwidth"
    assert "GB/s" in compared["reason"]["text"]
    assert compared["reason"]["hint"]
    honest = kit.cell(bytes_moved=1e5, flops=None)
    [probe] = kit.run(script, kit.plan(honest)).probes
    [compared] = probe["comparisons"]
    lines = {line["id"]: line["status"] for line in compared["certificate"]}
    assert lines["impossible-bandwidth"] == "passed"
    assert compared["verdict"] != "invalid"


def test_work_that_is_not_counted_is_said_to_be_unchecked(script):
    [probe] = kit.run(script, kit.plan(kit.cell(flops=None))).probes
    [compared] = probe["comparisons"]
    [line] = [li for li in compared["certificate"] if li["id"] == "impossible-rate"]
    assert line["status"] == "unknown"
    assert compared["verdict"] != "invalid"


class BlindMeter(kit.Meter):
    """A system that does not tell what others use."""

    share = None


def test_a_system_that_tells_nothing_is_not_called_quiet(script):
    [probe] = kit.run(script, meter=BlindMeter).probes
    [compared] = probe["comparisons"]
    [line] = [li for li in compared["certificate"] if li["id"] == "others-were-busy"]
    assert line["status"] == "unknown"
    assert "does not tell" in line["text"]


def test_defaults_may_differ_in_threads_and_precision(script):
    """What nobody sets differs: that is why defaults are shown, and why they never decide."""
    script.frameworks["pytorch"] = {
        "hello": {"threads": 1},
        "precision": {"max_relative_error": 3e-5},
    }
    matched = kit.run(script, kit.plan()).probes[0]["comparisons"][0]
    assert matched["verdict"] == "invalid"
    plain = kit.plan(settings="default")
    default = kit.run(script, plain).probes[0]["comparisons"][0]
    assert default["time_ratio"] is not None


def probe_of(cores, verdict, **changes):
    compared = {"a": "pytorch.eager", "b": "jax.jit", "verdict": verdict}
    return {
        "id": "mlp_train",
        "size_name": "small",
        "device": "cpu",
        "precision": "float32",
        "cores": cores,
        "comparisons": [compared],
        **changes,
    }


@pytest.mark.parametrize(
    ("one", "all_cores", "said"),
    [
        ("a_faster", "b_faster", True),
        ("a_faster", "equivalent", True),
        ("a_faster", "a_faster", False),
        ("a_faster", "inconclusive", False),
        ("invalid", "b_faster", False),
    ],
)
def test_one_core_and_all_cores_that_disagree_are_said(one, all_cores, said):
    found = disagreements([probe_of(1, one), probe_of(4, all_cores)])
    assert bool(found) is said
    if said:
        assert "on one core" in found[0]["text"]
        assert "on 4 cores" in found[0]["text"]
    assert not disagreements([probe_of(1, one), probe_of(4, all_cores, size_name="large")])


class Step:
    """A program whose calls take as long as they say, on a clock of its own."""

    def __init__(self, clock, times):
        self.clock, self.times, self.calls = clock, times, 0

    def call(self):
        self.clock[0] += int(self.times[min(self.calls, len(self.times) - 1)] * 1e9)
        self.calls += 1

    def wait(self, result):
        del result

    def compile_events(self):
        return 0


@pytest.fixture
def clock(monkeypatch):
    now = [0]
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: now[0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0] / 1e9)
    return now


@pytest.mark.parametrize("step_s", [0.0002, 0.01, 0.2, 3.0])
def test_a_steady_step_is_steady_however_long_it_takes(clock, step_s):
    warm = timing.warm_up(Step(clock, [step_s]), 0.15, 2.0)
    assert warm["steady"]
    assert warm["wall_s"] <= max(2.0, 5 * step_s)


def test_a_long_step_that_changes_is_not_steady(clock):
    assert not timing.warm_up(Step(clock, [0.5, 0.9, 0.5, 1.4, 0.6, 1.1]), 0.15, 2.0)["steady"]


def test_the_shortest_call_is_found_in_rows_and_alone(clock):
    step = Step(clock, [0.001, 0.004, 0.001])
    assert timing.shortest_call_s(step.call, step.wait, 0.02) == pytest.approx(0.001)
    slow = Step(clock, [2.0])
    assert timing.shortest_call_s(slow.call, slow.wait, 0.02) == pytest.approx(2.0)


def test_the_clock_of_the_cpus_is_read_where_the_system_has_it(monkeypatch):
    texts = {0: "3000000\n", 1: "2400000\n"}
    monkeypatch.setattr(host, "affinity", lambda: [0, 1])
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "_read", lambda path: texts[int(path.split("/cpu")[2][0])])
    assert host.clock_hz() == 2.4e9
    monkeypatch.setattr(host, "_read", lambda path: None)
    assert host.clock_hz() is None


def test_stolen_time_is_that_of_the_cpus_in_use(monkeypatch):
    stat = "cpu 0 0 0 0 0 0 0 900 0 0\ncpu0 0 0 0 0 0 0 0 800 0 0\ncpu1 0 0 0 0 0 0 0 100 0 0\n"
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "affinity", lambda: [1])
    monkeypatch.setattr(host, "_read", lambda path: stat)
    assert math.isclose(host._steal_s() or 0, 1.0)


def test_a_baseline_without_pressure_never_drops_for_it():
    plain = gates.baseline_of([{k: v for k, v in block().items() if k != "pressure_s"}])
    assert plain is not None
    assert dataclasses.replace(plain).pressure_share == math.inf
