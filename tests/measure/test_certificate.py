"""The certificate of a comparison: what was checked, and what is said where nothing could be."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from advisor.evidence import Comparison, Gate
from advisor.measure import gates
from advisor.render.evidence_words import gate_name
from advisor.render.wording import has
from tests.fakes import kit


def certificate(compared: Comparison) -> dict[str, Gate]:
    return {line.id: line for line in compared.certificate}


@pytest.mark.parametrize(
    "gate_id", sorted({*gates.COMPARISON_GATES, *gates.BLOCK_GATES, gates.WARM_CACHE})
)
def test_every_gate_has_a_positive_name(gate_id):
    """A passed line reads "NAME: held": the id names what went wrong and will not do."""
    assert has(f"gate.{gate_id}.name")
    assert not re.search(r"fail|differ|impossible|others|captured", gate_name(gate_id))


@pytest.mark.parametrize("gate_id", gates.COMPARISON_GATES)
def test_every_gate_of_a_comparison_has_a_way_out_and_says_why_it_failed(gate_id):
    assert has(f"gate.{gate_id}.way_out")
    assert has(f"gate.{gate_id}.failed")


def test_every_line_of_a_certificate_is_in_words(script):
    [compared] = kit.run(script).probes[0].comparisons
    assert {*certificate(compared)} <= {*gates.COMPARISON_GATES}
    assert all(line.text for line in compared.certificate)


def test_more_bytes_per_second_than_any_copy_are_refused(script):
    script.frameworks["jax"] = {"peak": {"bytes_per_s": 1e9}}
    script.frameworks["pytorch"] = {"peak": {"bytes_per_s": 1e9}}
    moved = kit.item(bytes_moved=1e7, flops=None)
    [probe] = kit.run(script, kit.plan(moved)).probes
    [compared] = probe.comparisons
    assert compared.verdict == "invalid"
    assert compared.reason.id == "impossible-bandwidth"
    assert "GB/s" in compared.reason.text
    assert compared.reason.hint
    honest = kit.item(bytes_moved=1e5, flops=None)
    [probe] = kit.run(script, kit.plan(honest)).probes
    [compared] = probe.comparisons
    assert certificate(compared)["impossible-bandwidth"].status == "passed"
    assert compared.verdict != "invalid"


def test_work_that_is_not_counted_is_said_to_be_unchecked(script):
    [probe] = kit.run(script, kit.plan(kit.item(flops=None))).probes
    [compared] = probe.comparisons
    assert certificate(compared)["impossible-rate"].status == "unknown"
    assert compared.verdict != "invalid"


class BlindMeter(kit.Meter):
    """A system that does not tell what others use."""

    share = None


def test_a_system_that_tells_nothing_is_not_called_quiet(script):
    [probe] = kit.run(script, meter=BlindMeter).probes
    [compared] = probe.comparisons
    line = certificate(compared)["others-were-busy"]
    assert line.status == "unknown"
    assert "does not tell" in line.text


def test_defaults_may_differ_in_threads_and_precision(script):
    """What nobody sets differs: that is why defaults are shown, and why they never decide."""
    script.frameworks["pytorch"] = {
        "hello": {"threads": 1},
        "precision": {"max_relative_error": 3e-5},
    }
    matched = kit.run(script, kit.plan()).probes[0].comparisons[0]
    assert matched.verdict == "invalid"
    plain = kit.plan(settings="default")
    default = kit.run(script, plain).probes[0].comparisons[0]
    assert default.time_ratio is not None


def on_cuda():
    made = kit.plan()
    return replace(made, series=tuple(replace(s, device="cuda") for s in made.series))


def compared(script, monkeypatch, *, guests=0, torch="cuda", jax="cuda"):
    for framework, kind in (("pytorch", torch), ("jax", jax)):
        device = {"device": f"{kind}:0", "kind": kind, "name": f"A {kind} device"}
        script.frameworks[framework] = {"hello": {"devices": [device]}}
    answers = iter(guests if isinstance(guests, list) else [guests, guests])
    monkeypatch.setattr("advisor.measure.run.foreign_processes", lambda gpu: next(answers))
    monkeypatch.setattr("advisor.measure.run.measured_gpu", lambda index, environ: None)
    return kit.run(script, on_cuda()).probes[0].comparisons[0]


def test_the_same_device_and_nobody_else_is_fair(script, monkeypatch):
    found = compared(script, monkeypatch)
    lines = {line.id: line.status for line in found.certificate}
    assert lines["devices-differ"] == lines["others-on-the-device"] == "passed"
    assert found.verdict != "invalid"


def test_two_kinds_of_device_are_never_compared(script, monkeypatch):
    found = compared(script, monkeypatch, torch="xpu")
    assert (found.verdict, found.reason.id) == ("invalid", "devices-differ")
    assert "A xpu device and A cuda device" in found.reason.text
    assert "--device" in found.reason.hint


@pytest.mark.parametrize("guests", [[0, 2], [1, 0], [None, 1]])
def test_a_device_that_others_used_before_or_after_gives_no_ratio(script, monkeypatch, guests):
    found = compared(script, monkeypatch, guests=guests)
    assert (found.verdict, found.reason.id) == ("invalid", "others-on-the-device")


def test_a_driver_that_tells_nothing_is_no_proof(script, monkeypatch):
    found = compared(script, monkeypatch, guests=None)
    lines = {line.id: line.status for line in found.certificate}
    assert lines["others-on-the-device"] == "unknown"


def test_a_cpu_has_no_such_lines(script):
    found = kit.run(script).probes[0].comparisons[0]
    assert not {"devices-differ", "others-on-the-device"} & {line.id for line in found.certificate}
