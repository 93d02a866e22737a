"""The numbers behind every verdict: against SciPy, against published tables, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from advisor.measure.statistics import (
    launches_needed,
    level_of,
    pair_log_ratio,
    quantile,
    ratio_of_launches,
)
from advisor.measure.verdicts import PROFILES, THOROUGH
from advisor.ratio import incomplete_beta, t_cdf, t_quantile

LOGS = st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=2, max_size=30)
TIMES = st.lists(st.floats(1e-6, 10), min_size=1, max_size=20)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_t_quantiles_are_scipys(p, degrees):
    assert t_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-7, abs=1e-9)


@given(st.floats(-50, 50), st.integers(1, 200))
def test_the_t_distribution_is_scipys(t, degrees):
    # Close to the middle x = d / (d + t^2) rounds to 1: no quantile in use lies there.
    close = pytest.approx(stats.t.cdf(t, degrees), rel=1e-8, abs=1e-12 if abs(t) > 0.01 else 1e-7)
    assert t_cdf(t, degrees) == close


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0, 1))
def test_the_incomplete_beta_function_is_scipys(a, b, x):
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-12)


def test_t_quantiles_of_the_printed_tables():
    for p, degrees, value in ((0.975, 2, 4.303), (0.975, 4, 2.776), (0.975, 7, 2.365)):
        assert t_quantile(p, degrees) == pytest.approx(value, abs=5e-4)
    assert t_quantile(0.5, 3) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("p", "degrees"), [(0.0, 3), (1.0, 3), (-1.0, 3), (0.5, 0)])
def test_quantiles_that_do_not_exist_are_refused(p, degrees):
    with pytest.raises(ValueError, match="quantile"):
        t_quantile(p, degrees)


@given(LOGS, st.sampled_from([0.05, 0.029, 0.022]))
def test_the_interval_is_the_textbooks(logs, alpha):
    ratio = ratio_of_launches(logs, floor=0.0)
    low, high = ratio.log_interval(level_of(alpha))
    sd = float(np.std(logs, ddof=1))
    half = stats.t.ppf(1 - alpha / 2, len(logs) - 1) * sd / math.sqrt(len(logs))
    assert ratio.log == pytest.approx(np.mean(logs), abs=1e-12)
    assert high - ratio.log == pytest.approx(half, rel=1e-6, abs=1e-12)
    assert low <= ratio.log <= high


@given(LOGS, st.sampled_from([0.0, 0.01, 0.03]), st.sampled_from([0.05, 0.029]))
def test_swapping_the_sides_gives_exactly_the_mirrored_interval(logs, floor, alpha):
    there = ratio_of_launches(logs, floor=floor)
    back = ratio_of_launches([-x for x in logs], floor=floor)
    assert back == there.turned
    low, high = there.log_interval(level_of(alpha))
    assert back.log_interval(level_of(alpha)) == (-high, -low)


@given(st.lists(st.tuples(*[st.floats(1e-7, 1e3)] * 2), min_size=1, max_size=20))
def test_swapped_sides_negate_a_launch_exactly(pairs):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    there, back = pair_log_ratio(a, b), pair_log_ratio(b, a)
    assert there is not None
    assert back is not None
    assert there == -back


@pytest.mark.parametrize(("alpha", "level"), [(0.05, 0.95), (0.029, 0.971), (0.022, 0.978)])
def test_the_level_of_an_interval_has_no_noise_of_rounding(alpha, level):
    assert level_of(alpha) == level


@given(TIMES, st.floats(0.1, 10))
def test_a_launch_twice_as_slow_throughout_is_log_two_slower(times, factor):
    found = pair_log_ratio(times, [factor * t for t in times])
    assert found == pytest.approx(math.log(factor), abs=1e-9)


def test_one_wild_block_pair_does_not_move_a_launch():
    a = [1e-3] * 9
    assert pair_log_ratio(a, [1.1e-3] * 8 + [0.2]) == pytest.approx(math.log(1.1))
    assert pair_log_ratio([], []) is None
    with pytest.raises(ValueError, match="zip"):
        pair_log_ratio([1e-3], [1e-3, 1e-3])


@given(LOGS, st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_larger_floor_never_narrows(logs, floor_a, floor_b):
    low, high = sorted((floor_a, floor_b))
    narrow, wide = (ratio_of_launches(logs, floor=f) for f in (low, high))
    assert wide.log_interval()[0] <= narrow.log_interval()[0]
    assert narrow.log_interval()[1] <= wide.log_interval()[1]
    assert narrow.spread >= low * (1 - 1e-12)


def test_equal_launches_have_the_width_of_the_floor():
    _, high = ratio_of_launches([0.1] * 5, floor=0.02).log_interval()
    assert high - 0.1 == pytest.approx(2.776 * 0.02 / math.sqrt(5), rel=1e-3)


def test_one_launch_has_no_interval():
    with pytest.raises(ValueError, match="at least two"):
        ratio_of_launches([0.1], floor=0.02)


@pytest.mark.parametrize("count", [3, 5, 8])
def test_the_interval_covers_the_truth_as_often_as_it_says(count):
    """Launch effects of 4 %, block noise of 2 %: 4,000 groups, exact to 0.35 %."""
    rng = np.random.default_rng(count)
    truth, groups, hits = math.log(1.08), 4000, 0
    launches = truth + 0.04 * rng.standard_normal((groups, count))
    blocks = launches[..., None] + 0.02 * rng.standard_normal((groups, count, 9))
    for logs in np.median(blocks, axis=2).tolist():
        low, high = ratio_of_launches(logs, floor=0.0).log_interval()
        hits += low <= truth <= high
    assert 0.93 <= hits / groups <= 0.97


def crossing_rate(looks: tuple[int, ...], alpha: float, runs: int = 20_000) -> float:
    """How often equal sides with known spread would be told apart at some look."""
    rng = np.random.default_rng(11)
    draws = rng.standard_normal((runs, looks[-1]))
    crossed = np.zeros(runs, dtype=bool)
    boundary = stats.norm.ppf(1 - alpha / 2)
    for count in looks:
        crossed |= np.abs(draws[:, :count].sum(axis=1)) > boundary * math.sqrt(count)
    return float(crossed.mean())


def test_the_constants_are_pococks():
    """Pocock (1977), table 1, overall 0.05: nominal 0.0294 for two looks, 0.0221 for three."""
    assert PROFILES["quick"].alpha == 0.05
    assert PROFILES["standard"].alpha <= 0.0294
    assert len(PROFILES["standard"].launches) == 2
    assert PROFILES["thorough"].alpha <= 0.0221
    assert len(PROFILES["thorough"].launches) == 3
    # The published constants hold for equally spaced looks.
    assert crossing_rate((5, 10), 0.0294) == pytest.approx(0.05, abs=0.005)
    assert crossing_rate((4, 8, 12), 0.0221) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("name", ["quick", "standard", "thorough"])
def test_looking_several_times_keeps_the_overall_level(name):
    looks = PROFILES[name]
    assert crossing_rate(looks.launches, looks.alpha) <= 0.053


def test_the_level_holds_with_an_estimated_spread_too():
    rng = np.random.default_rng(5)
    groups, wrong = 3000, 0
    for logs in (0.04 * rng.standard_normal((groups, THOROUGH.most))).tolist():
        seen = (ratio_of_launches(logs[:n], floor=0.0) for n in THOROUGH.launches)
        ends = [ratio.log_interval(level_of(THOROUGH.alpha)) for ratio in seen]
        wrong += any(low > 0 or high < 0 for low, high in ends)
    assert wrong / groups <= 0.06


@given(
    st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_quantiles_are_numpys(values, p):
    assert quantile(values, p) == pytest.approx(float(np.quantile(values, p)), abs=1e-9)


@settings(max_examples=50)
@given(st.floats(0.005, 0.2), st.floats(0.06, 1.0))
def test_the_launches_it_asks_for_would_settle_it(spread, estimate):
    margin, alpha = math.log(1.05), 0.05
    ratio = ratio_of_launches([estimate - spread, estimate + spread], floor=0.0)
    gap = abs(abs(ratio.log) - margin)

    def half(count: int) -> float:
        return float(stats.t.ppf(1 - alpha / 2, count - 1)) * ratio.spread / math.sqrt(count)

    needed = launches_needed(ratio, margin, alpha)
    if needed is None:
        assert gap < 0.1 * ratio.spread or half(199) >= gap
    else:
        assert half(needed) < gap
        assert all(half(count) >= gap for count in range(3, needed))


def test_what_lies_on_the_margin_is_settled_by_nothing():
    ratio = ratio_of_launches([math.log(1.05) - 0.05, math.log(1.05) + 0.05], floor=0.0)
    assert launches_needed(ratio, math.log(1.05), 0.05) is None
