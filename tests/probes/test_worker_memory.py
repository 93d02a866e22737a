"""Peaks of memory: what of them is a step's, and what is of the whole life of a process."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import pytest

from probes.worker import Worker


class Program:
    """A built program; XLA's plan of it, where it has one, is *planned*."""

    def __init__(self, planned: int | None) -> None:
        if planned is not None:
            self.planned_bytes = lambda: planned

    def counters(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("on_device", "planned", "peak"),
    [
        # A peak that cannot be reset counts what was there before, and compiling.
        (90, 10, 10),
        # PyTorch's is reset; nothing is planned.
        (90, None, 90),
        # On the CPU it is the process's own, on both sides.
        (None, 10, 70),
    ],
)
def test_the_peak_of_a_step_is_what_was_planned_where_no_peak_is_reset(
    monkeypatch, on_device, planned, peak
):
    monkeypatch.setattr("probes.worker.host.peak_memory_bytes", lambda: 70)
    worker = Worker(argparse.Namespace(framework="jax"))
    worker._programs["k"] = Program(planned)
    worker._runtime = SimpleNamespace(peak_memory_bytes=lambda: on_device)
    assert worker.finish({"key": "k"})["peak_memory_bytes"] == peak
