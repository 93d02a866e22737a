"""Variants of one work: each framework counts with the one that its users would take."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from tests.decide.making import evidence_with, probe


def _variant(name: str, torch_s: float, jax_s: float) -> dict[str, Any]:
    ratio = jax_s / torch_s
    return probe(
        "rnn_train",
        {
            "a": "pytorch.eager",
            "b": "jax.jit",
            "time_ratio": ratio,
            "ci": [ratio * 0.98, ratio * 1.02],
            "launches": 5,
            "verdict": "b_faster",
        },
        size_name=name,
        variant_of="small" if name == "small_written" else None,
        cores=2,
        entries=[
            {"framework": "pytorch", "mode": "pytorch.eager", "status": "ok", "median_s": torch_s},
            {"framework": "jax", "mode": "jax.jit", "status": "ok", "median_s": jax_s},
        ],
    )


def test_the_variant_that_people_would_take_counts_and_the_others_are_told() -> None:
    both = evidence_with(_variant("small_written", 7e-3, 1.0e-3), _variant("small", 1.4e-3, 1.1e-3))
    readings = read_speeds((both,))
    assert [one.size for one in readings.comparisons] == ["small"]
    assert [(left.reason, left.values) for left in readings.left_out] == [
        ("other-variant", (("size", "small"),))
    ]


def _layouts(*, torch_s: float, jax_s: float, told: bool = True) -> Evidence:
    """One layout with equal times of 1 ms, and a variant with those given."""
    own = _variant("small", 1e-3, 1e-3)
    own["comparisons"][0].update(verdict="equivalent")
    other = _variant("small_written", torch_s, jax_s)
    other["comparisons"][0].update(verdict="inconclusive")
    toggles = [
        {
            "kind": "variant", "probe": "rnn_train", "mode": mode, "mode_off": mode, "cores": 2,
            "cores_off": 2, "size": "small_written", "size_off": "small",
            "time_ratio": 1e-3 / time_s, "ci": [0.97e-3 / time_s, 1.03e-3 / time_s],
            "effect": "faster" if time_s < 1e-3 else "slower",
        }
        for mode, time_s in (("pytorch.eager", torch_s), ("jax.jit", jax_s))
    ]  # fmt: skip
    return evidence_with(own, other, attributions=toggles if told else [])


@pytest.mark.parametrize(
    ("torch_s", "jax_s", "ratio"), [(0.5e-3, 4e-3, 0.5), (4e-3, 0.5e-3, 2.0), (4e-3, 4e-3, 1.0)]
)
def test_the_best_variant_of_each_framework_is_compared(
    torch_s: float, jax_s: float, ratio: float
) -> None:
    [best] = read_speeds((_layouts(torch_s=torch_s, jax_s=jax_s),)).comparisons
    assert best.speedup.value == pytest.approx(ratio)
    assert best.best_at == (
        () if ratio == 1 else
        ((("pytorch.eager" if ratio < 1 else "jax.jit"), "small_written"),)
    )  # fmt: skip
    assert best.verdict == {0.5: "pytorch_faster", 2.0: "jax_faster", 1.0: "equivalent"}[ratio]


def test_a_faster_variant_that_computed_something_else_hides_nothing() -> None:
    own = _variant("small", 1.4e-3, 1.1e-3)
    wrong = {**_variant("small_written", 2e-4, 1e-4), "parity": {"status": "failed"}}
    readings = read_speeds((evidence_with(own, wrong),))
    assert [one.size for one in readings.comparisons] == ["small"]
    assert [left.reason for left in readings.left_out] == ["parity-failed"]


def test_a_variant_that_was_called_comes_before_a_faster_one_that_was_not() -> None:
    own = _variant("small", 1.4e-3, 1.1e-3)
    unsure = _variant("small_written", 1.0e-3, 1.0e-3)
    unsure["comparisons"][0].update(verdict="inconclusive")
    assert [c.size for c in read_speeds((evidence_with(own, unsure),)).comparisons] == ["small"]


def test_a_better_variant_that_was_not_toggled_carries_no_ratio() -> None:
    [best] = read_speeds((_layouts(torch_s=0.5e-3, jax_s=4e-3, told=False),)).comparisons
    assert (best.speedup.value, best.best_at) == (pytest.approx(1.0), ())


def test_what_stands_beside_is_shown_and_not_weighed() -> None:
    aside = {**_variant("small_first", 7e-3, 1.0e-3), "weighs": False}
    readings = read_speeds((evidence_with(aside, _variant("small", 1.4e-3, 1.1e-3)),))
    assert [one.size for one in readings.comparisons] == ["small"]
    assert [left.reason for left in readings.left_out] == ["shown-beside"]


def test_another_size_is_no_variant() -> None:
    """Not by its name either: the first derivative does other work than the second."""
    for name in ("medium", "small_first"):
        both = evidence_with(_variant(name, 7e-3, 1.0e-3), _variant("small", 1.4e-3, 1.1e-3))
        assert len(read_speeds((both,)).comparisons) == 2
