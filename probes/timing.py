"""The clock: how long a sample must be, when a program is steady, and one block of samples.

A *sample* is `calls` dependent calls followed by one wait for their whole result, divided by
`calls`. A *block* is one short stretch of samples. Nothing is trimmed here: what a block means
is decided by the driver, from the counters that stand beside it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, Protocol

from probes import host

SAMPLE_FLOOR_S = 0.0005
MAX_CALLS = 1 << 14
WINDOW_S = 0.03
# A block's first stretch refills caches that the other framework has emptied.
DISCARD_SHARE = 0.15
DISCARD_CALLS = 2


class Program(Protocol):
    """One mode of one workload, ready to be called."""

    def call(self) -> Any:
        """Run once, from the state that the last call left; returns without waiting."""

    def wait(self, result: Any) -> None:
        """Return when *result*, the whole of it, is computed."""

    def compile_events(self) -> int:
        """How many compilations have happened in this process so far."""


def timed_call(program: Program) -> float:
    """Seconds of one call, waited for."""
    start = time.perf_counter_ns()
    program.wait(program.call())
    return (time.perf_counter_ns() - start) / 1e9


def sample(program: Program, calls: int) -> float:
    """Seconds per call of one sample."""
    call = program.call
    result = None
    start = time.perf_counter_ns()
    for _ in range(calls):
        result = call()
    program.wait(result)
    return (time.perf_counter_ns() - start) / 1e9 / calls


def shortest_call_s(call: Callable[[], Any], wait: Callable[[Any], None], seconds: float) -> float:
    """Seconds of the fastest call within *seconds*; short ones in a row, waited for once."""
    wait(call())
    start = time.perf_counter()
    wait(call())
    first_s = time.perf_counter() - start
    # Back to back, so that a device is not idle between the calls.
    row = max(1, min(64, int(0.005 / max(first_s, 1e-9))))
    best_s, rounds = first_s, 0
    deadline = time.perf_counter() + seconds
    while rounds < 3 or time.perf_counter() < deadline:
        start = time.perf_counter()
        for _ in range(row):
            result = call()
        wait(result)
        best_s = min(best_s, (time.perf_counter() - start) / row)
        rounds += 1
    return best_s


def clock_overhead_s() -> float:
    """Median cost of reading the clock twice, over 1000 readings."""
    readings = []
    for _ in range(1000):
        start = time.perf_counter_ns()
        readings.append(time.perf_counter_ns() - start)
    return sorted(readings)[500] / 1e9


def calls_per_sample(program: Program, per_call_s: float) -> int:
    """How many calls make a sample long against the clock and the final wait.

    At least 1000 clock readings, 100 empty waits and `SAMPLE_FLOOR_S`; a power of two.
    """
    last = program.call()
    program.wait(last)
    start = time.perf_counter_ns()
    for _ in range(20):
        program.wait(last)
    wait_s = (time.perf_counter_ns() - start) / 20e9
    floor_s = max(1000 * clock_overhead_s(), 100 * wait_s, SAMPLE_FLOOR_S)
    calls = 1
    while calls * per_call_s < floor_s and calls < MAX_CALLS:
        calls *= 2
    return calls


def warm_up(program: Program, min_s: float, max_s: float) -> dict[str, Any]:
    """Call until steady: three successive windows within 5 % of each other and no compilation.

    A window is three to eight calls, as many as fit into `WINDOW_S`, or fewer where a call is so
    long that three windows would not fit into *max_s*; three windows are always seen, so that slow
    steps can be steady too.

    Returns ``{per_call_s, calls, steady, wall_s}``; `steady` is False where *max_s* came first.
    """
    start = time.perf_counter()
    call_s = timed_call(program)
    window = max(3, min(8, int(WINDOW_S / call_s)))
    window = max(1, min(window, int(max_s / (4 * call_s))))
    medians: list[float] = []
    steady = False
    while True:
        events = program.compile_events()
        times = sorted(timed_call(program) for _ in range(window))
        medians.append(times[window // 2])
        elapsed = time.perf_counter() - start
        if len(medians) < 3:
            continue
        if program.compile_events() == events:
            a, b, c = medians[-3:]
            steady = abs(b / a - 1) < 0.05 and abs(c / b - 1) < 0.05
        if (steady and elapsed >= min_s) or elapsed >= max_s:
            break
    per_call_s = medians[-1]
    return {
        "per_call_s": per_call_s,
        "calls": calls_per_sample(program, per_call_s),
        "steady": steady,
        "wall_s": time.perf_counter() - start,
    }


def block(
    program: Program,
    seconds: float,
    calls: int,
    min_samples: int = 5,
    max_samples: int = 4000,
    *,
    discard: int = DISCARD_CALLS,
) -> dict[str, Any]:
    """Samples for *seconds* (and at least *min_samples*), after a head that is thrown away.

    The head is a share of *seconds*, and at least *discard* samples.

    Returns ``{samples_s, calls_per_sample, wall_s, compile_events, ...counters}`` where the
    counters of `probes.host` cover the kept samples only.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        _discard_head(program, seconds, calls, discard)
        events = program.compile_events()
        samples: list[float] = []
        before, tasks = host.reading(), host.task_times()
        start = time.perf_counter()
        deadline = start + seconds
        while len(samples) < max_samples:
            samples.append(sample(program, calls))
            if len(samples) >= min_samples and time.perf_counter() >= deadline:
                break
        wall_s = time.perf_counter() - start
        counters = host.difference(before, host.reading())
        clock_hz = host.clock_hz(tasks)
    finally:
        if was_enabled:
            gc.enable()
    return {
        "samples_s": [round(s, 10) for s in samples],
        "calls_per_sample": calls,
        "wall_s": wall_s,
        "compile_events": program.compile_events() - events,
        "clock_hz": clock_hz,
        **counters,
    }


def waited_calls(program: Program, seconds: float, least: int = 100) -> list[float]:
    """Seconds of single calls, each waited for, for *seconds* and at least *least* of them.

    What one caller waits for one answer; calls in a row, as `sample` takes them, hide the wait.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        _discard_head(program, seconds, 1)
        found: list[float] = []
        deadline = time.perf_counter() + seconds
        while len(found) < least or time.perf_counter() < deadline:
            found.append(round(timed_call(program), 10))
        return found
    finally:
        if was_enabled:
            gc.enable()


def _discard_head(program: Program, seconds: float, calls: int, least: int = DISCARD_CALLS) -> None:
    deadline = time.perf_counter() + DISCARD_SHARE * seconds
    done = 0
    while done < least or time.perf_counter() < deadline:
        sample(program, min(calls, 64))
        done += 1


def spin(seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
    """Keep the core busy for *seconds*; the delay that the self-test plants."""
    deadline = clock() + seconds
    while clock() < deadline:
        pass
