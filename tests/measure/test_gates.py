"""What drops a block pair: symmetric in the sides, blind to the times, always as a pair."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.evidence import Block
from advisor.measure import gates

GOOD = Block(
    samples_s=[1e-3, 1.1e-3, 1e-3],
    wall_s=0.03,
    cpu_s=0.03,
    run_delay_s=0.0,
    pressure_s=0.0,
    steal_s=0.0,
    throttled_s=0.0,
    foreign_share=0.0,
)


def block(number: int = 0, **changes: Any) -> Block:
    return replace(GOOD, round=number, **changes)


def faults_of(**changes: Any) -> list[str]:
    """Faults of one spoilt block among nine good ones of the same mode."""
    blocks = [*(block(n) for n in range(9)), block(9, **changes)]
    marked_blocks = gates.marked_blocks({"m": blocks})["m"]
    assert all(b.kept for b in marked_blocks[:9])
    assert marked_blocks[9].kept == (not marked_blocks[9].dropped_by)
    # What came in says nothing yet: gates mark by new blocks.
    assert all(b.kept for b in blocks)
    assert set(marked_blocks[9].dropped_by) <= set(gates.BLOCK_GATES)
    return marked_blocks[9].dropped_by


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"compile_events": 1}, "compiled-inside"),
        ({"steal_s": 0.02}, "stolen-by-the-host"),
        ({"throttled_s": 0.001}, "throttled-by-quota"),
        ({"foreign_share": 0.3}, "others-were-busy"),
        ({"foreign_share": 0.1, "cpu_s": 0.015}, "cores-lost"),
        ({"foreign_share": None, "cpu_s": 0.015}, "cores-lost"),
        ({"foreign_share": 0.1, "run_delay_s": 0.02}, "waited-for-a-core"),
        ({"foreign_share": 0.15, "pressure_s": 0.02}, "pressure-on-the-cores"),
    ],
)
def test_each_disturbance_is_seen_and_named(changes, fault):
    assert faults_of(**changes) == [fault]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # A framework whose threads wait for each other on an idle machine is measured as it is.
        {"cpu_s": 0.01},
        {"run_delay_s": 0.02},
        {"pressure_s": 0.02},
        # One tick of the kernel's clock is below what can be read.
        {"steal_s": 0.01},
        {"foreign_share": 0.1},
        # Where the system tells nothing, nothing is held against a block.
        {"steal_s": None, "throttled_s": None, "run_delay_s": None, "cpu_s": None},
        {"foreign_share": None},
        # However slow it was: a gate must never look at the times.
        {"samples_s": [5.0, 5.0, 5.0]},
    ],
)
def test_what_is_no_disturbance_drops_nothing(changes):
    assert faults_of(**changes) == []


@pytest.mark.parametrize(
    ("clock_hz", "usual_hz", "faults"),
    [
        (2.0e9, 3.0e9, ["clock-dropped"]),
        (2.8e9, 3.0e9, []),
        (None, 3.0e9, []),
        (2.0e9, None, []),
    ],
)
def test_a_block_at_a_lower_clock_is_dropped(clock_hz, usual_hz, faults):
    spoilt = block(5, clock_hz=clock_hz)
    blocks = [*(block(n, clock_hz=usual_hz) for n in range(5)), spoilt]
    assert gates.marked_blocks({"m": blocks})["m"][5].dropped_by == faults


def test_the_clock_is_judged_over_both_sides():
    """A side that is always throttled does not set its own standard."""
    sides = {
        "pytorch.eager": [block(n, clock_hz=1e9) for n in range(3)],
        "jax.jit": [block(n, clock_hz=3e9) for n in range(5)],
    }
    kept = {label: [b.kept for b in blocks] for label, blocks in gates.marked_blocks(sides).items()}
    assert kept == {"pytorch.eager": [False] * 3, "jax.jit": [True] * 5}


def test_a_baseline_without_pressure_never_drops_for_it():
    plain = gates.baseline_of([block(pressure_s=None)])
    assert plain is not None
    assert plain.pressure_share == math.inf


def marked(number: int, *, kept: bool, time_s: float = 1e-3) -> Block:
    return block(number, samples_s=[time_s], kept=kept)


PATTERNS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(PATTERNS)
def test_blocks_are_dropped_in_pairs(pattern):
    a = [marked(i, kept=x) for i, (x, _) in enumerate(pattern)]
    b = [marked(i, kept=y, time_s=2e-3) for i, (_, y) in enumerate(pattern)]
    log, equal, dropped = gates.good_pairs(a, b)
    both = sum(x and y for x, y in pattern)
    assert log == (pytest.approx(math.log(2)) if both else None)
    # Each side against itself: neighbouring blocks, so it takes two.
    assert equal == ([0.0, 0.0] if both > 1 else [])
    assert dropped == pytest.approx(1 - both / len(pattern))


@given(PATTERNS)
def test_swapping_the_sides_drops_the_same_pairs(pattern):
    a = [marked(i, kept=x, time_s=1e-3 + i) for i, (x, _) in enumerate(pattern)]
    b = [marked(i, kept=y, time_s=2e-3 + i) for i, (_, y) in enumerate(pattern)]
    there, back = gates.good_pairs(a, b), gates.good_pairs(b, a)
    assert there[0] == (None if back[0] is None else -back[0])
    assert there[1:] == (back[1][::-1], back[2])


def test_pairs_are_made_by_round_and_not_by_place():
    a = [marked(0, kept=True, time_s=1.0), marked(2, kept=True, time_s=3.0)]
    b = [marked(1, kept=True, time_s=9.0), marked(2, kept=True, time_s=6.0)]
    assert gates.good_pairs(a, b) == (pytest.approx(math.log(2)), [], 0.0)
    assert gates.good_pairs(a, []) == (None, [], 1.0)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (1e-7, "float32"),
        (2e-6, "float32"),
        (3e-5, "tf32"),
        (3e-4, "bfloat16"),
        (4e-3, "bfloat16"),
        (2.0, "unknown"),
    ],
)
def test_arithmetic_is_classed_by_its_error(error, name):
    assert gates.precision_class(error) == name


@pytest.mark.parametrize(("dtype_bits", "name"), [(23, "float32"), (10, "tf32"), (7, "bfloat16")])
def test_real_roundings_fall_into_their_class(dtype_bits, name):
    """The worker's own known product, with inputs rounded as the hardware would."""
    import numpy as np

    def rounded(x):
        bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
        drop = 23 - dtype_bits
        if drop:
            bits = ((bits + (1 << (drop - 1))) >> drop) << drop
        return bits.astype(np.uint32).view(np.float32)

    rng = np.random.default_rng(7)
    a = rng.uniform(0.5, 1.5, (64, 1024)).astype(np.float32)
    b = rng.uniform(0.5, 1.5, (1024, 64)).astype(np.float32)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    found = rounded(a) @ rounded(b)
    error = float(np.max(np.abs(found - exact) / exact))
    assert gates.precision_class(error) == name
