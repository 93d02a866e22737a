"""A derivative of order 1 to 4 of a small network by its input, at many points.

The network is ``sum(v * tanh(w * x + b))``; its derivative comes from nesting ``grad`` as often
as the order says, mapped over the points. The next points are the first ones moved by a tenth of
the derivative's tanh, so that calls depend on each other and values stay where they are.

Shapes: ``x`` (points,) float32; ``w``, ``b``, ``v`` (width,).

Sizes: with ``graph`` PyTorch differentiates the recorded graph instead of transforming functions;
JAX's version is the same.

Stands for: physics-informed networks, Taylor expansions, sensitivity. Limits: one input
dimension; Taylor-mode differentiation (jax.experimental.jet) would grow more slowly with the
order and is used by few.

No FLOP count: how many operations a nested derivative takes is up to each framework.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Points in [-2, 2] and the network's weights."""
    width = size["width"]
    return {
        "x": rng.uniform(-2, 2, size["points"]).astype(np.float32),
        "w": rng.uniform(-1, 1, width).astype(np.float32),
        "b": normal(rng, (width,)),
        "v": normal(rng, (width,), width**-0.5),
    }


WORKLOAD = Workload(
    id="higher_order",
    title="Derivatives of higher order",
    stands_for="physics-informed networks, Taylor expansions, sensitivity",
    limits="one input dimension, nested reverse mode",
    sizes={
        "small": {"order": 2, "points": 256, "width": 64},
        "medium": {"order": 4, "points": 256, "width": 64},
        "large": {"order": 4, "points": 4096, "width": 64},
        "small_first": {"order": 1, "points": 256, "width": 64},
        "medium_third": {"order": 3, "points": 256, "width": 64},
        "small_graph": {"order": 2, "points": 256, "width": 64, "graph": 1},
    },
    variants={"small_graph": "small"},
    beside=frozenset({"small_first", "medium_third"}),
    inputs=inputs,
    samples_per_step=lambda size: float(size["points"]),
    tolerance=Tolerance(forward=1e-3, curve=1e-3),
)
