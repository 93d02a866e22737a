"""Evidence for claims, made by hand: what the checks found, changed where a test says so."""

from __future__ import annotations

from typing import Any

from advisor.evidence import (
    Behaviour,
    Comparison,
    Entry,
    Evidence,
    Machine,
    Parity,
    Probe,
    Reason,
    Toolchain,
)

SEEN: dict[str, dict[str, dict[str, Any]]] = {
    "value_branches": {
        "pytorch": {"slope": 64.0, "eager": True, "compiled": True, "whole_refused": True},
        "jax": {"slope": 64.0, "eager": True, "compiled": False, "error": "TracerBoolError"},
    },
    "graph_capture": {
        "pytorch": {"eager": True, "whole": True, "graphs": 1, "branching_graphs": 2},
        "jax": {"eager": True, "whole": True, "graphs": 1, "branching_graphs": 0},
    },
    "training_curves": {
        "pytorch": {"curve": [2.0, 1.0, 0.5], "from_reference": 1e-5},
        "jax": {"curve": [2.0, 1.0, 0.50001], "from_reference": 1e-5},
    },
    "derivations": {
        name: {
            "forward_error": 0.0,
            "from_differences": 1e-10,
            "from_corrected": 1e-16,
            "from_written": 1.0,
            "written_fits": False,
        }
        for name in ("pytorch", "jax")
    },
    "lengths": {
        "pytorch": {"lengths": 10, "traces": 2},
        "jax": {"lengths": 10, "traces": 10},
    },
    "length_costs": {
        "pytorch": {"once_s": 2.0, "each_s": 0.0},
        "jax": {"once_s": 0.0, "each_s": 0.05},
    },
    "memory": {
        "pytorch": {"process_bytes": 6e8, "work_bytes": 3.6e8, "least_bytes": 1e8},
        "jax": {"process_bytes": 6e8, "work_bytes": 3.7e8, "least_bytes": 1e8},
    },
    "contents": {
        "pytorch": {"modules": 50, "tuners": 0, "loads_other": False, "loader": True},
        "jax": {"modules": 38, "tuners": 0, "loads_other": False, "loader": False},
    },
}


def seen_with(check: str = "", framework: str = "", **changed: Any) -> list[Behaviour]:
    """What `SEEN` holds, with findings of one check changed."""
    made = []
    for name, sides in SEEN.items():
        for side, findings in sides.items():
            mine = {**findings, **(changed if (name, side) == (check, framework) else {})}
            made.append(
                Behaviour(check=name, framework=side, status="ok", seconds=1.0, findings=mine)
            )
    return made


def failed(check: str) -> list[Behaviour]:
    """The same, where *check* crashed in JAX."""
    return [
        Behaviour(
            check=seen.check,
            framework=seen.framework,
            status="failed",
            reason=Reason("worker-crashed", text="the worker was killed"),
        )
        if (seen.check, seen.framework) == (check, "jax")
        else seen
        for seen in seen_with()
    ]


def speed(work: str, times: float, *, size: str = "small") -> Probe:
    """A probe in which JAX is *times* as fast as PyTorch, called."""
    narrow = (0.98 / times, 1.02 / times)
    verdict = "equivalent" if 0.96 < times < 1.04 else "a_faster" if times < 1 else "b_faster"
    return Probe(
        id=work,
        size_name=size,
        cores=2,
        parity=Parity(status="ok"),
        entries=[
            Entry(framework="pytorch", mode="pytorch.eager", status="ok", median_s=1e-3),
            Entry(framework="jax", mode="jax.jit", status="ok", median_s=1e-3 / times),
        ],
        comparisons=[
            Comparison(
                a="pytorch.eager",
                b="jax.jit",
                time_ratio=1 / times,
                ci=narrow,
                launches=5,
                verdict=verdict,
            )
        ],
    )


def evidence(behaviours: list[Behaviour] | None = None, *probes: Probe) -> Evidence:
    """One document of one machine."""
    return Evidence(
        created="2026-11-20",
        machine=Machine(os="linux", cpu="A CPU"),
        toolchains=[
            Toolchain(framework="pytorch", version="2.13.0", python="3.11.7"),
            Toolchain(framework="jax", version="0.10.2", python="3.11.7"),
        ],
        behaviours=seen_with() if behaviours is None else behaviours,
        probes=list(probes),
    )
