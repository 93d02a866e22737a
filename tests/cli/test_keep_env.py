"""Variables of the caller's own that he asks to be measured with."""

from __future__ import annotations

import pytest

from advisor.cli import measuring
from advisor.errors import UserError
from advisor.workers.environment import KEEP_ENV, dropped_tuning, worker_environment


def test_what_is_named_reaches_the_workers_and_is_not_called_dropped(tmp_path, monkeypatch):
    # Set through the fixture first, so that it is taken back.
    monkeypatch.setenv(KEEP_ENV, "")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_use_thunk_runtime=false")
    assert "XLA_FLAGS" in dropped_tuning()
    measuring.keep_variables(["XLA_FLAGS"])
    assert worker_environment(tmp_path, "jax-0")["XLA_FLAGS"].endswith("=false")
    assert "XLA_FLAGS" not in dropped_tuning()


def test_what_is_not_set_cannot_be_kept(monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    with pytest.raises(UserError, match="XLA_FLAGS"):
        measuring.keep_variables(["XLA_FLAGS"])
