"""Where the winner changes: between which sizes or cores, and about where the two meet."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.ratio import Ratio
from advisor.reading.called import CalledComparison
from advisor.reading.crossover import changes_of_models, spanning, winner_changes
from advisor.reading.works import read_works
from advisor.render.change_words import change_text
from tests.decide import making


def called(jax_speedup: float, n: int, **more: Any) -> CalledComparison:
    verdict = "jax_faster" if jax_speedup > 1.05 else "pytorch_faster"
    if 1 / 1.05 <= jax_speedup <= 1.05:
        verdict = "equivalent"
    made: dict[str, Any] = {
        "workload": "matmul", "source": 0, "device": "cpu", "cores": 2, "precision": "float32",
        "size": f"n{n}", "torch_mode": "pytorch.eager", "shape": (("n", n),), "flops": 2.0 * n**3,
    }  # fmt: skip
    return CalledComparison(
        **{**made, "speedup": Ratio(math.log(jax_speedup), 0.007), "verdict": verdict, **more}
    )


def test_two_winners_meet_between_their_sizes():
    [change] = winner_changes([called(2.0, 1024), called(0.5, 256)])
    assert (change.by, change.below.size, change.above.size) == ("size", "n256", "n1024")
    assert change.at == ("n", pytest.approx(512))


def test_what_is_equal_between_them_does_not_hide_the_change():
    changes = winner_changes([called(0.5, 256), called(1.0, 512), called(2.0, 1024)])
    assert [(c.below.size, c.above.size) for c in changes] == [("n256", "n1024")]


def test_one_winner_throughout_changes_nowhere():
    assert winner_changes([called(2.0, 256), called(1.1, 512), called(1.0, 1024)]) == ()


def test_cores_are_told_apart_from_sizes():
    [change] = winner_changes([called(2.0, 256, cores=1), called(0.5, 256, cores=2)])
    assert (change.by, change.below.cores, change.above.cores, change.at) == ("cores", 1, 2, None)


def test_sizes_that_differ_in_several_numbers_meet_at_an_amount_of_work():
    small = called(0.5, 256, shape=(("batch", 4), ("n", 256)), flops=1e6)
    large = called(2.0, 512, shape=(("batch", 8), ("n", 512)), flops=1e8)
    [change] = winner_changes([small, large])
    assert change.at == ("flops", pytest.approx(1e7))
    uncounted = [replace(c, flops=None, together_s=c.flops or 0.0) for c in (small, large)]
    [change] = winner_changes(uncounted)
    assert change.at is None


@given(st.floats(0.1, 0.9), st.floats(1.1, 10), st.integers(8, 64), st.integers(65, 4096))
def test_the_meeting_lies_between_the_two(slow, fast, low, high):
    [change] = winner_changes([called(slow, low), called(fast, high)])
    if change.at is not None:
        assert low <= change.at[1] * (1 + 1e-9)
        assert change.at[1] <= high * (1 + 1e-9)


def test_a_span_reaches_over_every_comparison():
    several = [called(0.5, 1), called(2.0, 2), called(1.0, 3)]
    low, high = spanning(several).interval()
    assert low <= min(c.speedup.interval()[0] for c in several) * (1 + 1e-12)
    assert high >= max(c.speedup.interval()[1] for c in several) * (1 - 1e-12)


def test_a_sweep_over_one_size_of_a_model_says_where_the_winner_changes():
    size = {"layers": 2, "width": 64, "heads": 4, "length": 32, "batch": 8}
    works = [
        making.work(speedup, model="decoder", name=f"asked-{batch}", size={**size, "batch": batch})
        for batch, speedup in ((8, 2.0), (32, 0.5), (128, 0.4))
    ]
    for work, step_s in zip(works, (0.01, 0.1, 1.0), strict=True):
        work["modes"] = [{"mode": "jax.jit", "step_s": step_s, "chosen": True}]
    [change] = changes_of_models(read_works([making.evidence_with(works=works)]).works)
    assert change.at == ("batch", pytest.approx(16))
    text = change_text(change)
    assert "JAX is faster with batch 8 and PyTorch with batch 32" in text
    assert "equally fast at about batch 16" in text


def test_a_model_that_was_not_called_is_no_winner():
    works = [making.work(2.0), making.work(0.5, name="large", verdict="inconclusive")]
    assert changes_of_models(read_works([making.evidence_with(works=works)]).works) == ()
