"""One training step of a recommender: a few rows of a large table are looked up and trained.

Each sample looks up one row per field, a small network scores them, binary cross-entropy, plain
gradient descent at 0.1. Only the rows that were looked up change; a step that touches the whole
table would waste the machine. PyTorch gives the table a sparse gradient; JAX differentiates by
the looked-up rows and adds them back into the donated table.

Shapes: ``table.weight`` (rows, dimension) float32; ``ids`` (batch, fields) int64, repeats
allowed; ``y`` (batch,) float32 of 0 and 1; ``inner.weight`` (fields * dimension, hidden),
``outer.weight`` (hidden, 1).

Stands for: recommenders, large vocabularies. Limits: one table on one device, uniform ids, no
multi-valued fields, plain gradient descent; real tables are sharded over many machines.

Bytes: the rows, read forward, their gradient written, and both read and written in the update.
FLOP count: the dense layers, forward and both gradients.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 0.1


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """A table, a small network, and one batch of ids and clicks."""
    rows, d, batch, fields, hidden = (
        size[k] for k in ("rows", "dimension", "batch", "fields", "hidden")
    )
    return {
        "table.weight": normal(rng, (rows, d), 0.1),
        "inner.weight": normal(rng, (fields * d, hidden), (2 / (fields * d)) ** 0.5),
        "inner.bias": np.zeros(hidden, np.float32),
        "outer.weight": normal(rng, (hidden, 1), hidden**-0.5),
        "outer.bias": np.zeros(1, np.float32),
        "ids": rng.integers(0, rows, (batch, fields)),
        "y": rng.integers(0, 2, batch).astype(np.float32),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    inner = size["fields"] * size["dimension"] * size["hidden"]
    return 6.0 * size["batch"] * (inner + size["hidden"])


WORKLOAD = Workload(
    id="embedding_train",
    title="Sparse embedding step",
    stands_for="recommenders and large vocabularies",
    limits="one table on one device, uniform ids, plain gradient descent",
    sizes={
        "small": {"rows": 50_000, "dimension": 16, "batch": 256, "fields": 16, "hidden": 64},
        "medium": {"rows": 500_000, "dimension": 16, "batch": 2048, "fields": 16, "hidden": 64},
        "large": {"rows": 2_000_000, "dimension": 16, "batch": 8192, "fields": 16, "hidden": 128},
    },
    inputs=inputs,
    flops=flops,
    bytes_moved=lambda s: 4.0 * 4 * s["batch"] * s["fields"] * s["dimension"],
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
)
