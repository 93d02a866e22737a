"""The clock of the worker, on a clock of the test's own: what a sample, a warm-up, a block is."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from probes import timing


class Clock:
    """Time passes only where somebody spends it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        fake = SimpleNamespace(
            perf_counter=lambda: self.now_s, perf_counter_ns=lambda: round(self.now_s * 1e9)
        )
        monkeypatch.setattr(timing, "time", fake)
        reading = dict.fromkeys(("cpu_s", "run_delay_s"), 0.0)
        monkeypatch.setattr(timing.host, "reading", lambda: dict(reading))


class Program:
    """Calls that take the given seconds, one after another; the last for ever."""

    def __init__(self, clock: Clock, *seconds: float, wait_s: float = 0.0) -> None:
        self.clock, self.seconds, self.wait_s = clock, list(seconds), wait_s
        self.calls = self.waits = self.compiled = 0
        self.collecting: list[bool] = []

    def call(self) -> int:
        self.calls += 1
        self.collecting.append(gc.isenabled())
        self.clock.now_s += self.seconds[min(self.calls, len(self.seconds)) - 1]
        return self.calls

    def wait(self, result: object) -> None:
        assert result == self.calls, "only the last result is waited for"
        self.waits += 1
        self.clock.now_s += self.wait_s

    def compile_events(self) -> int:
        return self.compiled


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_a_sample_is_many_calls_and_one_wait_per_call(clock):
    program = Program(clock, 1e-3, wait_s=4e-3)
    assert timing.sample(program, 4) == pytest.approx((4 * 1e-3 + 4e-3) / 4)
    assert (program.calls, program.waits) == (4, 1)


def test_a_sample_is_long_against_the_clock_and_the_wait(clock):
    assert timing.calls_per_sample(Program(clock, 1e-6), 1e-6) == 512
    assert timing.calls_per_sample(Program(clock, 1e-2), 1e-2) == 1
    slow_wait = Program(clock, 1e-5, wait_s=1e-4)
    assert timing.calls_per_sample(slow_wait, 1e-5) * 1e-5 >= 100 * 1e-4
    assert timing.calls_per_sample(Program(clock, 0.0), 0.0) == timing.MAX_CALLS


def test_a_block_throws_its_head_away(clock):
    """Twice slow at the start of a block: caches that the other framework has emptied."""
    program = Program(clock, 0.5, 0.5, 1e-3)
    found = timing.block(program, seconds=0.02, calls=1)
    assert max(found["samples_s"]) == pytest.approx(1e-3)
    assert len(found["samples_s"]) >= 20
    assert found["wall_s"] == pytest.approx(0.02, rel=0.1)


def test_a_block_of_long_steps_throws_as_many_away_as_it_is_told_to(clock):
    program = Program(clock, 0.5)
    timing.block(program, seconds=0.02, calls=1, min_samples=1, discard=1)
    assert program.calls == 2


def test_a_block_of_a_slow_program_has_the_least_number_of_samples(clock):
    found = timing.block(Program(clock, 1.0), seconds=0.02, calls=1, min_samples=5)
    assert found["samples_s"] == [1.0] * 5


def test_a_block_of_nothing_ends(clock):
    found = timing.block(Program(clock, 1e-6), seconds=0.01, calls=1, max_samples=50)
    assert len(found["samples_s"]) == 50


def test_a_block_counts_what_was_compiled_inside_and_not_in_its_head(clock):
    program = Program(clock, 1e-3)
    honest = program.call

    def call() -> int:
        program.compiled += program.calls < 2
        return honest()

    program.call = call
    assert timing.block(program, 0.01, 1)["compile_events"] == 0
    program.call = honest

    def late() -> int:
        program.compiled += 1
        return honest()

    program.call = late
    assert timing.block(program, 0.01, 1)["compile_events"] >= 5


@pytest.mark.parametrize("enabled", [True, False])
def test_no_garbage_is_collected_inside_a_block_and_the_setting_is_restored(clock, enabled):
    program = Program(clock, 1e-3)
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        timing.block(program, 0.01, 1)
        assert not any(program.collecting)
        assert gc.isenabled() is enabled

        def broken() -> int:
            raise RuntimeError("inside")

        program.call = broken
        with pytest.raises(RuntimeError, match="inside"):
            timing.block(program, 0.01, 1)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_a_program_is_steady_when_its_windows_agree(clock):
    found = timing.warm_up(Program(clock, *[0.1] * 5, 1e-3), min_s=0.05, max_s=5.0)
    assert found["steady"] is True
    assert found["per_call_s"] == pytest.approx(1e-3)


def test_a_program_that_keeps_slowing_down_is_not_steady(clock):
    program = Program(clock, *[1e-3 * 1.01**i for i in range(4000)])
    found = timing.warm_up(program, min_s=0.05, max_s=2.0)
    assert found["steady"] is False
    assert found["wall_s"] >= 2.0


def test_a_program_that_keeps_compiling_is_not_steady(clock):
    program = Program(clock, 1e-3)
    honest = program.call

    def call() -> int:
        program.compiled += 1
        return honest()

    program.call = call
    assert timing.warm_up(program, min_s=0.01, max_s=0.2)["steady"] is False


def test_very_slow_programs_do_not_outstay_the_limit_by_much(clock):
    found = timing.warm_up(Program(clock, 1.0), min_s=0.1, max_s=2.0)
    assert found["wall_s"] <= 8 * 2.0


def test_spinning_lasts_as_long_as_it_was_told():
    ticks = iter(x / 1000 for x in range(1000))
    timing.spin(0.02, clock=lambda: next(ticks))
    assert next(ticks) == pytest.approx(0.022, abs=0.002)


@pytest.mark.parametrize("step_s", [0.0002, 0.01, 0.2, 3.0])
def test_a_steady_step_is_steady_however_long_it_takes(clock, step_s):
    warm = timing.warm_up(Program(clock, step_s), 0.15, 2.0)
    assert warm["steady"]
    assert warm["wall_s"] <= max(2.0, 5 * step_s)


def test_a_long_step_that_changes_is_not_steady(clock):
    program = Program(clock, 0.5, 0.9, 0.5, 1.4, 0.6, 1.1)
    assert not timing.warm_up(program, 0.15, 2.0)["steady"]


def test_the_shortest_call_is_found_in_rows_and_alone(clock):
    step = Program(clock, 0.001, 0.004, 0.001)
    assert timing.shortest_call_s(step.call, step.wait, 0.02) == pytest.approx(0.001)
    slow = Program(clock, 2.0)
    assert timing.shortest_call_s(slow.call, slow.wait, 0.02) == pytest.approx(2.0)
