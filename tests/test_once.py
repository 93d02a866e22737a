"""What is not a time of a step, in words."""

from __future__ import annotations

import pytest

from advisor.once import once_told
from advisor.render.view.words import amount_of_bytes, duration

CASES = [
    ({}, []),
    ({"counters": {"memory_before_bytes": 1 << 20, "step_peak_bytes": 3 << 20}}, []),
    ({"first_result_s": 2.5}, ["first result after 2.50 s"]),
    (
        {"first_result_s": 14.0, "first_result_warm_s": 3.0},
        ["first result after 14.0 s", "3.00 s with a filled compile cache"],
    ),
    (
        {
            "first_result_s": 1.0,
            "counters": {"memory_before_bytes": 1 << 20, "step_peak_bytes": 3 << 20},
        },
        ["first result after 1.00 s", "a step holds 2.00 MiB more than the process before it"],
    ),
    ({"stream_s": 3.2}, ["100 calls take 3.20 s with all that they compile"]),
    (
        {"latency": {"calls": 1200, "p50_s": 2e-4, "p95_s": 3e-4, "p99_s": 5e-4}},
        ["one call waited for: p50 200 µs, p99 500 µs of 1,200"],
    ),
    ({"counters": {"exported": False, "error": "Oops: no"}}, ["not exported: Oops: no"]),
    (
        {
            "counters": {
                "exported": True,
                "symbolic_batch": True,
                "export_s": 1.5,
                "serialised": True,
                "artifact_bytes": 2048,
            }
        },
        ["exported with an open batch size in 1.50 s", "read back from 2.00 KiB"],
    ),
    (
        {"counters": {"exported": True, "symbolic_batch": False, "export_s": 1, "error": "E: x"}},
        ["exported only for one batch in 1.00 s", "not written to a file: E: x"],
    ),
]


@pytest.mark.parametrize(("entry", "told"), CASES)
def test_what_happens_beside_the_steps_is_told(entry, told):
    assert once_told(entry, calls=100, duration=duration, amount=amount_of_bytes) == told
