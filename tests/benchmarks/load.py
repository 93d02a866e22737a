"""A load of somebody else's: bursts on random cores with a given duty, or all of the time.

``python -m tests.benchmarks.load --duty 0.1 --seconds 60`` makes one by hand, and
``python -m tests.benchmarks.load --steady`` uses every core until it is stopped. Each process ends
with its parent.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from advisor.measure.cpus import usable_cpus

SHORTEST_S, LONGEST_S = 0.05, 0.4
"""Of a burst: a browser that draws a page, a file that an editor indexes."""


def pauses_and_bursts(duty: float, seed: str) -> Iterator[tuple[float, float]]:
    """Pauses and bursts in seconds, without end; the bursts take *duty* of the time on average.

    Bursts are even between the shortest and the longest, pauses exponential: others come and go
    without a rhythm that could fall in step with blocks.
    """
    chance = random.Random(seed)
    usual_s = (SHORTEST_S + LONGEST_S) / 2 * (1 - duty) / duty
    while True:
        yield chance.expovariate(1 / usual_s), chance.uniform(SHORTEST_S, LONGEST_S)


def burn(seconds: float) -> None:
    """Keep a core busy."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _bursts(duty: float, cpus: Sequence[int], seed: str) -> None:
    """One process of the load: every burst is on a core of its own choice."""
    parent, chance = os.getppid(), random.Random(seed)
    for pause_s, burst_s in pauses_and_bursts(duty, seed):
        time.sleep(pause_s)
        if os.getppid() != parent:
            return
        os.sched_setaffinity(0, {chance.choice(list(cpus))})
        burn(burst_s)


def _steady(cpu: int) -> None:
    parent = os.getppid()
    os.sched_setaffinity(0, {cpu})
    while os.getppid() == parent:
        burn(0.5)


@contextlib.contextmanager
def bursts(duty: float, *, seed: int = 0) -> Iterator[None]:
    """A load that uses *duty* of all cores together, one process per core."""
    cpus = usable_cpus()
    with _processes(_bursts, [(duty, cpus, f"{seed}/{n}") for n in range(len(cpus))]):
        yield


@contextlib.contextmanager
def steady() -> Iterator[None]:
    """A load that uses every core, all of the time."""
    with _processes(_steady, [(cpu,) for cpu in usable_cpus()]):
        yield


@contextlib.contextmanager
def once(seconds: float, *, after_s: float) -> Iterator[None]:
    """Every core used for some *seconds*, from *after_s* on."""
    with _processes(_later, [(after_s, seconds, cpu) for cpu in usable_cpus()], warm_s=0.0):
        yield


def _later(after_s: float, seconds: float, cpu: int) -> None:
    time.sleep(after_s)
    os.sched_setaffinity(0, {cpu})
    burn(seconds)


@contextlib.contextmanager
def _processes(
    target: Callable[..., None], arguments: Sequence[tuple[Any, ...]], *, warm_s: float = 1.0
) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target, args=args, daemon=True) for args in arguments]
    for process in processes:
        process.start()
    try:
        time.sleep(warm_s)
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def main() -> None:
    """Make a load by hand."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load")
    parser.add_argument("--duty", type=float, default=0.10, help="share of all cores, 0 to 1")
    parser.add_argument("--steady", action="store_true", help="every core, all of the time")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with steady() if options.steady else bursts(options.duty):
        time.sleep(options.seconds)


if __name__ == "__main__":
    main()
