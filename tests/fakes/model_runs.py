"""Whole models measured with made-up workers: a family whose steps take what a test says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from advisor.evidence import Evidence, Machine, Toolchain
from advisor.measure.campaign import Campaign, measure
from advisor.measure.wishes import Wishes
from tests.fakes import kit
from tests.fakes.worker import model, workload

SMALL = 'stack:{"layers": 4}'
MODES = {
    "pytorch.eager": {"median_s": 4e-3},
    "pytorch.compile": {"median_s": 3e-3},
    "pytorch.compile+compile_step": {"median_s": 2e-3},
    "jax.jit": {"median_s": 2e-3},
    "jax.jit+scan": {"median_s": 1e-3},
}


def measured(
    script: kit.Script, tmp_path: Path, *models: str, profile: str = "standard", **changes: Any
) -> Evidence:
    """Evidence of a run of *models*; *changes* are of the family, the machine or the wishes."""
    kit.with_selftest(script)
    script.workloads = [workload("fake", modes=["pytorch.eager", "jax.jit"], extra_modes=[])]
    described = model(flops_per_layer=changes.pop("flops_per_layer", 1e5))
    described["branches"] = changes.pop("branches", False)
    described["variants"]["pytorch"] += changes.pop("further", [])
    kinds = {kind: changes.pop(f"{kind}s", ()) for kind in ("rewrite", "record")}
    for variant in (v for listed in described["variants"].values() for v in listed):
        variant["rewrite"] = variant["id"] in kinds["rewrite"]
        variant["records"] = variant["id"] in kinds["record"]
    script.models = [described]
    script.modes |= changes.pop("modes")
    made = Campaign(
        worker=script.argv,
        toolchains=[kit.TORCH, replace(kit.JAX, index=1)],
        toolchain_parts=[Toolchain("pytorch"), Toolchain("jax")],
        missing={},
        machine=Machine(os="linux", memory_bytes=changes.pop("memory_bytes", 1 << 34)),
        wishes=Wishes(profile=profile, probes=(), models=models, seed=5, **changes),
        created="2026-11-25",
        cache=tmp_path / "cache",
        meter=kit.Meter,
    )
    return kit.read_back(measure(made).evidence)


def deep(**more: float) -> dict[str, dict[str, float]]:
    """Steps of 0.01 s + 0.02 s a layer in PyTorch, of 0.02 s + 0.01 s a layer in JAX."""
    return {
        "pytorch.eager": {"median_s": 0.01, "layer_s": 0.02, **more},
        "jax.jit": {"median_s": 0.02, "layer_s": 0.01, **more},
        "jax.jit+scan": {"median_s": 0.5, "layer_s": 0.01, **more},
    }
