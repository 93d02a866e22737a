"""How right the time left was: what lines of progress said, against what was truly left."""

from __future__ import annotations

import pytest

from advisor.cli.live import time_left
from advisor.measure.progress import Progress
from tests.benchmarks.suite_rows import _left_s, _told_over_true


@pytest.mark.parametrize(
    ("rest_s", "read_s"), [(300.0, 300.0), (95.0, 120.0), (62.0, 60.0), (10.0, 10.0), (3.0, 5.0)]
)
def test_a_line_of_progress_is_read_as_it_is_written(rest_s: float, read_s: float) -> None:
    text = time_left(Progress(10.0, 10.0 + rest_s, "building"))
    assert _left_s(f"measuring: building ({text})") == pytest.approx(read_s)
    assert _left_s("measuring: building") is None


def test_the_last_line_before_counts_less_what_has_passed_since() -> None:
    told = [(0.0, 50.0), (10.0, 70.0), (60.0, 20.0)]
    assert _told_over_true(told, 20.0, 100.0) == pytest.approx(60.0 / 80.0)
    assert _told_over_true(told, 60.0, 100.0) == pytest.approx(20.0 / 40.0)
    assert _told_over_true(told[1:], 5.0, 100.0) is None
