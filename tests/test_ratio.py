"""One convention of how fast: turning, intervals by Student's t, means that add up variances."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.ratio import Ratio, error_of, mean, t_quantile, weighted_mean

logs = st.floats(-5, 5)
errors = st.floats(1e-4, 1)
degrees = st.one_of(st.integers(1, 200).map(float), st.just(math.inf))


@given(logs, errors, degrees)
def test_turning_exchanges_the_two_exactly(log: float, se: float, df: float) -> None:
    ratio = Ratio(log, se, df)
    low, high = ratio.log_interval()
    assert ratio.turned.log_interval() == (-high, -low)
    assert ratio.turned.turned == ratio
    assert ratio.value * ratio.turned.value == pytest.approx(1)


@given(logs, errors, st.integers(1, 200).map(float), st.sampled_from((0.95, 0.971, 0.978, 0.99)))
def test_an_interval_and_its_error_are_two_ways_to_say_one_thing(
    log: float, se: float, df: float, level: float
) -> None:
    interval = Ratio(log, se, df).interval(level)
    assert error_of(interval, level=level, degrees=df) == pytest.approx(se, rel=1e-6)


@pytest.mark.parametrize(
    ("p", "df", "value"),
    [
        (0.975, 4, 2.7764451),
        (0.975, math.inf, 1.9599640),
        (0.995, 2, 9.9248432),
        (0.025, 4, -2.7764451),
    ],
)
def test_quantiles_are_those_of_the_tables(p: float, df: float, value: float) -> None:
    assert t_quantile(p, df) == pytest.approx(value, abs=1e-6)


def test_a_stricter_level_is_a_wider_interval() -> None:
    ratio = Ratio(0.3, 0.02, 4)
    widths = [high - low for low, high in (ratio.log_interval(x) for x in (0.95, 0.971, 0.99))]
    assert widths == sorted(widths)


def test_a_mean_is_surer_than_its_parts_and_keeps_the_fewest_launches_in_mind() -> None:
    parts = [Ratio(0.2, 0.03, 4), Ratio(0.4, 0.03, 4)]
    both = mean(parts)
    assert both.log == pytest.approx(0.3)
    assert both.se == pytest.approx(0.03 / math.sqrt(2))
    # Welch and Satterthwaite: two equal variances of 4 degrees each have 8.
    assert both.degrees == pytest.approx(8)
    lone = weighted_mean(parts, [1.0, 0.0])
    assert (lone.log, lone.se, lone.degrees) == pytest.approx((0.2, 0.03, 4))
