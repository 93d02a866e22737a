"""Square matrix products: what dense layers come down to, and the machine's peak arithmetic rate.

Shapes: ``state`` and ``factor`` are (n, n) float32, or of the type that ``bits`` names: 16 is
bfloat16, 64 float64 (a size without it has 32). One call is ``state @ factor``; each call
feeds the next, so that neither framework can overlap or skip work. The factor is orthogonal
(two Householder reflections), hence values neither grow nor decay over millions of calls.

Stands for: large dense layers and attention projections. Limits: says nothing about small
operations, memory-bound work or anything with Python between the products.

FLOP count: a multiplication and an addition per inner element, 2 * n^3.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """``state`` and an orthogonal ``factor``, both (n, n) float32."""
    n = size["n"]
    factor = np.eye(n)
    for _ in range(2):
        v = rng.standard_normal((n, 1))
        v /= np.linalg.norm(v)
        factor = factor - 2.0 * (factor @ v) @ v.T
    state = rng.standard_normal((n, n))
    return {"state": state.astype(np.float32), "factor": factor.astype(np.float32)}


WORKLOAD = Workload(
    id="matmul",
    title="Matrix product",
    stands_for="dense layers and attention projections at large sizes; the machine's GEMM peak",
    limits="no small operations, nothing memory-bound, no Python between products",
    sizes={
        "small": {"n": 512},
        "medium": {"n": 1024},
        "large": {"n": 2048},
        "medium_bfloat16": {"n": 1024, "bits": 16},
        "medium_float64": {"n": 1024, "bits": 64},
    },
    beside=frozenset({"medium_bfloat16", "medium_float64"}),
    precisions={"medium_bfloat16": "bfloat16", "medium_float64": "float64"},
    # A result in bfloat16 is good to 2^-8, and a state is rounded again at every call.
    tolerances={"medium_bfloat16": Tolerance(forward=2e-2, curve=2e-2)},
    inputs=inputs,
    flops=lambda size: 2.0 * size["n"] ** 3,
    tolerance=Tolerance(forward=1e-4),
    modes=("pytorch.eager", "jax.jit"),
    extra_modes=("jax.eager",),
)
