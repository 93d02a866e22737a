"""What a toggle makes of a mode: two measurements that differ in one thing, and no story."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.evidence import (
    Attribution,
    Comparison,
    Entry,
    Evidence,
    Launch,
    Probe,
    VerdictWord,
)
from advisor.measure.attribution import attributions, disagreements, several_speeds
from advisor.render.evidence_words import word_evidence

QUIET = {0: 1.0, 1: 1.002, 2: 0.998, 3: 1.001, 4: 0.999}


def compared(
    verdict: VerdictWord,
    ratio: float | None = None,
    *,
    a: str = "pytorch.eager",
    b: str = "jax.jit",
    **more: Any,
) -> Comparison:
    ci = None if ratio is None else (ratio * 0.9, ratio * 1.1)
    return Comparison(a=a, b=b, time_ratio=ratio, ci=ci, verdict=verdict, **more)


OPEN = compared("inconclusive", 1.0)
REFUSED = compared("invalid")


def entry(
    mode: str, median_s: float, noise: dict[int, float] | None = None, noisy: tuple[int, ...] = ()
) -> Entry:
    launches = [
        Launch(index=n, median_s=50.0 if n in noisy else median_s * x, noisy=n in noisy)
        for n, x in (QUIET if noise is None else noise).items()
    ]
    framework = "jax" if mode.startswith("jax") else "pytorch"
    return Entry(framework=framework, mode=mode, status="ok", median_s=median_s, launches=launches)


def probe(*entries: Entry, **more: Any) -> Probe:
    usual = {"cores": 2, "size_name": "small", "comparisons": [OPEN], **more}
    return Probe(id="mlp_train", entries=list(entries), **usual)


def only(*probes: Probe, **more: Any) -> Attribution:
    [found] = attributions(probes, **more)
    return found


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
    word, ratio = ("a_faster", 2.0) if b == "pytorch.eager" else ("b_faster", 0.5)
    made = compared(word, ratio, a=a, b=b, level=0.99, launches=3)
    told = only(probe(comparisons=[made, OPEN]))
    assert (told.level, told.launches) == (0.99, 3)
    assert (told.kind, told.mode, told.mode_off) == ("compile", "pytorch.compile", "pytorch.eager")
    assert told.time_ratio == pytest.approx(2.0)
    assert told.ci[0] < 2.0 < told.ci[1]
    assert told.effect == "faster"


def test_what_a_gate_refused_is_attributed_to_nothing():
    good = probe(entry("jax.jit", 1.0))
    bad = probe(entry("jax.jit", 2.0), cores=1, comparisons=[REFUSED])
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
    disturbed = entry("jax.jit", 2.0, noisy=(0,))
    found = only(base, probe(disturbed, size_name="small_x", variant_of="small"))
    assert found.time_ratio == pytest.approx(0.5, rel=1e-3)


def test_a_comparison_that_was_not_called_is_an_open_effect():
    made = compared("inconclusive", 0.5, b="pytorch.compile")
    assert only(probe(comparisons=[made])).effect == "open"


def test_an_effect_says_its_level_and_its_launches():
    few = {n: QUIET[n] for n in (0, 1, 2)}
    told = only(probe(entry("jax.jit", 3.0, few), cores=1), probe(entry("jax.jit", 2.0), cores=2))
    # Two sets of launches: the smaller one counts.
    assert (told.level, told.launches) == (0.95, 3)


def test_the_spread_of_equal_code_bounds_the_interval_from_below():
    probes = probe(entry("jax.jit", 3.0), cores=1), probe(entry("jax.jit", 2.0), cores=2)
    narrow, wide = (only(*probes, floor=floor) for floor in (0.01, 0.4))
    assert wide.ci[0] < narrow.ci[0] < narrow.ci[1] < wide.ci[1]
    assert (narrow.effect, wide.effect) == ("faster", "open")


PAIR = "pytorch.eager is faster than jax.jit"
BACK = "jax.jit is faster than pytorch.eager"


@pytest.mark.parametrize(
    ("one", "all_cores", "said"),
    [
        ("a_faster", "b_faster", f"{PAIR} on one core, {BACK} on 4 cores"),
        ("b_faster", "a_faster", f"{BACK} on one core, {PAIR} on 4 cores"),
        ("a_faster", "equivalent", f"{PAIR} on one core, no difference between them on 4 cores"),
        (
            "equivalent",
            "b_faster",
            f"no difference between pytorch.eager and jax.jit on one core, {BACK} on 4 cores",
        ),
        ("a_faster", "a_faster", None),
        ("a_faster", "inconclusive", None),
        ("invalid", "b_faster", None),
    ],
)
def test_one_core_and_all_cores_that_disagree_are_said(one, all_cores, said):
    single = probe(cores=1, comparisons=[compared(one)])
    every = probe(cores=4, comparisons=[compared(all_cores)])
    read = word_evidence(Evidence(notices=disagreements([single, every])))
    assert [n.text for n in read.notices] == ([f"mlp_train/small: {said}"] if said else [])
    other = probe(cores=4, comparisons=[compared(all_cores)], size_name="large")
    assert not disagreements([single, other])


@pytest.mark.parametrize(
    ("slow", "noisy", "named"),
    [(1.3, (), True), (1.2, (), False), (1.3, (1,), True), (1.0, (1,), False)],
)
def test_launches_far_apart_are_several_speeds_where_nobody_disturbed_them(slow, noisy, named):
    """A launch that others disturbed (here at 50 s a step) says nothing of the machine."""
    seen = entry("jax.jit", 1.0, noise={0: 1.0, 1: 1.0, 2: 1.0, 3: slow}, noisy=noisy)
    notices = several_speeds([probe(entry("pytorch.eager", 1.0), seen)])
    assert bool(notices) is named
    if named:
        assert notices[0].values["mode"] == "jax.jit"
        assert notices[0].values["high_s"] == pytest.approx(slow)
