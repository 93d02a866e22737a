"""On an accelerator both sides must have computed on the same kind of it, and alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.measure.device_quiet import ask_driver, foreign_processes
from tests.fakes import kit


def on_cuda():
    made = kit.plan()
    return replace(made, series=tuple(replace(s, device="cuda") for s in made.series))


def compared(script, monkeypatch, *, guests=0, torch="cuda", jax="cuda"):
    for framework, kind in (("pytorch", torch), ("jax", jax)):
        device = {"device": f"{kind}:0", "kind": kind, "name": f"A {kind} device"}
        script.frameworks[framework] = {"hello": {"devices": [device]}}
    answers = iter(guests if isinstance(guests, list) else [guests, guests])
    monkeypatch.setattr("advisor.measure.run.foreign_processes", lambda: next(answers))
    return kit.run(script, on_cuda()).probes[0]["comparisons"][0]


def test_the_same_device_and_nobody_else_is_fair(script, monkeypatch):
    found = compared(script, monkeypatch)
    lines = {line["id"]: line["status"] for line in found["certificate"]}
    assert lines["devices-differ"] == lines["others-on-the-device"] == "passed"
    assert found["verdict"] != "invalid"


def test_two_kinds_of_device_are_never_compared(script, monkeypatch):
    found = compared(script, monkeypatch, torch="xpu")
    assert (found["verdict"], found["reason"]["id"]) == ("invalid", "devices-differ")
    assert "A xpu device and A cuda device" in found["reason"]["text"]
    assert "--device" in found["reason"]["hint"]


@pytest.mark.parametrize("guests", [[0, 2], [1, 0], [None, 1]])
def test_a_device_that_others_used_before_or_after_gives_no_ratio(script, monkeypatch, guests):
    found = compared(script, monkeypatch, guests=guests)
    assert (found["verdict"], found["reason"]["id"]) == ("invalid", "others-on-the-device")


def test_a_driver_that_tells_nothing_is_no_proof(script, monkeypatch):
    found = compared(script, monkeypatch, guests=None)
    lines = {line["id"]: line["status"] for line in found["certificate"]}
    assert lines["others-on-the-device"] == "unknown"


def test_a_cpu_has_no_such_lines(script):
    found = kit.run(script).probes[0]["comparisons"][0]
    assert not {"devices-differ", "others-on-the-device"} & {
        line["id"] for line in found["certificate"]
    }


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


def test_a_driver_command_that_is_missing_hangs_or_fails_tells_nothing(monkeypatch):
    monkeypatch.setattr("advisor.measure.device_quiet._LIMIT_S", 0.2)
    assert ask_driver(("no-such-command",)) is None
    assert ask_driver(("sleep", "5")) is None
    assert ask_driver(("false",)) is None
    assert ask_driver(("echo", "41")) == "41\n"
