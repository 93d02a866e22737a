"""What a toggle makes of a mode: two measurements that differ in one thing, and no story."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.evidence import Attribution
from advisor.measure.attribution import attributions

QUIET = {0: 1.0, 1: 1.002, 2: 0.998, 3: 1.001, 4: 0.999}


OPEN = {"a": "pytorch.eager", "b": "jax.jit", "time_ratio": 1.0, "ci": [0.9, 1.1],
        "verdict": "inconclusive"}  # fmt: skip


def entry(mode: str, median_s: float, noise: dict[int, float] | None = None) -> dict[str, Any]:
    launches = [
        {"index": n, "median_s": median_s * x}
        for n, x in (QUIET if noise is None else noise).items()
    ]
    return {"mode": mode, "status": "ok", "median_s": median_s, "launches": launches}


def probe(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = {
        "id": "mlp_train", "device": "cpu", "cores": 2, "precision": "float32",
        "size_name": "small", "variant_of": None, "comparisons": [OPEN],
    }  # fmt: skip
    return {**made, "entries": list(entries), **more}


def only(*probes: dict[str, Any]) -> Attribution:
    [found] = attributions(probes)
    return Attribution.model_validate(found)


def test_more_cores_are_told_as_one_core_over_all_cores():
    told = only(probe(entry("jax.jit", 3.0), cores=1), probe(entry("jax.jit", 2.0), cores=2))
    assert (told.kind, told.cores, told.cores_off, told.effect) == ("cores", 2, 1, "faster")
    assert told.time_ratio == pytest.approx(1.5, rel=1e-3)
    assert told.ci[0] < 1.5 < told.ci[1]


def test_a_variant_is_told_against_what_it_stands_beside():
    told = only(
        probe(entry("pytorch.eager", 1.0)),
        probe(entry("pytorch.eager", 1.4), size_name="small_loop", variant_of="small"),
    )
    assert (told.kind, told.size, told.size_off) == ("variant", "small_loop", "small")
    assert (told.effect, round(told.time_ratio, 3)) == ("slower", 0.714)


def test_noise_that_both_share_within_a_launch_cancels_between_variants_only():
    noise = {0: 1.0, 1: 1.5, 2: 0.8, 3: 1.3, 4: 0.9}
    base = probe(entry("jax.jit", 1.0, noise))
    variant = probe(entry("jax.jit", 2.0, noise), size_name="small_x", variant_of="small")
    alone = probe(entry("jax.jit", 2.0, noise), cores=1)
    assert only(base, variant).effect == "slower"
    assert only(base, variant).ci[1] < 0.52
    assert only(base, alone).ci[1] > 2.5


@pytest.mark.parametrize(("a", "b"), [("pytorch.eager", "pytorch.compile"),
                                      ("pytorch.compile", "pytorch.eager")])  # fmt: skip
def test_compiling_is_the_comparison_that_was_made_whichever_way_round(a, b):
    ratio = 2.0 if b == "pytorch.eager" else 0.5
    compared = {"a": a, "b": b, "time_ratio": ratio, "ci": [ratio * 0.9, ratio * 1.1],
                "verdict": "a_faster"}  # fmt: skip
    told = only(probe(comparisons=[compared, OPEN]))
    assert (told.kind, told.mode, told.mode_off) == ("compile", "pytorch.compile", "pytorch.eager")
    assert told.time_ratio == pytest.approx(2.0)
    assert told.ci[0] < 2.0 < told.ci[1]
    assert told.effect == "faster"


def test_what_a_gate_refused_is_attributed_to_nothing():
    refused = {"a": "pytorch.eager", "b": "jax.jit", "time_ratio": None, "ci": None,
               "verdict": "invalid"}  # fmt: skip
    good = probe(entry("jax.jit", 1.0))
    bad = probe(entry("jax.jit", 2.0), cores=1, comparisons=[refused])
    assert attributions([good, bad]) == []


def test_one_launch_or_another_size_is_no_toggle():
    once = probe(entry("jax.jit", 1.0, {0: 1.0}), cores=1)
    assert attributions([once, probe(entry("jax.jit", 2.0))]) == []
    medium = probe(entry("jax.jit", 1.0), size_name="medium", cores=1)
    assert attributions([medium, probe(entry("jax.jit", 2.0))]) == []


def test_what_no_gate_has_seen_is_attributed_to_nothing():
    alone = [probe(entry("jax.jit", m), cores=c, comparisons=[]) for c, m in ((1, 3.0), (2, 2.0))]
    assert attributions(alone) == []
    seen = [probe(entry("jax.jit", m), cores=c) for c, m in ((1, 3.0), (2, 2.0))]
    assert attributions(seen) != []
    assert attributions(seen, selftest="failed") == []


def test_a_disturbed_launch_is_left_out():
    base = probe(entry("jax.jit", 1.0))
    told = entry("jax.jit", 2.0)
    told["launches"][0].update(median_s=50.0, noisy=True)
    found = only(base, probe(told, size_name="small_x", variant_of="small"))
    assert found.time_ratio == pytest.approx(0.5, rel=1e-3)


def test_a_comparison_that_was_not_called_is_an_open_effect():
    compared = {"a": "pytorch.eager", "b": "pytorch.compile", "time_ratio": 0.5, "ci": [0.4, 0.6],
                "verdict": "inconclusive"}  # fmt: skip
    assert only(probe(comparisons=[compared])).effect == "open"
