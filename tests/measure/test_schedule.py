"""In which order modes take turns and workers start: no place favours anybody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from advisor.measure.schedule import block_orders, launch_order


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
