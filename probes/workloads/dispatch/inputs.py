"""Many tiny operations one after the other: what each costs before it computes anything.

``x = (sin(x * scale) + shift) * 0.9`` over and over on a handful of numbers, four operations a
turn; the time of a step over its operations is the cost of one. Eager modes pay it for every
operation, compiled ones once for all of them.

Shapes: ``x``, ``scale``, ``shift`` (n,) float32, small enough that arithmetic does not count;
larger sizes have more operations and not more numbers, since a thousand sines take longer than
their call.

Stands for: eager prototyping, small models, Python-heavy code. Limits: no gradient bookkeeping;
a device with a queue hides this cost behind large operations.

FLOP count: one per operation and element.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

OPERATIONS_PER_TURN = 4


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Start values, scales and shifts."""
    n = size["n"]
    return {
        "x": normal(rng, (n,)),
        "scale": rng.uniform(0.5, 1.0, n).astype(np.float32),
        "shift": rng.uniform(0.1, 0.5, n).astype(np.float32),
    }


def operations(size: Size) -> float:
    """Operations of one step."""
    return float(size["turns"] * OPERATIONS_PER_TURN)


WORKLOAD = Workload(
    id="dispatch",
    title="Cost of small operations",
    stands_for="eager prototyping, small models, Python-heavy code",
    limits="no gradient bookkeeping; large operations hide this cost",
    sizes={
        "small": {"turns": 25, "n": 16},
        "medium": {"turns": 50, "n": 16},
        "large": {"turns": 100, "n": 16},
    },
    inputs=inputs,
    flops=lambda size: operations(size) * size["n"],
    samples_per_step=operations,
    tolerance=Tolerance(forward=1e-5, curve=1e-4),
    extra_modes=("jax.eager",),
)
