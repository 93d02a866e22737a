"""What the workloads of a task say beside its model, and what of them is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from advisor.decide.performance import performance_of
from advisor.decide.workloads import Explanation, explanation_for
from advisor.decide.works import speed_for
from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from tests.decide.making import base_of, comparison, evidence_with, facts_in, probe

IMAGE = {"task": "image"}


def explained(*evidence: Evidence, facts: dict[str, Any] | None = None) -> Explanation:
    return explanation_for(read_speeds(evidence), base_of(), IMAGE if facts is None else facts)


def reasons(*evidence: Evidence, facts: dict[str, Any] | None = None) -> dict[str, str]:
    performance = performance_of(None, explained(*evidence, facts=facts))
    return {x.workload: x.reason for x in performance.left_out}


def test_workloads_alone_make_no_speed() -> None:
    evidence = evidence_with(probe("conv_train", comparison(2.0)), probe("matmul", comparison(0.5)))
    assert speed_for(read_speeds([evidence]).works, base_of(), IMAGE) is None
    performance = performance_of(None, explained(evidence))
    assert (performance.ratio, performance.work) == (None, None)
    assert {w.id: w.weight for w in performance.workloads} == {"conv_train": 0.75, "matmul": 0.25}
    assert performance.coverage == 1.0


def test_sizes_and_files_are_combined_in_logs_and_both_are_kept() -> None:
    small = evidence_with(probe("conv_train", comparison(4.0), size_name="small"))
    large = evidence_with(probe("conv_train", comparison(1.0), size_name="large"))
    performance = performance_of(None, explained(small, large))
    assert performance.workloads[0].ratio == pytest.approx(2.0)
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
    told = explained(evidence, facts={**IMAGE, "hardware.train": "nvidia"})
    assert told.device == "cuda:0"
    assert told.workloads[0].speedup.value == pytest.approx(2.0)


def test_other_work_is_of_no_share_of_the_task() -> None:
    assert explained(evidence_with(probe("rnn_train", comparison(2.0)))).coverage == 0


def _flipping() -> Any:
    return evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", size={"n": 1}, flops=1e6),
        probe("conv_train", comparison(2.0), size_name="medium", size={"n": 2}, flops=1e7),
    )


def test_opposite_winners_are_not_averaged():
    evidence = _flipping()
    told = explained(evidence)
    low, high = told.workloads[0].speedup.interval()
    assert low < 0.5
    assert high > 2.0
    [part] = performance_of(None, told).workloads
    assert part.winners_differ
    assert part.winner_changes[0].at == {"key": "n", "value": pytest.approx(1.414, rel=1e-3)}
    facts = facts_in(evidence)
    assert "measured.jax_speedup.conv_train" not in facts


def test_one_winner_is_still_averaged_in_logs():
    evidence = evidence_with(
        probe("conv_train", comparison(4.0), size_name="small"),
        probe("conv_train", comparison(2.0), size_name="medium"),
    )
    assert explained(evidence).workloads[0].speedup.value == pytest.approx(math.sqrt(8))


def test_what_a_plain_run_gets_counts_and_one_core_stands_beside():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    performance = performance_of(None, explained(evidence))
    assert performance.workloads[0].ratio == pytest.approx(2.0)
    assert performance.workloads[0].winner_changes[0].by == "cores"
    assert "fewer-cores" in {x.reason for x in performance.left_out}


def test_one_core_does_not_decide_where_all_cores_were_not_called():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0, verdict="inconclusive"), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    assert explained(evidence).workloads == ()


def _largest_base() -> Any:
    base = base_of()
    weights = replace(base.task_weights[0], sizes="largest")
    return replace(base, task_weights=(weights,))


def test_where_real_work_is_larger_the_largest_size_stands_for_it():
    evidence = _flipping()
    told = explanation_for(read_speeds([evidence]), _largest_base(), IMAGE)
    performance = performance_of(None, told)
    assert performance.workloads[0].ratio == pytest.approx(2.0)
    assert performance.workloads[0].winner_changes[0].by == "size"
    assert "smaller-size" in {x.reason for x in performance.left_out}


def test_a_smaller_size_does_not_stand_in_for_a_larger_one_that_was_not_settled():
    unsure = comparison(1.0, verdict="inconclusive")
    evidence = evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", flops=1e6),
        probe("conv_train", unsure, size_name="medium", flops=1e7),
    )
    assert explanation_for(read_speeds([evidence]), _largest_base(), IMAGE).workloads == ()


def test_measurements_that_disagree_are_not_said_to_change_with_size():
    files = [
        evidence_with(probe("conv_train", comparison(x), size_name="small", cores=2))
        for x in (2.0, 0.5)
    ]
    [part] = performance_of(None, explained(*files)).workloads
    assert part.winners_differ
    assert part.winner_changes == []
