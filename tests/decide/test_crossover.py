"""Where the winner changes: between which sizes or cores, and about where the two meet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.called import Cell, measured_from
from advisor.reading.crossover import spanning, winner_changes
from advisor.decide.facts import facts_from
from advisor.reading.ratios import Ratio
from advisor.decide.speed import TRANSFER_OTHER, document_of, speed_for
from advisor.decide.words import speed_text
from advisor.render.view.crossovers import change_text
from tests.decide.making import base_of, comparison, evidence_with, inputs_for, probe


def cell(jax_speedup: float, n: int, **more: Any) -> Cell:
    verdict = "jax_faster" if jax_speedup > 1.05 else "pytorch_faster"
    if 1 / 1.05 <= jax_speedup <= 1.05:
        verdict = "equivalent"
    made: dict[str, Any] = {
        "workload": "matmul", "source": 0, "device": "cpu", "cores": 2, "precision": "float32",
        "size": f"n{n}", "torch_mode": "pytorch.eager", "shape": (("n", n),), "flops": 2.0 * n**3,
    }  # fmt: skip
    return Cell(
        **{**made, "speedup": Ratio(math.log2(jax_speedup), 0.01), "verdict": verdict, **more}
    )


def test_two_winners_meet_between_their_sizes():
    [change] = winner_changes([cell(2.0, 1024), cell(0.5, 256)])
    assert (change.by, change.below.size, change.above.size) == ("size", "n256", "n1024")
    assert change.at == ("n", pytest.approx(512))
    text = change_text(change)
    assert "PyTorch is faster with n 256 and JAX with n 1024" in text
    assert "about n 510" in text


def test_what_is_equal_between_them_does_not_hide_the_change():
    found = winner_changes([cell(0.5, 256), cell(1.0, 512), cell(2.0, 1024)])
    assert [(c.below.size, c.above.size) for c in found] == [("n256", "n1024")]


def test_one_winner_throughout_changes_nowhere():
    assert winner_changes([cell(2.0, 256), cell(1.1, 512), cell(1.0, 1024)]) == ()


def test_cores_are_told_apart_from_sizes():
    [change] = winner_changes([cell(2.0, 256, cores=1), cell(0.5, 256, cores=2)])
    assert (change.by, change.below.cores, change.above.cores, change.at) == ("cores", 1, 2, None)
    assert "JAX is faster with 1 core and PyTorch with 2 cores" in change_text(change)


def test_sizes_that_differ_in_several_numbers_meet_at_an_amount_of_work():
    small = cell(0.5, 256, shape=(("batch", 4), ("n", 256)), flops=1e6)
    large = cell(2.0, 512, shape=(("batch", 8), ("n", 512)), flops=1e8)
    [change] = winner_changes([small, large])
    assert change.at == ("flops", pytest.approx(1e7))
    uncounted = [replace(c, flops=None, together_s=c.flops or 0.0) for c in (small, large)]
    [change] = winner_changes(uncounted)
    assert change.at is None
    assert "interpolated" not in change_text(change)


@given(st.floats(0.1, 0.9), st.floats(1.1, 10), st.integers(8, 64), st.integers(65, 4096))
def test_the_meeting_lies_between_the_two(slow, fast, low, high):
    [change] = winner_changes([cell(slow, low), cell(fast, high)])
    if change.at is not None:
        assert low <= change.at[1] * (1 + 1e-9)
        assert change.at[1] <= high * (1 + 1e-9)


def _flipping() -> Any:
    return evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", size={"n": 1}, flops=1e6),
        probe("conv_train", comparison(2.0), size_name="medium", size={"n": 2}, flops=1e7),
    )


def test_opposite_winners_are_not_averaged():
    evidence = _flipping()
    speed = speed_for(measured_from([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    low, high = speed.workloads[0].speedup.ci
    assert low < 0.5
    assert high > 2.0
    told = document_of(speed, measured_from([evidence]))["workloads"][0]
    assert told["winners_differ"] is True
    assert told["winner_changes"][0]["at"] == {"key": "n", "value": pytest.approx(1.414, rel=1e-3)}
    facts = facts_from(inputs_for(base_of()).answers, [evidence], base_of())
    assert "measured.jax_speedup.conv_train" not in facts


def test_one_winner_is_still_averaged_in_logs():
    evidence = evidence_with(
        probe("conv_train", comparison(4.0), size_name="small"),
        probe("conv_train", comparison(2.0), size_name="medium"),
    )
    speed = speed_for(measured_from([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    assert speed.workloads[0].speedup.ratio == pytest.approx(math.sqrt(8))


def test_a_span_reaches_over_every_cell():
    cells = [cell(0.5, 1), cell(2.0, 2), cell(1.0, 3)]
    low, high = spanning(cells).ci
    assert low <= min(c.speedup.ci[0] for c in cells) * (1 + 1e-12)
    assert high >= max(c.speedup.ci[1] for c in cells) * (1 - 1e-12)


def test_what_a_plain_run_gets_counts_and_one_core_stands_beside():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    measured = measured_from([evidence])
    speed = speed_for(measured, base_of(), {"task": "image"})
    assert speed is not None
    assert speed.speedup.ratio == pytest.approx(2.0)
    told = document_of(speed, measured)
    assert told["workloads"][0]["winner_changes"][0]["by"] == "cores"
    assert "fewer-cores" in {x["reason"] for x in told["left_out"]}


def test_one_core_does_not_decide_where_all_cores_were_not_called():
    evidence = evidence_with(
        probe("conv_train", comparison(2.0, verdict="inconclusive"), size_name="small", cores=2),
        probe("conv_train", comparison(0.5), size_name="small", cores=1),
    )
    assert speed_for(measured_from([evidence]), base_of(), {"task": "image"}) is None


def test_a_task_whose_winner_changes_has_a_range_and_no_ratio_that_rules_could_use():
    evidence = _flipping()
    measured = measured_from([evidence])
    speed = speed_for(measured, base_of(), {"task": "image"})
    assert speed is not None
    assert speed.open
    assert document_of(speed, measured)["winner_open"] is True
    assert "the winner changes with the work" in speed_text(speed)
    facts = facts_from(inputs_for(base_of()).answers, [evidence], base_of())
    assert "measured.jax_speedup" not in facts


def _largest_base() -> Any:
    base = base_of()
    weights = replace(base.task_weights[0], sizes="largest")
    return replace(base, task_weights=(weights,))


def test_where_real_work_is_larger_the_largest_size_stands_for_it():
    evidence = _flipping()
    measured = measured_from([evidence])
    speed = speed_for(measured, _largest_base(), {"task": "image"})
    assert speed is not None
    assert speed.speedup.ratio == pytest.approx(2.0)
    told = document_of(speed, measured)
    assert told["workloads"][0]["winner_changes"][0]["by"] == "size"
    assert "smaller-size" in {x["reason"] for x in told["left_out"]}


def test_a_smaller_size_does_not_stand_in_for_a_larger_one_that_was_not_settled():
    unsure = comparison(1.0, verdict="inconclusive")
    evidence = evidence_with(
        probe("conv_train", comparison(0.5), size_name="small", flops=1e6),
        probe("conv_train", unsure, size_name="medium", flops=1e7),
    )
    assert speed_for(measured_from([evidence]), _largest_base(), {"task": "image"}) is None


def test_less_than_a_third_of_a_task_is_weak_evidence_for_it():
    evidence = evidence_with(probe("matmul", comparison(2.0)))
    speed = speed_for(measured_from([evidence]), base_of(), {"task": "image"})
    assert speed is not None
    assert (speed.coverage, speed.transfer_sd) == (0.25, TRANSFER_OTHER)
    assert "only 25 % of this task" in speed_text(speed)


def test_measurements_that_disagree_are_not_said_to_change_with_size():
    files = [
        evidence_with(probe("conv_train", comparison(x), size_name="small", cores=2))
        for x in (2.0, 0.5)
    ]
    measured = measured_from(files)
    speed = speed_for(measured, base_of(), {"task": "image"})
    told = document_of(speed, measured)["workloads"][0]
    assert told["winners_differ"] is True
    assert told["winner_changes"] == []
