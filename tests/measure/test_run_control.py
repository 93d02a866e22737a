"""How a run goes on and how it ends: looks, repeats, interrupts, budgets, notices."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from functools import partial

import pytest

from advisor.measure import run as run_module
from advisor.measure.clock import Clock
from advisor.measure.pool import WorkerPool
from advisor.measure.progress import Progress
from advisor.measure.verdicts import Looks
from advisor.render.evidence_words import progress_words
from tests.fakes import kit

TWO = kit.plan(kit.item("fake"), kit.item("other"))


@pytest.fixture(autouse=True)
def interruptible():
    """A test run in the background ignores SIGINT, and Python then raises nothing for it."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)


def test_each_launch_is_a_fresh_process_of_each_framework(script):
    measured = kit.run(script, kit.plan(looks=Looks((2,), 0.05)))
    assert (script.starts("pytorch"), script.starts("jax")) == (2, 2)
    launches = kit.entries(measured.probes[0])["jax.jit"].launches
    assert [launch.index for launch in launches] == [0, 1]
    assert [b.round for b in launches[0].blocks] == list(range(kit.QUICK.rounds))


def test_only_comparisons_that_can_still_settle_get_more_launches(script):
    """`fake` is settled at the first look, `open` may be at the last, `hopeless` never."""
    script.modes = {
        "pytorch.eager": {"median_s": 5e-3},
        "pytorch.compile": {"median_s": 1.3e-3, "launch_sd": 0.10},
        "pytorch.other": {"median_s": 1.1e-3, "launch_sd": 0.30},
    }
    looks = Looks((3, 8), 0.05)
    items = (
        kit.item("fake", modes=kit.modes_of("pytorch.eager", "jax.jit")),
        kit.item("open", modes=kit.modes_of("pytorch.compile", "jax.jit")),
        kit.item("hopeless", modes=kit.modes_of("pytorch.other", "jax.jit")),
    )
    measured = kit.run(script, kit.plan(*items, looks=looks)).probes
    easy, still_open, hopeless = (probe.comparisons[0] for probe in measured)
    assert (easy.verdict, easy.launches) == ("b_faster", 3)
    assert (still_open.verdict, still_open.launches) == ("b_faster", 8)
    assert (hopeless.verdict, hopeless.launches) == ("inconclusive", 3)


@pytest.mark.parametrize(("beside_s", "measured_on"), [(0.0, {2}), (1e6, {1, 2}), (None, {1, 2})])
def test_what_decides_nothing_is_left_out_where_a_task_takes_too_long(
    script, beside_s, measured_on
):
    if len(kit.cpus(2)) < 2:
        pytest.skip("one CPU: nothing beside it")
    both = kit.plan().series[0]
    alone = replace(both, cpus=both.cpus[-1:])
    made = kit.plan(looks=Looks((2,), 0.05), series=(both, alone), beside_s=beside_s)
    result = kit.run(script, made)
    assert {probe.cores for probe in result.probes} == measured_on
    notices = [n for n in result.notices if n.id == "fewer-cores-left-out"]
    assert len(notices) == (1 not in measured_on)
    assert all("decides nothing" in n.text for n in notices)
    assert result.complete


def test_a_noisy_launch_is_repeated_a_bounded_number_of_times(script):
    class FirstLaunchBusy(kit.Meter):
        made = 0

        def __init__(self, cpus, pids):
            super().__init__(cpus, pids)
            # The first meter watches before the run, the second during the first launch.
            type(self).made += 1
            self.share = 0.5 if type(self).made == 2 else 0.0

    measured = kit.run(script, meter=FirstLaunchBusy)
    [compared] = measured.probes[0].comparisons
    assert compared.verdict == "equivalent"
    assert compared.launches == kit.LOOKS.launches[0]
    assert script.starts("jax") == kit.LOOKS.launches[0] + 1


def test_an_early_call_waits_until_the_noisy_launches_are_outweighed(script):
    class TwoLaunchesBusy(kit.Meter):
        made = 0

        def __init__(self, cpus, pids):
            super().__init__(cpus, pids)
            type(self).made += 1
            self.share = 0.5 if type(self).made in (2, 3) else 0.0

    script.modes = {"pytorch.eager": {"median_s": 4e-3}, "jax.jit": {"median_s": 1e-3}}
    looks = Looks((5, 8), 0.029, early=3)
    measured = kit.run(script, kit.plan(looks=looks), meter=TwoLaunchesBusy)
    [compared] = measured.probes[0].comparisons
    assert (compared.verdict, compared.launches) == ("b_faster", 5)
    assert compared.level == 0.971


def test_what_is_beyond_doubt_is_launched_three_times(script):
    script.modes = {"pytorch.eager": {"median_s": 4e-3}, "jax.jit": {"median_s": 1e-3}}
    [probe] = kit.run(script, kit.plan(looks=Looks((5, 8), 0.029, early=3))).probes
    [compared] = probe.comparisons
    assert (compared.verdict, compared.launches) == ("b_faster", 3)
    # Decided at the stricter level of the early look, and told at it.
    assert compared.level == 0.99


def test_what_was_left_because_the_frameworks_were_told_apart_says_so(script):
    script.modes = {
        "pytorch.eager": {"median_s": 4.0e-3},
        "pytorch.compile": {"median_s": 4.1e-3},
        "jax.jit": {"median_s": 1e-3},
    }
    modes = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
    made = kit.plan(kit.item(modes=modes), looks=Looks((5, 8), 0.029, early=3))
    [probe] = kit.run(script, made).probes
    reasons = {(c.a, c.b): c.reason for c in probe.comparisons}
    assert reasons["pytorch.eager", "jax.jit"] is None
    assert reasons["pytorch.eager", "pytorch.compile"].id == "not-followed-up"


def test_a_steadily_busy_machine_ends_a_run_soon(script):
    measured = kit.run(script, meter=kit.BusyMeter)
    assert script.starts("jax") <= kit.LOOKS.most
    assert [n.id for n in measured.notices] == ["machine-busy"]
    assert "50 %" in measured.notices[0].text


def test_a_mode_that_never_stops_compiling_gets_no_further_launch(script):
    script.modes = {"jax.jit": {"compile_events": 1}}
    [probe] = kit.run(script).probes
    assert probe.comparisons[0].reason.id == "compiles-again"
    assert script.starts("jax") == 1


def interrupt_when(text: str, after: int = 0):
    """A report that sends Ctrl-C to this process when what its words say is being done."""
    seen = [0]

    def report(progress: Progress) -> None:
        if (
            text in progress_words(progress)
            and threading.current_thread() is threading.main_thread()
        ):
            seen[0] += 1
            if seen[0] == after + 1:
                os.kill(os.getpid(), signal.SIGINT)

    return report


def test_ctrl_c_in_the_middle_of_a_launch_keeps_the_finished_ones(script):
    report = interrupt_when("round 3 of", after=3)
    measured = kit.run(script, TWO, report=report)
    assert measured.interrupted
    assert not measured.complete
    fake, other = measured.probes
    # The second launch was interrupted within `other`: `fake` has two, `other` one.
    for probe, count in ((fake, 2), (other, 1)):
        for entry in probe.entries:
            assert (entry.status, len(entry.launches)) == ("ok", count)
        [compared] = probe.comparisons
        assert compared.verdict == "inconclusive"
        assert compared.launches == count


@pytest.mark.parametrize("moment", ["writing the shared", "starting workers", "building", "round"])
def test_ctrl_c_in_the_first_launch_leaves_interrupted_entries(script, moment):
    measured = kit.run(script, TWO, report=interrupt_when(moment))
    assert measured.interrupted
    for probe in measured.probes:
        for entry in probe.entries:
            assert entry.status == "interrupted"
            assert entry.reason.id == "interrupted"
        assert probe.comparisons == []


def test_ctrl_c_does_not_wait_for_a_worker_that_hangs_at_its_start(script, monkeypatch):
    """From the second launch on workers start in threads, where Ctrl-C does not arrive."""
    script.fault("hello", "hang", "jax", starts=[1])
    begun = WorkerPool.start

    def start(self, toolchain):
        if toolchain.framework == "jax" and script.starts("jax") == 1:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        return begun(self, toolchain)

    monkeypatch.setattr(WorkerPool, "start", start)
    patient = replace(kit.QUICK, hello_timeout_s=120.0)
    # The suite's own limit is 180 s for a test; this one would need 120 s if it waited.
    measured = kit.run(script, kit.plan(protocol=patient))
    assert measured.interrupted
    assert measured.wall_s < 60
    entry = kit.entries(measured.probes[0])["jax.jit"]
    assert (entry.status, entry.reason, len(entry.launches)) == ("ok", None, 1)


def test_being_asked_to_stop_ends_after_the_launch_at_hand(script):
    asked = iter([False, True])
    measured = kit.run(script, stop=lambda: next(asked, True))
    assert measured.interrupted
    assert script.starts("jax") == 1


def test_a_spent_budget_ends_the_run_and_is_said(script):
    measured = kit.run(script, kit.plan(budget_s=0.001))
    assert not measured.interrupted
    assert script.starts("jax") == 1
    [notice] = measured.notices
    assert notice.id == "budget-spent"
    [compared] = measured.probes[0].comparisons
    assert (compared.verdict, compared.reason.id) == ("inconclusive", "too-few-launches")


def test_progress_only_grows_and_names_what_is_done(script):
    seen: list[Progress] = []
    kit.run(script, kit.plan(looks=Looks((2,), 0.05)), report=seen.append)
    done = [p.done_s for p in seen]
    assert done == sorted(done)
    assert all(p.total_s > p.done_s for p in seen)
    text = " ".join(progress_words(p) for p in seen)
    for word in ("shared inputs", "starting workers", "building", "warming up", "round 6 of 6"):
        assert word in text


def test_progress_counts_the_comparisons_that_have_settled(script):
    seen: list[Progress] = []
    made = kit.plan(kit.item("fake"), kit.item("other"), looks=Looks((2,), 0.05))
    kit.run(script, made, report=seen.append)
    assert {p.comparisons for p in seen} == {2}
    settled = [p.settled for p in seen]
    assert settled == sorted(settled)
    assert settled[0] == 0
    assert {"fake/small", "other/small"} <= {p.probe for p in seen}


@pytest.fixture
def now(monkeypatch) -> list[float]:
    """The seconds of a run's clock, which stands still but for what a test adds."""
    seconds = [0.0]

    class Run(run_module.Run):
        def _elapsed_s(self):
            return seconds[0]

    clock = partial(Clock, now=lambda: seconds[0])
    monkeypatch.setattr(kit, "Run", Run)
    monkeypatch.setattr(run_module, "Clock", clock)
    return seconds


def test_a_budget_is_spent_on_what_can_still_be_settled(script, now):
    """Of two items the slow one cannot end in time: the other has all its launches."""
    script.modes["pytorch.compile"] = {"compile_s": 0.0}

    def report(progress: Progress) -> None:
        # Building the slow one takes 20 s, the quick one 1 s.
        if progress.stage == "building":
            now[0] += 10.0 if progress.probe == "slow/small" else 0.5

    made = kit.plan(kit.item("quick"), kit.item("slow"), looks=Looks((4,), 0.05), budget_s=30.0)
    measured = kit.run(script, made, report=report)
    quick, slow = measured.probes
    assert {len(e.launches) for e in quick.entries} == {4}
    assert {len(e.launches) for e in slow.entries} == {1}
    assert [n.id for n in measured.notices] == ["budget-spent"]
    assert now[0] <= 1.1 * 30.0


@pytest.mark.parametrize(("jax_s", "launches"), [(1e-3, 3), (3.9e-3, 1)])
def test_one_launch_tells_whether_the_early_look_will_do(script, now, jax_s, launches):
    """There is time for three launches: enough for what is beyond doubt after them."""
    script.modes = {"pytorch.eager": {"median_s": 4e-3}, "jax.jit": {"median_s": jax_s}}
    built, told_s = [0], []

    def report(progress: Progress) -> None:
        told_s.append(progress.total_s)
        # Two modes: 10 s with cold compilers, 2.5 s a launch with warm ones.
        if progress.stage == "building":
            built[0] += 1
            now[0] += 5.0 if built[0] <= 2 else 1.25

    item = kit.item(modes=kit.modes_of("pytorch.eager", "jax.jit"))
    made = kit.plan(item, looks=Looks((5,), 0.05, early=3), budget_s=15.0)
    [probe] = kit.run(script, made, report=report).probes
    assert {len(e.launches) for e in probe.entries} == {launches}
    assert [c.called for c in probe.comparisons] == [launches == 3]
    # What a budget has no time for is not begun: no more than it is told as the whole time.
    assert max(told_s) <= 1.05 * 15.0


def test_what_a_budget_did_not_reach_in_the_first_launch_is_not_compared(script, now):
    def report(progress: Progress) -> None:
        now[0] += 40.0 if progress.stage == "building" and progress.probe == "one/small" else 0.0

    made = kit.plan(kit.item("one"), kit.item("two"), budget_s=30.0)
    one, two = kit.run(script, made, report=report).probes
    assert {e.status for e in one.entries} == {"ok"}
    assert {(e.status, e.reason.id) for e in two.entries} == {("skipped", "not-reached")}
    assert two.comparisons == []


def test_a_run_without_models_has_any_profile(script):
    """Benches have one of their own, which no limits of models are for."""
    [probe] = kit.run(script, kit.plan(profile="bench", looks=Looks((1,), 0.05))).probes
    assert {e.status for e in probe.entries} == {"ok"}


def test_inherited_tuning_is_dropped_and_named(script, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_something")
    measured = kit.run(script, kit.plan(looks=Looks((1,), 0.05)))
    [notice] = [n for n in measured.notices if n.id == "tuning-dropped"]
    assert "OMP_NUM_THREADS" in notice.text
    assert "XLA_FLAGS" in notice.text
    for environment in measured.environments.values():
        assert not {"OMP_NUM_THREADS", "XLA_FLAGS"} & set(environment)
