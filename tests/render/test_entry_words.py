"""What is not a time of a step, in words: the usual is not told."""

from __future__ import annotations

import pytest

from advisor.evidence import Entry, Latency
from advisor.render.entry_words import once_texts, repeated_text

MEMORY = {"memory_before_bytes": 1 << 20, "step_peak_bytes": 3 << 20}
CASES = [
    ({}, []),
    ({"counters": MEMORY}, []),
    ({"first_result_s": 2.5}, ["first result after 2.50 s"]),
    (
        {"first_result_s": 14.0, "first_result_warm_s": 3.0},
        ["first result after 14.0 s", "3.00 s with a filled compile cache"],
    ),
    (
        {"first_result_s": 1.0, "counters": MEMORY},
        ["first result after 1.00 s", "a step holds 2.00 MiB more than the process before it"],
    ),
    ({"stream_s": 3.2}, ["100 calls take 3.20 s with all that they compile"]),
    (
        {"latency": Latency(calls=1200, p50_s=2e-4, p95_s=3e-4, p99_s=5e-4)},
        ["one call waited for: p50 200 µs, p99 500 µs of 1,200"],
    ),
    ({"counters": {"exported": False, "error": "Oops: no"}}, ["not exported: Oops: no"]),
    ({"counters": {"exported": False}}, ["not exported: no reason given"]),
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


@pytest.mark.parametrize(("fields", "texts"), CASES)
def test_what_happens_beside_the_steps_is_told(fields, texts):
    entry = Entry(framework="jax", mode="jax.jit", status="ok", **fields)
    assert once_texts(entry, calls=100) == texts


@pytest.mark.parametrize(
    ("counters", "text"),
    [
        ({}, ""),
        ({"graph_breaks": 0, "recompiles": 0, "traces": 1, "graphs": 2}, ""),
        ({"traces": None, "graph_breaks": "many"}, ""),
        ({"graph_breaks": 1}, "1 graph break"),
        ({"graph_breaks": 2, "traces": 32}, "2 graph breaks, 32 traces"),
        ({"recompiles": 1}, "1 recompilation"),
        ({"cudagraph_skips": 1}, "1 graph without CUDA graphs"),
    ],
)
def test_only_what_is_unusual_is_told_of_compiling(counters, text):
    assert repeated_text(counters) == text
