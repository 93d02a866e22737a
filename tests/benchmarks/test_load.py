"""The load of the benchmarks is the one that its rows name."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.benchmarks.load import LONGEST_S, SHORTEST_S, pauses_and_bursts


@pytest.mark.parametrize("duty", [0.05, 0.10, 0.25])
def test_bursts_take_their_share_of_the_time(duty):
    steps = list(islice(pauses_and_bursts(duty, "0"), 20_000))
    busy_s = sum(burst_s for _, burst_s in steps)
    assert busy_s / sum(map(sum, steps)) == pytest.approx(duty, rel=0.03)
    assert all(SHORTEST_S <= burst_s <= LONGEST_S for _, burst_s in steps)


def test_every_bench_can_be_run_by_its_name():
    from tests.benchmarks.__main__ import BENCHES

    assert all(callable(bench) and groups > 0 for bench, groups in BENCHES.values())


def test_each_process_of_a_load_has_a_rhythm_of_its_own():
    one, other = (list(islice(pauses_and_bursts(0.1, seed), 5)) for seed in ("0/0", "0/1"))
    assert one != other
