"""What the operating system says of a process, read from texts of the test's own."""

from __future__ import annotations

import math

from probes import host


def test_the_clock_of_the_cpus_is_read_where_the_system_has_it(monkeypatch):
    texts = {0: "3000000\n", 1: "2400000\n"}
    monkeypatch.setattr(host, "affinity", lambda: [0, 1])
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "_read", lambda path: texts[int(path.split("/cpu")[2][0])])
    assert host.clock_hz() == 2.4e9
    monkeypatch.setattr(host, "_read", lambda path: None)
    assert host.clock_hz() is None


def test_stolen_time_is_that_of_the_cpus_in_use(monkeypatch):
    stat = "cpu 0 0 0 0 0 0 0 900 0 0\ncpu0 0 0 0 0 0 0 0 800 0 0\ncpu1 0 0 0 0 0 0 0 100 0 0\n"
    monkeypatch.setattr(host, "_LINUX", True)
    monkeypatch.setattr(host, "affinity", lambda: [1])
    monkeypatch.setattr(host, "_read", lambda path: stat)
    assert math.isclose(host._steal_s() or 0, 1.0)
