"""Tests of measuring do not wait for the machine that they run on to be quiet."""

from __future__ import annotations

from functools import partial

import pytest

from advisor.measure.quiet import wait_until_quiet


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.measure.run.QUIET_LIMIT_S", 0.0)
    brief = partial(wait_until_quiet, window_s=0.0)
    monkeypatch.setattr("advisor.measure.run.wait_until_quiet", brief)
