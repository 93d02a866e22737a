"""What others cost: seconds and not verdicts, unless they never stop."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from advisor.evidence import Block
from advisor.measure import gates
from advisor.measure.gates import launch_logs
from advisor.measure.verdicts import Looks
from advisor.measure.work import LaunchResult, ModeRun, Series, WorkRuns
from tests.fakes import kit

SHORT = kit.plan(looks=Looks((3,), 0.05))
BURSTS = (0.6, 0.0, 0.0, 0.9, 0.3)


def bursting():
    """A meter of bursts that never stop: of five rounds two are clean."""

    class Bursting(kit.Meter):
        def __init__(self, cpus, pids):
            super().__init__(cpus, pids)
            self.shares = itertools.cycle(BURSTS)

        def foreign_share(self, before, after):
            return next(self.shares)

    return Bursting


def times(script, torch_s, jax_s, **more):
    script.modes = {
        "pytorch.eager": {"median_s": torch_s, **more},
        "jax.jit": {"median_s": jax_s, **more},
    }
    return script


def only(measured):
    [probe] = measured.probes
    [compared] = probe.comparisons
    return compared


def test_rounds_go_on_until_the_planned_number_of_clean_ones_is_there(script):
    measured = kit.run(times(script, 1e-3, 2e-3), SHORT, meter=bursting())
    for entry in measured.probes[0].entries:
        assert not entry.disturbed
        for launch in entry.launches:
            kept = sum(block.kept for block in launch.blocks)
            assert kept == kit.QUICK.rounds
            assert kit.QUICK.rounds < len(launch.blocks) <= 4 * kit.QUICK.rounds
    found = only(measured)
    assert (found.verdict, found.launches) == ("a_faster", 3)
    assert script.starts("jax") == 3


def test_a_quiet_launch_has_no_round_more_than_planned(script):
    measured = kit.run(script, SHORT)
    blocks = [len(x.blocks) for e in measured.probes[0].entries for x in e.launches]
    assert set(blocks) == {kit.QUICK.rounds}


def test_some_bad_seconds_cost_those_seconds_and_no_launch(script):
    quiet = only(kit.run(times(script, 1e-3, 1.3e-3), SHORT))
    starts = script.starts("jax")
    disturbed = only(kit.run(script, SHORT, meter=kit.meter_of(*[0.8] * 9)))
    assert (disturbed.verdict, disturbed.launches) == (quiet.verdict, quiet.launches)
    assert script.starts("jax") == 2 * starts


def test_a_launch_that_never_was_quiet_ends_at_half_its_limit(script):
    measured = kit.run(script, kit.plan(looks=Looks((1,), 0.05)), meter=kit.BusyMeter)
    blocks = [len(x.blocks) for e in measured.probes[0].entries for x in e.launches]
    assert set(blocks) == {2 * kit.QUICK.rounds}


def test_a_steady_load_gives_no_ratio_and_shows_its_times_as_disturbed(script):
    measured = kit.run(times(script, 1e-3, 9e-3), SHORT, meter=kit.BusyMeter)
    found = only(measured)
    assert (found.verdict, found.time_ratio) == ("invalid", None)
    assert found.reason.id == "others-were-busy"
    for entry in measured.probes[0].entries:
        assert entry.status == "ok"
        assert entry.disturbed
        assert entry.median_s is not None
        assert entry.interval_s is not None


def test_a_load_too_small_for_any_round_is_seen_over_a_launch(script):
    class Steady(kit.Meter):
        share = 0.15

    found = only(kit.run(times(script, 1e-3, 9e-3), SHORT, meter=Steady))
    assert found.reason.id == "others-were-busy"


def two_lost():
    """A machine on which two of five launches are lost."""

    class TwoLost(kit.Meter):
        made = 0

        def __init__(self, cpus, pids):
            super().__init__(cpus, pids)
            type(self).made += 1
            self.share = 0.5 if type(self).made in (2, 4) else 0.0

    return TwoLost


@pytest.mark.parametrize(
    ("jax_s", "verdict", "reason"),
    [(2e-3, "a_faster", None), (1.2e-3, "inconclusive", "disturbed")],
)
def test_where_launches_were_lost_only_large_effects_are_called(script, jax_s, verdict, reason):
    found = only(kit.run(times(script, 1e-3, jax_s), SHORT, meter=two_lost()))
    assert (found.verdict, found.launches) == (verdict, 3)
    assert (found.reason and found.reason.id) == reason
    assert found.time_ratio == pytest.approx(jax_s / 1e-3, rel=0.01)


def work_of(*launches: tuple[list[float], list[float]], dropped: int = 0) -> WorkRuns:
    """Launches of two modes from the medians of their blocks, and *dropped* blocks of each."""
    item = kit.item()
    labels = [mode.label for mode in item.modes]
    results = []
    for index, sides in enumerate(launches):
        runs = {}
        for label, medians in zip(labels, sides, strict=True):
            good = [Block(round=n, samples_s=[s], wall_s=0.02) for n, s in enumerate(medians)]
            bad = [
                replace(good[0], round=len(good) + n, kept=False, dropped_by=[gates.BUSY])
                for n in range(dropped)
            ]
            runs[item.key, label] = ModeRun(blocks=good + bad)
        results.append(LaunchResult(index, runs=runs))
    return WorkRuns(item, Series("cpu", (0,), (item,)), results)


JUMPY = ([1.0, 1.3, 1.0, 1.3], [1.0, 1.3, 1.0, 1.3])


def test_under_a_disturbance_equal_code_sets_the_floor():
    pair = ("pytorch.eager", "jax.jit")
    calm, disturbed = (launch_logs(work_of(JUMPY, JUMPY, dropped=n), *pair) for n in (0, 4))
    assert calm.logs == disturbed.logs == [0.0, 0.0]
    assert calm.floor(0.01) == 0.01
    # Each side's neighbours differ by 1.3; they are half as many pairs as those of the two sides.
    assert disturbed.floor(0.01) == pytest.approx(math.log(1.3) / math.sqrt(2))
    assert disturbed.floor(0.5) == 0.5


@pytest.mark.parametrize(("pairs", "counts"), [(3, False), (4, True)])
def test_a_launch_counts_by_what_it_holds_and_not_by_what_it_lost(pairs, counts):
    steady = ([1.0] * pairs, [2.0] * pairs)
    seen = launch_logs(work_of(steady, dropped=40), "pytorch.eager", "jax.jit")
    assert (len(seen.logs), seen.noisy) == ((1, 0) if counts else (0, 1))
    assert seen.dropped > 0.9


def test_a_round_that_compiled_is_not_tried_again_for_quiet(script):
    times(script, 1e-3, 1e-3).modes["jax.jit"]["compile_events"] = 1
    measured = kit.run(script, SHORT)
    blocks = [len(x.blocks) for e in measured.probes[0].entries for x in e.launches]
    assert set(blocks) == {kit.QUICK.rounds}


def test_what_was_dear_to_build_is_timed_longer_and_a_broken_framework_is_not_started(script):
    """Timing may take half of what building took, up to twice the plan."""
    script.fault("build", "slow", "pytorch.eager", seconds=2.0)
    measured = kit.run(script, kit.plan(looks=Looks((1,), 0.05)))
    blocks = [len(x.blocks) for e in measured.probes[0].entries for x in e.launches]
    assert set(blocks) == {2 * kit.QUICK.rounds}


def test_a_framework_whose_modes_are_all_broken_is_started_once(script):
    script.fault("build", "crash", "jax.jit")
    modes = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
    measured = kit.run(script, kit.plan(kit.item(modes=modes), looks=Looks((3,), 0.05)))
    assert kit.entries(measured.probes[0])["jax.jit"].status == "failed"
    assert script.starts("pytorch") == 3
    # Once to fail, and once more in the same launch for what may be left of it.
    assert script.starts("jax") <= 2
