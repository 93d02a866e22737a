"""One Newton step: the full Hessian of a scalar function, and a solve with it.

The function is ``log sum exp(a @ x + b) + 0.5 * |x|^2``, strictly convex, so that the steps stay
at its minimum for ever. Both frameworks form the Hessian forward over reverse.

Shapes: ``x`` (n,) float32, ``a`` (m, n), ``b`` (m,); the Hessian is (n, n).

Stands for: second-order methods, Laplace approximations, uncertainty. Limits: small n; large
models use Hessian-vector products, which cost two gradients.

FLOP count: the gradient's two products per column of the Hessian, 4 * m * n^2 in all, and
2/3 * n^3 for the factorisation.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """A start point and the function's coefficients."""
    n, m = size["n"], size["m"]
    return {"x": normal(rng, (n,)), "a": normal(rng, (m, n), n**-0.5), "b": normal(rng, (m,))}


WORKLOAD = Workload(
    id="hessian",
    title="Newton step with a full Hessian",
    stands_for="second-order methods, Laplace approximations, uncertainty",
    limits="small dimensions; large models use Hessian-vector products",
    sizes={
        "small": {"n": 64, "m": 128},
        "medium": {"n": 192, "m": 384},
        "large": {"n": 1024, "m": 2048},
    },
    inputs=inputs,
    flops=lambda s: 4.0 * s["m"] * s["n"] ** 2 + 2 / 3 * s["n"] ** 3,
    tolerance=Tolerance(forward=1e-4, grad=1e-4, curve=1e-4),
)
