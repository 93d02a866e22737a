"""A chain of element-wise operations, such as activations and gates are made of.

One call maps ``x`` to ``0.6 tanh(scale * x + shift) + 0.3 silu(x) exp(-x^2) + 0.1 sqrt(1 + x^2)``;
each call feeds the next. The map keeps every value below 2 in magnitude for ever.

Shapes: ``x``, ``scale``, ``shift`` (n,) float32. ``small`` fits into a core's cache, ``medium``
and ``large`` do not fit into most.

Stands for: what a compiler gains by fusing operations; activations, normalisations, physics
without products. Limits: no reduction, no product, nothing with neighbours.

Bytes: three arrays read and one written, which is what one fused loop needs. FLOP count: 15 per
element, each elementary function counted as one.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Start values, scales within 1, shifts."""
    n = size["n"]
    return {
        "x": normal(rng, (n,)),
        "scale": rng.uniform(-1, 1, n).astype(np.float32),
        "shift": normal(rng, (n,)),
    }


WORKLOAD = Workload(
    id="elementwise_chain",
    title="Element-wise chain",
    stands_for="what fusing operations gains: activations, gates, physics without products",
    limits="no reduction, no product, nothing with neighbours",
    sizes={"small": {"n": 1 << 17}, "medium": {"n": 1 << 20}, "large": {"n": 1 << 24}},
    inputs=inputs,
    flops=lambda size: 15.0 * size["n"],
    bytes_moved=lambda size: 16.0 * size["n"],
    samples_per_step=lambda size: float(size["n"]),
    tolerance=Tolerance(forward=1e-4, curve=1e-4),
)
