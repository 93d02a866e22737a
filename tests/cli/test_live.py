"""Progress that goes on while nothing is reported."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

from advisor.cli import live
from advisor.measure.progress import Progress

STEP = Progress(40.0, 100.0, "building", {"item": "a/b", "mode": "pytorch.compile", "cores": 2})


def test_the_time_left_goes_down_between_reports_and_never_to_nothing():
    assert live.time_left(STEP) == "about 60 s left"
    assert live.time_left(STEP, 25.0) == "about 35 s left"
    assert live.time_left(STEP, 500.0) == "a few seconds left"
    assert live.time_left(Progress(0.0, 500.0, "building"), 490.0) == "about 50 s left"


def test_a_run_aside_says_every_moment_how_far_it_is(monkeypatch, capsys):
    """Whoever shows its last line shows the time left of now, while a compiler runs."""
    monkeypatch.setattr(live, "ASIDE_EVERY_S", 0.02)
    clock = iter(range(0, 10_000, 10))
    with live.live_progress(quiet=False, colour=False, aside=True) as report:
        monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        report(STEP)
        time.sleep(0.5)
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    left = [int(n) for line in lines if (n := "".join(re.findall(r"about (\d+) s left", line)))]
    assert len(left) > 2
    assert left == sorted(left, reverse=True)
    assert left[0] > left[-1]
    assert all(line.endswith("a/b pytorch.compile on 2 cores: building") for line in lines)
