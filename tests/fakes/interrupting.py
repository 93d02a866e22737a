"""Campaigns of fake workers that are interrupted, and gone on with.

What a fake takes is a function of its seed and of how often its framework was started: the starts
of a launch that was never finished are forgotten, so that it is the same launch when it is made
again. In an uninterrupted run nothing is forgotten.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from advisor.evidence import Machine, Toolchain, to_data
from advisor.measure import journal as journals
from advisor.measure.campaign import Campaign, Finished, measure
from advisor.measure.journal import Done, Journal
from advisor.measure.progress import Progress
from advisor.measure.wishes import Wishes
from advisor.measure.work import ToolchainSpec
from tests.fakes import kit
from tests.fakes.worker import model, workload

# Durations, and what says that a run was interrupted.
_NOT_COMPARED = ("spent_s", "resumed")
_MODES = {
    "pytorch.eager": {"median_s": 1.05e-3, "launch_sd": 0.03, "block_sd": 0.01},
    "pytorch.compile": {"median_s": 1.3e-3, "launch_sd": 0.02, "block_sd": 0.01},
    "jax.jit": {"median_s": 1e-3, "launch_sd": 0.02, "block_sd": 0.01},
    "pytorch.compile+compile_step": {"median_s": 9e-4, "launch_sd": 0.02, "block_sd": 0.01},
    "jax.jit+scan": {"median_s": 8e-4, "launch_sd": 0.02, "block_sd": 0.01},
}
KINDS = ("suite", "broken", "model")
"""Several workloads; one whose compiled mode crashes in its second launch; and a model."""


@contextmanager
def apart(place: Path) -> Iterator[None]:
    """Two CPUs, a passed self-test, a lock of one's own, and interrupts that are heard."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FW_ADVISOR_LOCK", str(place / "lock"))
        patch.setattr("advisor.measure.cpus.usable_cpus", lambda *_: kit.cpus(2))
        patch.setattr("advisor.measure.campaign.patient_selftest", lambda **_: kit.PASSED)
        patch.setattr("advisor.measure.run.wait_until_quiet", lambda *_, **__: 0.0)
        patch.setattr("advisor.measure.run.PATIENCE_S", 0.0)
        old = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, old)


def campaign(script: kit.Script, kind: str, seed: int = 5) -> Campaign:
    """A campaign of one of the `KINDS`."""
    script.modes = dict(_MODES)
    script.seed = seed
    script.workloads = [
        workload("fake", extra_modes=[]),
        workload("other", modes=["pytorch.eager", "jax.jit"], extra_modes=[]),
    ]
    wishes = Wishes(profile="quick", probes=("fake", "other"), seed=seed)
    if kind == "broken":
        script.fault("block", "crash", "pytorch.eager", starts=[2], after=3)
    if kind == "model":
        script.models = [model(flops_per_layer=1e5)]
        wishes = replace(wishes, probes=(), models=('stack:{"layers": 4}',))
    return Campaign(
        worker=script.argv,
        toolchains=[
            ToolchainSpec("pytorch-0", "pytorch", kit.TORCH.interpreter, index=0),
            ToolchainSpec("jax-0", "jax", kit.JAX.interpreter, index=1),
        ],
        toolchain_parts=[Toolchain("pytorch"), Toolchain("jax")],
        missing={},
        machine=Machine(os="linux", cpu="a fake"),
        wishes=wishes,
        created="2026-11-24",
        cache=script.state / "cache",
        meter=kit.Meter,
    )


def compared(finished: Finished) -> str:
    """The evidence as it would be written, without its durations."""
    data = to_data(finished.evidence)
    return json.dumps({k: v for k, v in data.items() if k not in _NOT_COMPARED})


@dataclass
class Cut:
    """Progress that interrupts at its step `at`: with Ctrl-C, or by killing the process."""

    at: int
    kill: bool = False
    seen: int = 0

    def __call__(self, progress: Progress) -> None:
        """Count the step."""
        del progress
        self.seen += 1
        if self.seen != self.at:
            return
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise KeyboardInterrupt


class Case:
    """One campaign with a state directory of its own."""

    def __init__(self, script: kit.Script, kind: str, seed: int = 5) -> None:
        self.script = script
        self.asked = campaign(script, kind, seed)
        self.state = script.state / "kept"
        self._remembered = script.state / "remembered"

    def whole(self) -> tuple[int, str]:
        """How many steps an uninterrupted run tells, and its evidence."""
        self._forget()
        counted = Cut(0)
        finished = measure(replace(self.asked, report=counted))
        self._forget()
        return counted.seen, compared(finished)

    def interrupt(self, cut: Cut) -> None:
        """Measure until *cut*, going on where something was interrupted already."""
        if not cut.kill:
            self._measure(cut)
            return
        child = os.fork()
        if child == 0:
            try:
                self._measure(cut)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    def go_on(self) -> Finished:
        """Go on with what was interrupted, to the end."""
        return self._measure(Cut(0))

    @property
    def finished(self) -> int:
        """How many launches are finished."""
        return len(list(self.state.rglob("launch-*.json")))

    def _measure(self, report: Cut) -> Finished:
        self._forget_unfinished()
        journal = journals.latest(self.state) or journals.begin(self.state, {})
        self._remember_with(journal)
        try:
            finished = measure(replace(self.asked, journal=journal, report=report))
            if not finished.interrupted:
                journal.remove()
                self._remembered.unlink(missing_ok=True)
            return finished
        finally:
            journal.close()

    def _remember_with(self, journal: Journal) -> None:
        note = journal.note

        def noted(done: Done) -> None:
            note(done)
            starts = {p.name: p.stat().st_size for p in self.script.state.glob("starts-*")}
            self._remembered.write_text(json.dumps(starts), "utf-8")

        setattr(journal, "note", noted)  # noqa: B010  (a method of one object)

    def _forget_unfinished(self) -> None:
        kept = self._remembered
        starts = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
        for path in self.script.state.glob("starts-*"):
            os.truncate(path, starts.get(path.name, 0))

    def _forget(self) -> None:
        self._remembered.unlink(missing_ok=True)
        self._forget_unfinished()
