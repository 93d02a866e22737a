"""A training step whose activations outweigh its parameters: how much memory a step needs.

Eight dense layers with GELU, squared error, Adam. What counts is not its time but the counters
``step_peak_bytes`` less ``memory_before_bytes``: the most that two steps hold, over what the
process held before the program was built. Compiled modes save activations by fusing and by
recomputing cheap ones.

Shapes: ``x``, ``y`` (batch, width) float32; ``layers.N.weight`` (width, width).

Stands for: the largest batch or model that fits. Limits: resident memory on a CPU, rounded up by
the allocator, and what a compiler leaves behind counts too; allocator peaks on accelerators,
where JAX's and PyTorch's pools round differently. No activation checkpointing.

FLOP count: 6 * batch * width^2 a layer, less the input gradient of the first. Bytes: what
has to be kept for the backward pass at least, one input per layer and activation.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3
LAYERS = 8


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights scaled by sqrt(2 / width), one batch and its targets."""
    batch, d = size["batch"], size["width"]
    arrays: Arrays = {"x": normal(rng, (batch, d)), "y": normal(rng, (batch, d))}
    for n in range(LAYERS):
        arrays[f"layers.{n}.weight"] = normal(rng, (d, d), (2 / d) ** 0.5)
        arrays[f"layers.{n}.bias"] = np.zeros(d, np.float32)
    return arrays


WORKLOAD = Workload(
    id="memory",
    title="Memory of a training step",
    stands_for="the largest batch or model that fits",
    limits="resident memory on a CPU, allocator peaks elsewhere; no activation checkpointing",
    sizes={
        "small": {"batch": 8192, "width": 64},
        "medium": {"batch": 32768, "width": 64},
        "large": {"batch": 131072, "width": 64},
    },
    inputs=inputs,
    flops=lambda s: s["batch"] * s["width"] ** 2 * (6.0 * LAYERS - 2),
    bytes_moved=lambda s: 4.0 * s["batch"] * s["width"] * 2 * LAYERS,
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
    one_off=True,
    own_process=True,
)
