"""``probe --devices``: what it needs, what it refuses, and that every refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.cli.scaling import (
    device_lines,
    offer_lines,
    parse_beyond,
    refuse_apart,
    refuse_beside,
)
from advisor.errors import UserError

NOTHING = {"--only": None, "--list": False, "--workload": []}


def test_a_model_alone_is_what_it_takes():
    refuse_beside(models=["mlp:{}"], beside=NOTHING)


def test_without_a_model_it_says_how_to_name_one():
    with pytest.raises(UserError, match="no model is named") as caught:
        refuse_beside(models=[], beside=NOTHING)
    assert "fw-advisor probe --model decoder --devices 2" in caught.value.hint


@pytest.mark.parametrize(
    ("option", "value"), [("--only", ["mlp_train"]), ("--list", True), ("--workload", [Path("x")])]
)
def test_what_asks_for_something_else_is_named(option, value):
    with pytest.raises(UserError, match=f"{option} and --devices"):
        refuse_beside(models=["mlp:{}"], beside={**NOTHING, option: value})


@pytest.mark.parametrize(
    ("given", "option"),
    [({"models": ["mlp:{}"]}, "--model"), ({"devices": 2}, "--devices"), ({}, "--only")],
)
def test_training_to_an_accuracy_is_a_run_of_its_own(given, option):
    beside = NOTHING if given else {**NOTHING, "--only": ["matmul"]}
    asked = {"models": [], "devices": None, **given}
    with pytest.raises(UserError, match=f"{option} and --time-to-accuracy") as caught:
        refuse_apart(time_to_accuracy=True, beside=beside, **asked)
    assert caught.value.hint


def test_training_to_an_accuracy_alone_is_asked_for():
    refuse_apart(models=[], devices=None, time_to_accuracy=True, beside=NOTHING)


@pytest.mark.parametrize(
    ("text", "bandwidth", "latency_s"),
    [
        ("50GB/s,5us", 50e9, 5e-6),
        ("400Gbit/s,0us", 50e9, 0.0),
        ("1 GiB/s, 1ms", 2.0**30, 1e-3),
    ],
)
def test_a_link_is_a_bandwidth_and_a_latency(text, bandwidth, latency_s):
    (link,) = parse_beyond([text], [4], 2).links
    assert link.bandwidth_bytes_per_s == pytest.approx(bandwidth)
    assert link.latency_s == pytest.approx(latency_s)


@pytest.mark.parametrize(
    "text",
    [
        "0.01Mbit/s,1us",
        "50GB/s,2s",
        "50GB/s",
        "50,5us",
        "0GB/s,5us",
        "fast",
        "1..2GB/s,1us",
        "1GB/s,9",
    ],
)
def test_a_link_that_is_not_stated_in_full_is_refused_and_nothing_is_assumed(text):
    with pytest.raises(UserError, match="nothing is assumed for either") as caught:
        parse_beyond([text], [4], 2)
    assert "50GB/s,5us" in caught.value.hint


@pytest.mark.parametrize(
    ("links", "counts", "devices"),
    [(["1GB/s,1us"], [], 2), ([], [8], 2), (["1GB/s,1us"], [8], None)],
)
def test_a_projection_needs_a_link_and_numbers_of_devices(links, counts, devices):
    with pytest.raises(UserError, match="--link and --project"):
        parse_beyond(links, counts, devices)


@pytest.mark.parametrize(("count", "instead"), [(2, 4), (7, 6), (1, 4), (1 << 30, 1 << 16)])
def test_devices_that_are_no_several_machines_are_refused(count, instead):
    with pytest.raises(UserError, match="several whole ones") as caught:
        parse_beyond(["1GB/s,1us"], [count], 2)
    assert f"--project {instead}" in caught.value.hint


def test_without_either_nothing_is_projected():
    assert not parse_beyond([], [], None).links
    assert parse_beyond(["1GB/s,1us"], [8, 4, 8], 2).devices == (4, 8)


@pytest.mark.parametrize(
    ("hardware", "here", "said", "command"),
    [
        ("nvidia_multi", [("nvidia", 4), ("nvidia", 4)], "has 8 such devices", "gpu --devices 8"),
        ("nvidia_cluster", [("nvidia", 2)], "has 2 such devices", "gpu --devices 2"),
        ("tpu_pod", [("tpu", 4)], "has 4 such devices", "tpu --devices 4"),
        ("nvidia_multi", [("nvidia", 1)], "has one such device", "gpu --devices N"),
        ("tpu_pod", [("nvidia", 8)], "has no such device", "tpu --devices N"),
        ("nvidia_cluster", [], "has no such device", "gpu --devices N"),
    ],
)
def test_an_interview_proposes_scaling_only_where_there_are_devices(hardware, here, said, command):
    lines = offer_lines(hardware, "decoder", here)
    assert said in lines[0]
    assert lines[1] == f"$ fw-advisor probe --model decoder --device {command}"


def test_hardware_of_one_device_is_offered_nothing():
    assert offer_lines("nvidia", "decoder", [("nvidia", 8)]) == []
    assert offer_lines("cpu", None, []) == []


def test_after_one_of_several_was_measured_the_others_are_named():
    assert "--device cuda --devices 8" in device_lines("cuda:0", [("nvidia", 8)])[0]
    for device, here in (("cuda", [("nvidia", 1)]), ("cpu", [("nvidia", 8)]), ("tpu", [])):
        assert device_lines(device, here) == []
