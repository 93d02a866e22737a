"""A framework that brings its process down costs the test that asked, and is named."""

from __future__ import annotations

import os
import signal

import pytest

from tests.probes.workers import RealWorker, WorkerDiedError, receive_all


def _ask_and_end(worker: RealWorker, ending: int) -> None:
    """Ask *worker* for something and end it before it answers."""
    os.kill(worker.pid, signal.SIGSTOP)
    worker.send("build", key="k", mode="numpy.a")
    os.kill(worker.pid, ending)
    os.kill(worker.pid, signal.SIGCONT)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT"])
def test_a_worker_that_dies_is_named_with_its_signal_and_the_next_question_finds_a_new_one(
    name: str,
) -> None:
    worker = RealWorker("numpy")
    try:
        worker.ask("hello")
        first = worker.pid
        _ask_and_end(worker, getattr(signal, name))
        with pytest.raises(WorkerDiedError, match=f"the numpy worker was ended by signal {name}"):
            worker.receive()
        assert worker.ask("build", key="k", mode="numpy.a")["build_s"] >= 0
        assert worker.pid != first
    finally:
        worker.close()


def test_the_other_workers_answer_is_taken_before_a_death_is_told() -> None:
    workers = {name: RealWorker("numpy") for name in ("a", "b")}
    try:
        for worker in workers.values():
            worker.ask("hello")
        _ask_and_end(workers["a"], signal.SIGSEGV)
        workers["b"].send("build", key="k", mode="numpy.a")
        with pytest.raises(WorkerDiedError):
            receive_all(workers)
        assert "build_s" not in workers["b"].ask("drop", key="k")
    finally:
        for worker in workers.values():
            worker.close()
