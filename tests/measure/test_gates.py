"""What drops a block pair: symmetric in the sides, blind to the times, always as a pair."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.measure import gates
from advisor.measure.schedule import block_orders, launch_order

GOOD = {
    "samples_s": [1e-3, 1.1e-3, 1e-3],
    "wall_s": 0.03,
    "cpu_s": 0.03,
    "run_delay_s": 0.0,
    "steal_s": 0.0,
    "throttled_s": 0.0,
    "compile_events": 0,
    "foreign_share": 0.0,
}


def block(number: int = 0, **changes: object) -> dict:
    return {**copy.deepcopy(GOOD), "round": number, **changes}


def faults_of(**changes: object) -> list[str]:
    """Faults of one spoilt block among nine good ones of the same mode."""
    blocks = [block(i) for i in range(9)] + [block(9, **changes)]
    runs = {"m": blocks}
    gates.mark_blocks(runs)
    assert all(b["kept"] for b in blocks[:9])
    assert blocks[9]["kept"] == (not blocks[9]["dropped_by"])
    return list(blocks[9]["dropped_by"])


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


def marked(number: int, *, kept: bool, time_s: float = 1e-3) -> dict:
    return {**block(number, samples_s=[time_s]), "kept": kept}


PATTERNS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(PATTERNS)
def test_blocks_are_dropped_in_pairs(pattern):
    a = [marked(i, kept=x) for i, (x, _) in enumerate(pattern)]
    b = [marked(i, kept=y, time_s=2e-3) for i, (_, y) in enumerate(pattern)]
    kept_a, kept_b, dropped = gates.good_pairs(a, b)
    both = sum(x and y for x, y in pattern)
    assert (len(kept_a), len(kept_b)) == (both, both)
    assert dropped == pytest.approx(1 - both / len(pattern))


@given(PATTERNS)
def test_swapping_the_sides_drops_the_same_pairs(pattern):
    a = [marked(i, kept=x, time_s=1e-3 + i) for i, (x, _) in enumerate(pattern)]
    b = [marked(i, kept=y, time_s=2e-3 + i) for i, (_, y) in enumerate(pattern)]
    there, back = gates.good_pairs(a, b), gates.good_pairs(b, a)
    assert (there[0], there[1], there[2]) == (back[1], back[0], back[2])


def test_pairs_are_made_by_round_and_not_by_place():
    a = [marked(0, kept=True, time_s=1.0), marked(2, kept=True, time_s=3.0)]
    b = [marked(1, kept=True, time_s=9.0), marked(2, kept=True, time_s=6.0)]
    assert gates.good_pairs(a, b) == ([3.0], [6.0], 0.0)
    assert gates.good_pairs(a, []) == ([], [], 1.0)


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


@given(st.integers(1, 6), st.integers(1, 30), st.text(min_size=1, max_size=8))
def test_no_mode_is_favoured_by_its_place(count, rounds, key):
    modes = [f"m{i}" for i in range(count)]
    orders = block_orders(modes, rounds, key)
    assert len(orders) == rounds
    assert all(sorted(order) == modes for order in orders)
    for start in range(0, rounds - count + 1, count):
        square = orders[start : start + count]
        for place in range(count):
            assert sorted(order[place] for order in square) == modes


def test_schedules_repeat_by_their_key_and_differ_between_launches():
    modes = ["a", "b", "c"]
    assert block_orders(modes, 9, "k/1") == block_orders(modes, 9, "k/1")
    assert len({str(block_orders(modes, 9, f"k/{i}")) for i in range(10)}) > 5
    assert block_orders([], 0, "k") == []


@given(st.integers(0, 20), st.text(max_size=5))
def test_workers_are_started_in_a_known_order(index, key):
    order = launch_order(["jax-0", "pytorch-0"], index, key)
    assert sorted(order) == ["jax-0", "pytorch-0"]
    assert launch_order(["jax-0", "pytorch-0"], index + 2, key) == order
    assert launch_order(["jax-0", "pytorch-0"], index + 1, key) == order[::-1]
