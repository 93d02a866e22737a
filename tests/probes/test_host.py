"""What the operating system says of a process, read from texts of the test's own."""

from __future__ import annotations

import math

from probes import host


def system(monkeypatch, *, clocks, threads=(), allowed=(0, 1)):
    """CPUs with these clocks (kHz), and threads as (CPU time in ns, CPU)."""
    texts = {
        f"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq": f"{khz}\n"
        for cpu, khz in clocks.items()
    }
    for n, (time_ns, cpu) in enumerate(threads):
        texts[f"/proc/self/task/{n}/schedstat"] = f"{time_ns} 0 1\n"
        texts[f"/proc/self/task/{n}/stat"] = f"{n} (a (name) R) S " + "0 " * 35 + f"{cpu} 0 0\n"
    monkeypatch.setattr(host, "affinity", lambda: list(allowed))
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "_read", texts.get)
    monkeypatch.setattr(host.os, "listdir", lambda _: [str(n) for n in range(len(threads))])


def test_the_clock_is_that_of_the_cpus_that_worked(monkeypatch):
    """An idle CPU beside the one that computes reads low, and says nothing of the work."""
    clocks = {0: 553_000, 1: 4_000_000}
    system(monkeypatch, clocks=clocks, threads=[(0, 0), (5_000, 1)])
    before = host.task_times()
    system(monkeypatch, clocks=clocks, threads=[(0, 0), (905_000, 1)])
    assert host.clock_hz(before) == 4.0e9
    system(monkeypatch, clocks=clocks, threads=[(300_000, 0), (905_000, 1)])
    assert host.clock_hz(before) == (0.553e9 * 300 + 4.0e9 * 900) / 1200


def test_without_threads_the_highest_clock_is_told_and_without_cpufreq_none(monkeypatch):
    system(monkeypatch, clocks={0: 553_000, 1: 2_400_000})
    assert host.clock_hz() == 2.4e9
    system(monkeypatch, clocks={}, threads=[(1000, 0)])
    assert host.clock_hz({}) is None


def test_stolen_time_is_that_of_the_cpus_in_use(monkeypatch):
    stat = "cpu 0 0 0 0 0 0 0 900 0 0\ncpu0 0 0 0 0 0 0 0 800 0 0\ncpu1 0 0 0 0 0 0 0 100 0 0\n"
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "affinity", lambda: [1])
    monkeypatch.setattr(host, "_read", lambda path: stat)
    assert math.isclose(host._steal_s() or 0, 1.0)
