"""Training step of a graph neural network over a whole graph, classifying some of its nodes.

``message`` says how nodes are mixed: ``gcn`` sums neighbours with the symmetric normalisation
(Kipf and Welling, 2017), ``attention`` weighs them by attention of up to eight heads (Velickovic
et al., 2018), one head in the last layer. ReLU (ELU with attention) between layers. Every node is
a neighbour of itself. Cross-entropy on the labelled nodes, of which every step takes others;
Adam at 0.01 with L2 decay 5e-4.

Shapes: ``x`` (nodes, features) float32; ``sources`` and ``targets`` (edges + nodes,) int64,
sorted by target; ``scales`` (edges + nodes,) float32, the normalisation of every edge; ``y``
(nodes,) int64 of ``classes``; ``labelled`` (batches, labels) int64, twenty labels per class;
weights (in, out) float32 of standard deviation 1 / sqrt(in). Edges join random nodes.

Stands for: message passing over graphs that fit into memory. Limits: float32, no sampling of
neighbours, no batches of small graphs, no features of edges, no dropout; random edges are spread
more evenly than real ones.

FLOP count: 2 multiply-adds per weight and node; with the backward pass three times that, less the
input gradient of the first layer. Messages are bound by memory and not counted.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from probes.model import (
    BATCHES,
    COMPILE,
    COMPILE_STEP,
    EAGER,
    JIT,
    Key,
    Model,
    Preset,
    Size,
    Variant,
    normal,
)
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 0.01
WEIGHT_DECAY = 5e-4
SLOPE = 0.2
LABELS_PER_CLASS = 20

KEYS = (
    Key("layers", "rounds of messages", 2, 2, 64),
    Key("nodes", "nodes of the graph", 2708, 2, 10_000_000),
    Key("edges", "edges, each direction counted", 10556, 1, 100_000_000),
    Key("features", "features of a node", 1433, 1, 65536),
    Key("width", "features between layers", 16, 1, 8192),
    Key("classes", "classes", 7, 2, 100_000),
    Key("message", "how neighbours are mixed", "gcn", choices=("gcn", "attention")),
)

_CORA = {"nodes": 2708, "edges": 10556, "features": 1433, "classes": 7}
PRESETS = (
    Preset(
        "cora_gcn",
        "graph convolution on Cora",
        {},
        "Kipf and Welling, Semi-Supervised Classification, arXiv 1609.02907",
        "2016-09",
        "no dropout, random edges",
    ),
    Preset(
        "cora_gat",
        "graph attention on Cora",
        {**_CORA, "width": 64, "message": "attention"},
        "Velickovic et al., Graph Attention Networks, arXiv 1710.10903",
        "2017-10",
        "no dropout, random edges",
    ),
    Preset(
        "arxiv_gcn",
        "graph convolution on ogbn-arxiv",
        {
            "layers": 3,
            "nodes": 169343,
            "edges": 2315598,
            "features": 128,
            "width": 256,
            "classes": 40,
        },
        "Hu et al., Open Graph Benchmark, arXiv 2005.00687",
        "2020-05",
        "no dropout, no batch normalisation, few labels, random edges",
    ),
)


def heads_of(width: int) -> int:
    """Heads of attention in layers of *width*."""
    return math.gcd(width, 8)


def layers(size: Size) -> list[tuple[str, int, int, int]]:
    """Name, inputs, outputs and heads of every layer; the last has one head."""
    widths = [size["features"], *[size["width"]] * (size["layers"] - 1), size["classes"]]
    rows = []
    for n, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        heads = 1 if n == size["layers"] - 1 else heads_of(n_out)
        rows.append((f"layers.{n}", n_in, n_out, heads))
    return rows


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, a random graph with normal features, and several sets of labelled nodes."""
    arrays: Arrays = {}
    for name, n_in, n_out, heads in layers(size):
        arrays[f"{name}.weight"] = normal(rng, (n_in, n_out), n_in**-0.5)
        arrays[f"{name}.bias"] = np.zeros(n_out, np.float32)
        if size["message"] == "attention":
            for end in ("source", "target"):
                shape = (heads, n_out // heads)
                arrays[f"{name}.{end}"] = normal(rng, shape, shape[1] ** -0.5)
    nodes = size["nodes"]
    loops = np.arange(nodes)
    sources = np.concatenate((rng.integers(0, nodes, size["edges"]), loops))
    targets = np.concatenate((rng.integers(0, nodes, size["edges"]), loops))
    order = np.argsort(targets, kind="stable")
    sources, targets = sources[order], targets[order]
    degree = np.bincount(targets, minlength=nodes).astype(np.float32)
    arrays["sources"], arrays["targets"] = sources, targets
    arrays["scales"] = (degree[sources] * degree[targets]) ** np.float32(-0.5)
    arrays["x"] = normal(rng, (nodes, size["features"]))
    arrays["y"] = rng.integers(0, size["classes"], (nodes,))
    labels = min(nodes, LABELS_PER_CLASS * size["classes"])
    arrays["labelled"] = np.stack([rng.permutation(nodes)[:labels] for _ in range(BATCHES)])
    return arrays


DATA = ("x", "sources", "targets", "scales", "y", "labelled")


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    products = [2.0 * size["nodes"] * n_in * n_out for _, n_in, n_out, _ in layers(size)]
    return float(3 * sum(products) - products[0])


_GCN = {"message": ("gcn",)}
MODEL = Model(
    id="graph",
    title="Graph neural network, training",
    stands_for="message passing over a whole graph",
    limits="float32, no sampling of neighbours, no dropout, random edges",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={"layers": 3, "nodes": 40, "edges": 120, "features": 12, "width": 16, "classes": 3},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["nodes"]),
    sample="node",
    pytorch=(
        EAGER,
        Variant(
            "eager_sparse", "pytorch.eager", f"{EAGER.text}, a sparse matrix", _GCN, rewrite=True
        ),
        COMPILE,
        COMPILE_STEP,
    ),
    jax=(JIT,),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
