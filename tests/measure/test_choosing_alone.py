"""Where only the launch that chose had the time, it counts: widely, and it calls nothing."""

from __future__ import annotations

import math
import re

import pytest

from advisor.evidence import Block
from advisor.library import library_of
from advisor.measure.choosing import best_modes
from advisor.measure.run import Run
from advisor.measure.statistics import lone_ratio
from advisor.measure.ways import is_choice
from advisor.measure.work import LaunchResult, ModeRun
from advisor.ratio import LEVEL
from advisor.reading.works import read_works
from advisor.render.work_text import work_lines
from tests.fakes import kit
from tests.fakes.model_runs import MODES, SMALL, deep, measured

WIDE = 1.52


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """One launch, and a machine of one CPU whose lock is this test's own."""
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: kit.cpus(1))
    first = Run._affordable
    monkeypatch.setattr(
        Run,
        "_affordable",
        lambda run, series, items: [] if run._ledger.launches else first(run, series, items),
    )


def test_what_the_choice_saw_counts_with_a_wide_interval_and_is_not_called(script, tmp_path):
    evidence = measured(script, tmp_path, SMALL, modes=MODES)
    [work] = evidence.works
    assert (work.a, work.b) == ("pytorch.compile+compile_step", "jax.jit+scan")
    assert (work.verdict, work.launches, work.level) == ("inconclusive", 1, LEVEL)
    assert work.reason.id == "choosing-alone"
    assert work.time_ratio == pytest.approx(0.5, rel=0.02)
    assert work.ci == pytest.approx((work.time_ratio / WIDE, work.time_ratio * WIDE), rel=0.01)
    assert {m.mode for m in work.modes if m.chosen} == {work.a, work.b}
    text = "\n".join(work_lines(work))
    assert re.search(r"JAX takes the step (2|2.0|2.00) times as fast as PyTorch", text)
    assert "not settled: seen in one launch alone" in text


def test_its_certificate_stands_in_the_evidence(script, tmp_path):
    [choice] = [p for p in measured(script, tmp_path, SMALL, modes=MODES).probes if is_choice(p)]
    [compared] = choice.comparisons
    assert {line.status for line in compared.certificate} <= {"passed", "unknown"}
    assert {line.id for line in compared.certificate} >= {"parity-failed", "others-were-busy"}
    assert not compared.called


def test_a_decision_reads_it_as_what_it_is(script, tmp_path):
    [read] = read_works([measured(script, tmp_path, SMALL, modes=MODES)]).works
    low, high = read.speedup.interval()
    assert (low, high) == pytest.approx((2 / WIDE, 2 * WIDE), rel=0.03)
    assert read.settled


def test_ways_that_compute_something_else_say_nothing(script, tmp_path):
    wrong = {**MODES, "jax.jit+scan": {"median_s": 1e-3, "observe": "wrong-curve"}}
    [work] = measured(script, tmp_path, SMALL, modes=wrong).works
    assert work.time_ratio is None


def test_nor_does_a_launch_that_others_disturbed_throughout(script, tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "Meter", kit.meter_of(then=0.5))
    [work] = measured(script, tmp_path, SMALL, modes=MODES).works
    assert (work.time_ratio, work.verdict) == (None, "invalid")


def test_a_choice_goes_on_until_enough_of_its_rounds_are_clean(script, tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "Meter", kit.meter_of(0.6, 0.0, 0.9, 0.0, 0.0))
    evidence = measured(script, tmp_path, SMALL, modes=MODES)
    [choice] = [p for p in evidence.probes if is_choice(p)]
    kept = [[b.kept for b in launch.blocks] for e in choice.entries for launch in e.launches]
    assert all(2 <= sum(blocks) < len(blocks) <= 8 for blocks in kept)
    assert evidence.works[0].time_ratio == pytest.approx(0.5, rel=0.02)


def test_another_depth_than_the_one_asked_for_says_nothing(script, tmp_path):
    settings = {"modes": deep(), "profile": "quick", "flops_per_layer": 2e10}
    [work] = measured(script, tmp_path, "stack:deep", **settings).works
    assert work.time_ratio is None


def test_a_way_is_not_chosen_by_blocks_that_others_spoilt():
    """Its first block took others' time; without it, it is the faster one."""
    slow, fast = kit.modes_of("pytorch.eager", "pytorch.compile")
    item = kit.item(modes=(slow, fast))
    spoilt = Block(samples_s=[9e-3], kept=False)
    runs = {
        (item.key, slow.label): ModeRun(blocks=[Block(samples_s=[2e-3])] * 2),
        (item.key, fast.label): ModeRun(blocks=[spoilt, spoilt, Block(samples_s=[1e-3])]),
    }
    assert best_modes(item, LaunchResult(0, runs=runs)) == [fast]


def test_lone_launches_of_the_library_lie_within_the_interval_that_one_gets():
    """Nineteen of twenty at least; what others disturbed is no part of it."""
    off = []
    for entry in library_of([]):
        for work in entry.evidence.works:
            name = f"{work.name}.choice"
            choice = next((p for p in entry.evidence.probes if p.size_name == name), None)
            if choice is None or choice.size != work.size or work.extrapolated is not None:
                continue
            entries = {e.mode: e for e in choice.entries}
            a, b = entries[work.a], entries[work.b]
            if not any(launch.noisy for e in (a, b) for launch in e.launches):
                off.append(math.log(b.median_s / a.median_s) - math.log(work.time_ratio))
    low, high = lone_ratio(0.0).log_interval()
    assert len(off) >= 15
    assert sum(low < x < high for x in off) >= 0.95 * len(off)
    # No wider than it has to be, either.
    assert max(map(abs, off)) > high / 2
