"""One training step of message passing over a random graph: gather, sum by target, transform.

Two layers ``relu(h @ own + mean of the neighbours' h @ neighbours + bias)``, a linear read-out,
mean squared error, Adam at 1e-3. The sum by target is ``index_add`` and ``segment_sum``.

Shapes: ``x`` (nodes, features) float32; ``source``, ``target`` (edges,) int64, uniform and
unsorted, every node with a loop to itself; ``inverse_degree`` (nodes, 1); ``y`` (nodes, 1);
weights (features, features).

Stands for: graph networks, particles, meshes, ragged sums. Limits: a random graph of fixed size,
no sampling, no edge features; libraries such as PyTorch Geometric bring their own kernels.

FLOP count: dense layers 2 per weight and node, the sums 1 per edge and feature; forward, and
twice that backward less the input gradient of the first layer.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3
LAYERS = 2
DATA = ("x", "y", "source", "target", "inverse_degree")


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, a graph with loops, features and targets."""
    nodes, edges, d = size["nodes"], size["edges"], size["features"]
    loops = np.arange(nodes)
    source = np.concatenate([rng.integers(0, nodes, edges), loops])
    target = np.concatenate([rng.integers(0, nodes, edges), loops])
    order = rng.permutation(len(source))
    degree = np.bincount(target, minlength=nodes)
    arrays: Arrays = {
        "x": normal(rng, (nodes, d)),
        "y": normal(rng, (nodes, 1)),
        "source": source[order],
        "target": target[order],
        "inverse_degree": (1.0 / degree[:, None]).astype(np.float32),
        "head.weight": normal(rng, (d, 1), d**-0.5),
        "head.bias": np.zeros(1, np.float32),
    }
    for n in range(LAYERS):
        arrays[f"layers.{n}.own.weight"] = normal(rng, (d, d), d**-0.5)
        arrays[f"layers.{n}.neighbours.weight"] = normal(rng, (d, d), d**-0.5)
        arrays[f"layers.{n}.neighbours.bias"] = np.zeros(d, np.float32)
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step."""
    nodes, d = size["nodes"], size["features"]
    dense = 2 * 2 * nodes * d * d
    sums = (size["edges"] + nodes) * d
    return float(2 * dense + 3 * dense + 3 * sums + 6 * nodes * d)


WORKLOAD = Workload(
    id="segment_sum",
    title="Message passing step",
    stands_for="graph networks, particles, meshes and ragged sums",
    limits="a random graph of fixed size, no sampling, no edge features",
    sizes={
        "small": {"nodes": 1000, "edges": 8000, "features": 32},
        "medium": {"nodes": 4000, "edges": 60000, "features": 32},
        "large": {"nodes": 20000, "edges": 400000, "features": 64},
    },
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["edges"] + size["nodes"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
)
