"""Devices that one process holds alone: launches alternate, blocks cannot, and that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.measure.catalogue import OfferedSize, OfferedWorkload
from advisor.measure.plan import make_plan
from advisor.measure.pool import WorkerPool
from advisor.measure.run import Run
from advisor.measure.verdicts import Looks
from advisor.measure.wishes import Wishes
from advisor.resources import resource_dir
from tests.fakes import kit, tricks


def alone(made, **changes):
    """The plan on a device that one process holds alone."""
    series = tuple(replace(s, exclusive=True) for s in made.series)
    return replace(made, series=series, **changes)


@pytest.fixture
def lives(monkeypatch):
    """What was started and ended, in order, with how many were alive after each."""
    seen: list[tuple[str, str, int]] = []
    start, end = WorkerPool.start, WorkerPool.end

    def started(self, toolchain):
        worker = start(self, toolchain)
        seen.append(("start", toolchain.framework, len(self.workers)))
        return worker

    def ended(self, toolchain):
        end(self, toolchain)
        seen.append(("end", toolchain.framework, len(self.workers)))

    monkeypatch.setattr(WorkerPool, "start", started)
    monkeypatch.setattr(WorkerPool, "end", ended)
    return seen


def test_one_worker_lives_at_a_time_and_the_order_alternates(script, lives):
    kit.run(script, alone(kit.plan(kit.item(), kit.item("other"), looks=Looks((4,), 0.05))))
    assert {alive for _, _, alive in lives} == {0, 1}
    first = [lives[n][1] for n in range(0, len(lives), 4)]
    assert len(first) == 4
    assert first[0] != first[1]
    assert first == first[:2] * 2


def test_the_verdict_is_called_and_labelled(script):
    script.modes["jax.jit"] = {"median_s": 0.0005}
    script.modes["pytorch.eager"] = {"median_s": 0.001}
    measured = kit.run(script, alone(kit.plan(looks=Looks((7,), 0.05))))
    [compared] = measured.probes[0].comparisons
    assert compared.pairing == "unpaired"
    assert compared.verdict == "b_faster"
    assert compared.launches == 7
    assert measured.complete


def test_modes_of_one_worker_still_take_turns(script):
    modes = kit.modes_of("pytorch.eager", "pytorch.compile", "jax.jit")
    measured = kit.run(script, alone(kit.plan(kit.item(modes=modes))))
    pairing = {(c.a, c.b): c.pairing for c in measured.probes[0].comparisons}
    assert pairing == {
        ("pytorch.eager", "jax.jit"): "unpaired",
        ("pytorch.compile", "jax.jit"): "unpaired",
        ("pytorch.eager", "pytorch.compile"): "paired",
    }


def test_a_side_that_cannot_start_costs_its_own_entry(script):
    script.fault("hello", "crash", "jax")
    measured = kit.run(script, alone(kit.plan()))
    found = kit.entries(measured.probes[0])
    assert found["jax.jit"].status == "failed"
    assert found["pytorch.eager"].status == "ok"


def test_a_busy_turn_of_either_side_makes_the_launch_noisy(script):
    measured = kit.run(script, alone(kit.plan()), meter=kit.BusyMeter)
    [compared] = measured.probes[0].comparisons
    assert (compared.verdict, compared.pairing) == ("invalid", "unpaired")


@pytest.mark.parametrize(
    ("device", "exclusive"), [("tpu", True), ("tpu:0", True), ("neuron", True), ("cuda:1", False)]
)
def test_the_plan_knows_the_devices_that_one_process_holds(device, exclusive):
    plan = make_plan([workload()], [kit.TORCH, kit.JAX], Wishes(device=device), (0, 1), {})
    assert [s.exclusive for s in plan.series] == [exclusive]
    assert plan.looks.launches[0] == (7 if exclusive else 5)


def test_cuda_graphs_are_planned_where_they_exist_and_nowhere_else():
    def modes(device, **wishes):
        asked = Wishes(device=device, **wishes)
        plan = make_plan([workload()], [kit.TORCH, kit.JAX], asked, (0, 1), {})
        return {m.label for s in plan.series for c in s.items for m in c.modes}

    graphs = "pytorch.compile_reduce_overhead"
    assert all(graphs in modes(device) for device in ("gpu", "cuda:0", "rocm"))
    assert not any(graphs in modes(device) for device in ("cpu", "tpu", "mps", "xpu"))
    assert graphs in modes("cuda", profile="quick")


def test_an_accelerator_is_not_measured_on_one_core_too():
    plan = make_plan([workload()], [kit.TORCH, kit.JAX], Wishes(device="cuda"), (0, 1), {})
    assert [s.cores for s in plan.series] == [2]
    on_cpu = make_plan([workload()], [kit.TORCH, kit.JAX], Wishes(), (0, 1), {})
    assert [s.cores for s in on_cpu.series] == [2, 1]


def workload():
    """One workload as the catalogue offers it."""
    modes = ("pytorch.eager", "pytorch.compile", "jax.jit")
    small = OfferedSize(size={"n": 8}, flops=1e6)
    return OfferedWorkload(id="mlp_train", title="MLP", sizes={"small": small}, modes=modes)


@pytest.mark.frameworks
def test_real_workers_follow_each_other_and_still_agree(tmp_path):
    """Both frameworks in turn on the CPU, as they would on a chip that one process holds."""
    [honest] = [c for c in tricks.items(tmp_path) if c.workload == "mlp_train"]
    made = alone(kit.plan(honest, protocol=tricks.BRIEF, looks=Looks((2,), 0.05)))
    measured = Run(
        made,
        worker=(str(resource_dir("probes")),),
        workspace=tmp_path,
        selftest=kit.PASSED,
        meter=kit.Meter,
    ).measure()
    [probe] = measured.probes
    assert probe.parity.status == "ok"
    assert {e.mode: len(e.launches) for e in probe.entries} == {
        "pytorch.eager": 2,
        "jax.jit": 2,
    }
    [compared] = probe.comparisons
    assert (compared.pairing, compared.launches) == ("unpaired", 2)
    assert compared.verdict != "invalid", compared.reason
