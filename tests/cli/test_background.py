"""Probes that run aside: what became of them is on the screen while questions are still asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from advisor.cli.background import BackgroundProbe, finished_by
from advisor.errors import UserError
from advisor.measure.progress import Progress
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


def test_what_probes_aside_did_not_give_is_told_in_their_own_words() -> None:
    told: list[Progress] = []
    aside = BackgroundProbe(["--profile", "no_such_profile"])
    try:
        with pytest.raises(UserError, match="no_such_profile"):
            finished_by(aside, told.append)
    finally:
        aside.close()
    assert {one.stage for one in told} <= {"relayed"}
