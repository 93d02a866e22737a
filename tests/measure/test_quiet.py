"""How much others use: read from a /proc of the test's own, with a clock of its own.

And who else is on an accelerator, as its driver says.
"""

from __future__ import annotations

import os

import pytest

from advisor.measure import quiet
from advisor.measure.progress import Progress
from advisor.measure.quiet import (
    CpuMeter,
    ask_driver,
    foreign_processes,
    measured_gpu,
    wait_until_quiet,
)
from advisor.render.evidence_words import progress_words
from tests.fakes.kit import Meter

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Machine:
    """Two CPUs; `pass_time` says how long each was idle and what process 7 used."""

    def __init__(self, root, monkeypatch) -> None:
        self.root, self.now_s = root, 1000.0
        self.idle_s, self.own_s = [500.0, 500.0], 0.0
        monkeypatch.setattr(quiet.time, "monotonic", lambda: self.now_s)
        (root / "7" / "task" / "7").mkdir(parents=True)
        self.write()

    def write(self) -> None:
        rows = [f"cpu{i} 5 0 5 {round(s / TICK_S)} 0 0 0 9 0 0" for i, s in enumerate(self.idle_s)]
        (self.root / "stat").write_text("\n".join(["cpu 0 0 0 0 0 0 0 0 0 0", *rows]), "ascii")
        text = f"{round(self.own_s * 1e9)} 0 1"
        (self.root / "7" / "task" / "7" / "schedstat").write_text(text, "ascii")

    def pass_time(self, seconds: float, idle: tuple[float, float], own_s: float) -> None:
        self.now_s += seconds
        self.idle_s = [a + b for a, b in zip(self.idle_s, idle, strict=True)]
        self.own_s += own_s
        self.write()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def share(machine: Machine, cpus, idle, own_s) -> float | None:
    meter = CpuMeter(cpus, lambda: [7], machine.root)
    before = meter.read()
    machine.pass_time(10.0, idle, own_s)
    return meter.foreign_share(before, meter.read())


def test_an_idle_machine_has_no_others(machine):
    assert share(machine, (0, 1), (10.0, 10.0), 0.0) == pytest.approx(0.0, abs=0.01)


def test_what_we_use_ourselves_is_not_others(machine):
    assert share(machine, (0, 1), (0.0, 10.0), 10.0) == pytest.approx(0.0, abs=0.01)


def test_one_busy_neighbour_on_two_cpus_is_half(machine):
    assert share(machine, (0, 1), (0.0, 10.0), 0.0) == pytest.approx(0.5, abs=0.01)


def test_both_at_once_are_told_apart(machine):
    assert share(machine, (0, 1), (0.0, 0.0), 15.0) == pytest.approx(0.25, abs=0.01)


def test_only_the_allowed_cpus_count(machine):
    assert share(machine, (1,), (0.0, 10.0), 0.0) == pytest.approx(0.0, abs=0.01)
    assert share(machine, (0,), (0.0, 10.0), 0.0) == pytest.approx(1.0, abs=0.01)


def test_where_nothing_is_told_nothing_is_known(tmp_path):
    meter = CpuMeter((0,), list, tmp_path / "absent")
    assert meter.read() is None
    assert meter.foreign_share(None, None) is None


def test_counters_that_are_all_zero_tell_nothing(machine):
    rows = [f"cpu{i} 0 0 0 0 0 0 0 0 0 0" for i in range(2)]
    (machine.root / "stat").write_text("\n".join(rows), "ascii")
    assert CpuMeter((0, 1), list, machine.root).read() is None


def test_rows_that_are_numbered_otherwise_tell_nothing(machine):
    """A system container shows rows 0 and 1 for the CPUs 6 and 7 that it may use."""
    assert CpuMeter((6, 7), list, machine.root).read() is None
    assert CpuMeter((1, 2), list, machine.root).read() is None


def test_counters_that_do_not_see_our_own_work_are_of_other_cpus(machine):
    assert share(machine, (0, 1), (10.0, 10.0), 15.0) is None


class Ticks:
    """What was announced, by stage."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, object]]] = []

    def __call__(self, stage: str, /, **values: object) -> None:
        self.seen.append((stage, values))


def test_a_quiet_machine_is_not_waited_for():
    ticks = Ticks()
    assert wait_until_quiet(Meter((), list), limit_s=60, window_s=0.0, tick=ticks) == 0.0
    assert ticks.seen == []


def test_a_busy_machine_is_waited_for_until_it_is_quiet_and_that_is_said_once():
    class Calming(Meter):
        shares = iter([0.9, 0.5, 0.2, 0.05])

        def foreign_share(self, before, after):
            return next(self.shares)

    ticks = Ticks()
    assert wait_until_quiet(Calming((), list), limit_s=60, window_s=0.0, tick=ticks) == 0.05
    assert ticks.seen == [("waiting-for-quiet", {"share": 0.9, "limit_s": 60})]
    stage, values = ticks.seen[0]
    told = progress_words(Progress(0.0, 0.0, stage, values))
    assert told == "other processes use 90 % of the CPUs; waiting up to 60 s"


def test_the_wait_is_bounded():
    class Busy(Meter):
        share = 0.7

    assert wait_until_quiet(Busy((), list), limit_s=0.0, window_s=0.0, tick=Ticks()) == 0.7


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("", 0),
        ("41\n41\n77\n", 2),
        ("[N/A]\n", None),
        ("No devices were found", None),
        (None, None),
    ],
)
def test_processes_are_counted_from_what_the_driver_says(answer, count):
    assert foreign_processes(ask=lambda: answer) == count


def test_our_own_processes_do_not_count():
    assert foreign_processes({41}, ask=lambda: "41\n77\n") == 1


BUSY_GPUS = "41, GPU-aa\n77, GPU-bb\n41, GPU-bb\n"


@pytest.mark.parametrize(("gpu", "count"), [("GPU-aa", 1), ("GPU-bb", 2), ("GPU-c", 0), (None, 2)])
def test_only_who_is_on_the_measured_device_counts(gpu, count):
    assert foreign_processes(ask=lambda: BUSY_GPUS, gpu=gpu) == count


GPUS = "0, GPU-aa11, A\n1, GPU-bb22, A\n"
MIXED = "0, GPU-aa11, A\n1, GPU-bb22, B\n"


@pytest.mark.parametrize(
    ("listed", "index", "environ", "uuid"),
    [
        (GPUS, 1, {}, "GPU-bb22"),
        (GPUS, 0, {"CUDA_VISIBLE_DEVICES": "1"}, "GPU-bb22"),
        (GPUS, 0, {"CUDA_VISIBLE_DEVICES": "GPU-aa"}, "GPU-aa11"),
        (GPUS, 1, {"CUDA_VISIBLE_DEVICES": "1"}, None),
        (GPUS, 0, {"CUDA_VISIBLE_DEVICES": ""}, None),
        # CUDA counts the fastest first, the driver by the bus.
        (MIXED, 0, {}, None),
        (MIXED, 0, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "GPU-aa11"),
        ("No devices were found", 0, {}, None),
        (None, 0, {}, None),
    ],
)
def test_the_measured_device_is_named_as_the_driver_names_it(listed, index, environ, uuid):
    assert measured_gpu(index, environ, ask=lambda _: listed) == uuid


def test_a_driver_command_that_is_missing_hangs_or_fails_tells_nothing(monkeypatch):
    monkeypatch.setattr("advisor.measure.quiet._DRIVER_LIMIT_S", 0.2)
    assert ask_driver(("no-such-command",)) is None
    assert ask_driver(("sleep", "5")) is None
    assert ask_driver(("false",)) is None
    assert ask_driver(("echo", "41")) == "41\n"
