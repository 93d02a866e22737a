"""An interrupted campaign that is gone on with gives the evidence of one that was not."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from advisor.evidence import to_data
from advisor.measure import journal as journals
from advisor.measure.campaign import Campaign, Finished, measure
from advisor.measure.progress import Progress
from tests.fakes import kit
from tests.fakes.worker import workload
from tests.measure.test_campaign import campaign

# What a clock or a process number is in, and what says that a run was interrupted.
_OF_THE_CLOCK = ("spent_s", "resumed")
_MODES = {
    "pytorch.eager": {"median_s": 1.05e-3, "launch_sd": 0.03, "block_sd": 0.01},
    "pytorch.compile": {"median_s": 1.3e-3, "launch_sd": 0.02, "block_sd": 0.01},
    "jax.jit": {"median_s": 1e-3, "launch_sd": 0.02, "block_sd": 0.01},
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FW_ADVISOR_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr("advisor.measure.campaign.usable_cpus", lambda *_: kit.cpus(2))
    monkeypatch.setattr("advisor.measure.campaign.patient_selftest", lambda **_: kit.PASSED)
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)


def made(script: kit.Script, tmp_path: Path, **changes: Any) -> Campaign:
    script.modes = dict(_MODES)
    first = campaign(script, tmp_path, meter=kit.Meter, **changes)
    script.workloads = [
        workload("fake", extra_modes=[]),
        workload("other", modes=["pytorch.eager", "jax.jit"], extra_modes=[]),
    ]
    return replace(
        first, worker=script.argv, wishes=replace(first.wishes, probes=("fake", "other"))
    )


def wiped(finished: Finished) -> str:
    """The evidence as text, without its durations."""
    data = to_data(finished.evidence)
    return json.dumps({k: v for k, v in data.items() if k not in _OF_THE_CLOCK})


class Cut:
    """Progress that interrupts: with Ctrl-C at the given step, or by ending the process."""

    def __init__(self, after: int, *, kill: bool = False) -> None:
        self._left = after
        self._kill = kill

    def __call__(self, progress: Progress) -> None:
        self._left -= 1
        if self._left != 0:
            return
        if self._kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise KeyboardInterrupt


def forget_unfinished(script: kit.Script, finished: int) -> None:
    """A fake's times are a function of its launch: the unfinished one is to be the same again."""
    for framework in ("pytorch", "jax"):
        path = script.state / f"starts-{framework}"
        if path.exists():
            os.truncate(path, min(finished, path.stat().st_size))


def interrupted(asked: Campaign, state: Path, cut: Cut, *, kill: bool) -> Finished | None:
    """Measure until *cut*; what a killed process would have told is lost."""
    journal = journals.latest(state) or journals.begin(state, {"asked": "the same"})
    cutting = replace(asked, journal=journal, report=cut)
    try:
        if not kill:
            return measure(cutting)
        child = os.fork()
        if child == 0:
            try:
                measure(cutting)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return None
    finally:
        journal.close()


def gone_on_with(asked: Campaign, state: Path) -> Finished:
    journal = journals.latest(state)
    assert journal is not None
    try:
        finished = measure(replace(asked, journal=journal))
        journal.remove()
        return finished
    finally:
        journal.close()


def finished_launches(state: Path) -> int:
    return len(list(state.rglob("launch-*.json")))


def steps_of(asked: Campaign) -> tuple[int, str]:
    """How many steps an uninterrupted run tells, and its evidence."""
    seen: list[Progress] = []
    finished = measure(replace(asked, report=seen.append))
    return len(seen), wiped(finished)


@pytest.mark.parametrize("kill", [False, True], ids=["ctrl-c", "killed"])
@pytest.mark.parametrize("share", [0.35, 0.8])
def test_a_resumed_run_gives_what_an_uninterrupted_one_gives(script, tmp_path, share, kill):
    asked = made(script, tmp_path)
    steps, whole = steps_of(asked)
    forget_unfinished(script, 0)
    state = tmp_path / "state"
    cut_short = interrupted(asked, state, Cut(round(share * steps), kill=kill), kill=kill)
    assert cut_short is None or cut_short.interrupted
    before = finished_launches(state)
    forget_unfinished(script, before)
    resumed = gone_on_with(asked, state)
    assert before > 0
    assert resumed.evidence.resumed == before
    assert wiped(resumed) == whole
    assert not state.exists()
