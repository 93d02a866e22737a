"""What compilers did more than once is said where people read; the usual is not."""

from __future__ import annotations

import pytest

from advisor.cli.evidence_text import evidence_lines
from advisor.counted import counted


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
def test_only_what_is_unusual_is_told(counters, text):
    assert counted(counters) == text


def test_it_stands_beside_the_time_in_the_terminal():
    entry = {
        "framework": "pytorch",
        "mode": "pytorch.compile",
        "status": "ok",
        "median_s": 1e-3,
        "counters": {"graph_breaks": 3},
    }
    probe = {
        "id": "mlp_train",
        "title": "MLP",
        "size": {},
        "cores": 1,
        "device": "cpu",
        "entries": [entry],
        "comparisons": [],
    }
    schema = "fw-advisor/evidence@1"
    lines = evidence_lines({"schema": schema, "probes": [probe], "toolchains": [], "notices": []})
    assert any(line.endswith("(3 graph breaks)") for line in lines)
