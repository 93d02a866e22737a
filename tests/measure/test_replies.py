"""Every number of a worker is checked where it comes in."""

from __future__ import annotations

import math

import pytest

from advisor.workers.replies import (
    ReplyError,
    check_block,
    check_build,
    check_facts,
    check_finish,
    check_hello,
    check_warm,
)

BLOCK = {"ok": True, "samples_s": [1e-3, 2e-3], "wall_s": 0.02, "cpu_s": None, "steal_s": 0}
BUILD = {"first_calls_s": [0.1, 0.2], "build_s": 1, "variant": "x", "counters": {"graphs": 1}}


def test_good_answers_pass_as_they_are():
    assert check_block(BLOCK).samples_s == [1e-3, 2e-3]
    assert check_block(BLOCK).run_delay_s is None
    assert check_build(BUILD).counters == {"graphs": 1}
    assert check_warm({"calls": 8, "steady": True}) == (True, 8, 0.0)
    assert check_warm({"calls": 8, "steady": True, "per_call_s": 0.5}) == (True, 8, 0.5)
    assert check_finish({"counters": {}, "peak_memory_bytes": None}) == ({}, None)
    assert check_finish({"counters": {}, "peak_memory_bytes": 64 << 30}) == ({}, 64 << 30)
    assert check_facts({"flops_per_s": 2e14}, "flops_per_s") == {"flops_per_s": 2e14}
    assert check_hello({"pid": 7, "threads": None}).pid == 7


WRONG = [math.nan, math.inf, -1e-9, True, "1", [1.0], {}, 1e300]


@pytest.mark.parametrize("value", [*WRONG, None])
def test_samples_are_positive_numbers(value):
    with pytest.raises(ReplyError):
        check_block({**BLOCK, "samples_s": [1e-3, value]})


@pytest.mark.parametrize("samples", [[], None, "fast", {}, [0.0], [1e-3, 0]])
def test_a_block_holds_samples(samples):
    with pytest.raises(ReplyError):
        check_block({**BLOCK, "samples_s": samples})


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("key", ["wall_s", "cpu_s", "run_delay_s", "steal_s", "compile_events"])
def test_counters_are_numbers(key, value):
    with pytest.raises(ReplyError):
        check_block({**BLOCK, key: value})


def test_a_block_needs_its_wall_time():
    with pytest.raises(ReplyError):
        check_block({k: v for k, v in BLOCK.items() if k != "wall_s"})


@pytest.mark.parametrize("value", [*WRONG, None])
def test_first_calls_facts_and_peaks_are_numbers(value):
    with pytest.raises(ReplyError):
        check_build({**BUILD, "first_calls_s": [value]})
    with pytest.raises(ReplyError):
        check_facts({"max_relative_error": value}, "max_relative_error")
    if value is not None:
        with pytest.raises(ReplyError):
            check_finish({"peak_memory_bytes": value})


@pytest.mark.parametrize("calls", [0, -1, 1.5, "8", None, True, 1 << 40])
def test_calls_per_sample_are_a_count(calls):
    with pytest.raises(ReplyError):
        check_warm({"calls": calls, "steady": True})


@pytest.mark.parametrize("pid", [0, -4, None, "7", True, 1.0])
def test_a_worker_says_which_process_it_is(pid):
    with pytest.raises(ReplyError):
        check_hello({"pid": pid})


@pytest.mark.parametrize("counters", [3, "many", [1]])
def test_counters_are_an_object(counters):
    for check in (check_finish, lambda reply: check_build({**BUILD, **reply})):
        with pytest.raises(ReplyError):
            check({"counters": counters})
