"""What called comparisons add up to for a task, and what of them is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from advisor.decide.speed import TRANSFER_NAMED, TRANSFER_OTHER, performance_of, speed_for
from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from tests.decide.making import base_of, comparison, evidence_with, facts_in, probe

IMAGE = {"task": "image"}


def speed_of(*evidence: Evidence, facts: dict[str, Any] | None = None) -> Any:
    return speed_for(read_speeds(evidence), base_of(), IMAGE if facts is None else facts)


def reasons(*evidence: Evidence, facts: dict[str, Any] | None = None) -> dict[str, str]:
    readings = read_speeds(evidence)
    facts = IMAGE if facts is None else facts
    performance = performance_of(speed_for(readings, base_of(), facts), readings)
    return {x.workload: x.reason for x in performance.left_out}


def test_the_ratio_is_the_weighted_geometric_mean() -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0)), probe("matmul", comparison(0.5)))
    speed = speed_of(evidence)
    assert speed.speedup.value == pytest.approx(2.0 ** (0.75 - 0.25))
    low, high = speed.speedup.interval()
    assert low < speed.speedup.value < high
    assert speed.coverage == pytest.approx(1.0)


def test_sizes_and_files_are_combined_in_logs_and_both_are_kept() -> None:
    small = evidence_with(probe("conv_train", comparison(4.0), size_name="small"))
    large = evidence_with(probe("conv_train", comparison(1.0), size_name="large"))
    speed = speed_of(small, large)
    assert speed.speedup.value == pytest.approx(2.0)
    performance = performance_of(speed, read_speeds((small, large)))
    assert [c["size"] for c in performance.workloads[0].cells] == ["large", "small"]
    assert {c["evidence"] for c in performance.workloads[0].cells} == {0, 1}


def test_what_the_task_needs_and_nobody_measured_is_named() -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0)), probe("odd", comparison(9.0)))
    assert reasons(evidence) == {"matmul": "not-measured", "odd": "not-of-this-task"}


def test_devices_are_never_averaged() -> None:
    evidence = evidence_with(
        probe("conv_train", comparison(0.25), device="cpu"),
        probe("conv_train", comparison(2.0), device="cuda:0"),
    )
    speed = speed_of(evidence, facts={**IMAGE, "hardware.train": "nvidia"})
    assert speed.speedup.value == pytest.approx(2.0)
    assert speed.matched


@pytest.mark.parametrize(
    ("facts", "device", "transfer"),
    [
        ({"hardware.train": "cpu"}, "cpu", TRANSFER_NAMED),
        ({}, "cpu", TRANSFER_NAMED),
        ({"hardware.train": "nvidia"}, "cpu", TRANSFER_OTHER),
        ({"hardware.train": "tpu"}, "tpu:0", TRANSFER_NAMED),
        ({"hardware.train": "cpu", "hardware.same_as_here": False}, "cpu", TRANSFER_OTHER),
    ],
)
def test_other_hardware_counts_less(facts: dict[str, Any], device: str, transfer: float) -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0), device=device))
    assert speed_of(evidence, facts={**IMAGE, **facts}).transfer_sd == transfer


def test_other_work_counts_less_and_is_said() -> None:
    evidence = evidence_with(probe("rnn_train", comparison(2.0)))
    speed = speed_of(evidence)
    assert speed.transfer_sd == TRANSFER_OTHER
    assert speed.coverage == 0


def _on(device: str, *, kind: str) -> Evidence:
    chains = [{"framework": "jax", "devices": [{"device": device, "kind": kind}]}]
    return evidence_with(probe("conv_train", comparison(2.0), device=device), toolchains=chains)


@pytest.mark.parametrize(
    ("device", "train"),
    [("cuda:0", "nvidia_multi"), ("gpu", "nvidia_cluster"), ("tpu:0", "tpu_pod")],
)
def test_one_device_is_weaker_evidence_for_many(device: str, train: str) -> None:
    evidence = _on(device, kind=device.partition(":")[0])
    facts = {**IMAGE, "hardware.train": train}
    speed = speed_of(evidence, facts=facts)
    assert (speed.matched, speed.part, speed.transfer_sd) == (False, True, TRANSFER_OTHER)
    performance = performance_of(speed, read_speeds((evidence,)))
    assert (performance.matched_hardware, performance.one_of_several) == (False, True)
    # Still preferred to a measurement on the CPU.
    both = evidence_with(
        probe("conv_train", comparison(0.5), device="cpu"),
        probe("conv_train", comparison(2.0), device=device),
    )
    assert speed_of(both, facts=facts).device == device


def _flipping() -> Any:
    return evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", size={"n": 1}, flops=1e6),
        probe("conv_train", comparison(2.0), size_name="medium", size={"n": 2}, flops=1e7),
    )


def test_opposite_winners_are_not_averaged():
    evidence = _flipping()
    speed = speed_for(read_speeds([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    low, high = speed.workloads[0].speedup.interval()
    assert low < 0.5
    assert high > 2.0
    [part] = performance_of(speed, read_speeds([evidence])).workloads
    assert part.winners_differ
    assert part.winner_changes[0].at == {"key": "n", "value": pytest.approx(1.414, rel=1e-3)}
    facts = facts_in(evidence)
    assert "measured.jax_speedup.conv_train" not in facts


def test_one_winner_is_still_averaged_in_logs():
    evidence = evidence_with(
        probe("conv_train", comparison(4.0), size_name="small"),
        probe("conv_train", comparison(2.0), size_name="medium"),
    )
    speed = speed_for(read_speeds([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    assert speed.workloads[0].speedup.value == pytest.approx(math.sqrt(8))


def test_what_a_plain_run_gets_counts_and_one_core_stands_beside():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    readings = read_speeds([evidence])
    speed = speed_for(readings, base_of(), {"task": "image"})
    assert speed is not None
    assert speed.speedup.value == pytest.approx(2.0)
    performance = performance_of(speed, readings)
    assert performance.workloads[0].winner_changes[0].by == "cores"
    assert "fewer-cores" in {x.reason for x in performance.left_out}


def test_one_core_does_not_decide_where_all_cores_were_not_called():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0, verdict="inconclusive"), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    assert speed_for(read_speeds([evidence]), base_of(), {"task": "image"}) is None


def test_a_task_whose_winner_changes_has_a_range_and_no_ratio_that_rules_could_use():
    evidence = _flipping()
    readings = read_speeds([evidence])
    speed = speed_for(readings, base_of(), {"task": "image"})
    assert speed is not None
    assert speed.open
    assert performance_of(speed, readings).winner_open
    facts = facts_in(evidence)
    assert "measured.jax_speedup" not in facts


def _largest_base() -> Any:
    base = base_of()
    weights = replace(base.task_weights[0], sizes="largest")
    return replace(base, task_weights=(weights,))


def test_where_real_work_is_larger_the_largest_size_stands_for_it():
    evidence = _flipping()
    readings = read_speeds([evidence])
    speed = speed_for(readings, _largest_base(), {"task": "image"})
    assert speed is not None
    assert speed.speedup.value == pytest.approx(2.0)
    performance = performance_of(speed, readings)
    assert performance.workloads[0].winner_changes[0].by == "size"
    assert "smaller-size" in {x.reason for x in performance.left_out}


def test_a_smaller_size_does_not_stand_in_for_a_larger_one_that_was_not_settled():
    unsure = comparison(1.0, verdict="inconclusive")
    evidence = evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", flops=1e6),
        probe("conv_train", unsure, size_name="medium", flops=1e7),
    )
    assert speed_for(read_speeds([evidence]), _largest_base(), {"task": "image"}) is None


def test_less_than_a_third_of_a_task_is_weak_evidence_for_it():
    evidence = evidence_with(probe("matmul", comparison(2.0)))
    speed = speed_for(read_speeds([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    assert (speed.coverage, speed.transfer_sd) == (0.25, TRANSFER_OTHER)
    assert speed.partial


def test_measurements_that_disagree_are_not_said_to_change_with_size():
    files = [
        evidence_with(probe("conv_train", comparison(x), size_name="small", cores=2))
        for x in (2.0, 0.5)
    ]
    readings = read_speeds(files)
    speed = speed_for(readings, base_of(), {"task": "image"})
    [part] = performance_of(speed, readings).workloads
    assert part.winners_differ
    assert part.winner_changes == []
