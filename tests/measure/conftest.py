"""Tests of measuring do not wait for the machine that they run on to be quiet."""

from __future__ import annotations

from functools import partial

import pytest

from advisor.measure.quiet import wait_until_quiet
from advisor.workers.environment import dropped_tuning


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    brief = partial(wait_until_quiet, window_s=0.0)
    for module in ("run", "selftest"):
        monkeypatch.setattr(f"advisor.measure.{module}.PATIENCE_S", 0.0)
    for module in ("run", "selftest"):
        monkeypatch.setattr(f"advisor.measure.{module}.QUIET_LIMIT_S", 0.0)
        monkeypatch.setattr(f"advisor.measure.{module}.wait_until_quiet", brief)


@pytest.fixture(autouse=True)
def untuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine that runs the tests has set is no part of what they prove."""
    for name in dropped_tuning():
        monkeypatch.delenv(name)
