"""Probes that run aside: what became of them is on the screen while questions are still asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from advisor.cli.background import BackgroundProbe
from advisor.workers.lock import machine_lock

pytest.importorskip("fcntl")


def test_probes_that_another_run_keeps_out_say_so_and_by_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(lock))
    with machine_lock(path=lock):
        aside = BackgroundProbe(["--profile", "quick", "--task", "image", "--framework", "pytorch"])
        try:
            while aside.running:
                time.sleep(0.05)
            shown = aside.live() or ""
        finally:
            aside.close()
    assert shown.startswith("nothing is measured: another fw-advisor (process ")
    assert "is measuring on this machine" in shown
