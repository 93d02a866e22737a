"""Dense linear algebra in double precision: batched solves and symmetric eigenvalues.

One call solves ``a @ y = x`` for every matrix of the batch, takes the eigenvalues of
``s + 0.01 * diag(y)``, and forms the next right-hand side ``start + 0.1 * y + 0.1 * eigenvalues``:
a contraction, since the solution is at most half as long as the right-hand side or so.

Shapes: ``a``, ``s`` (batch, n, n) float64, ``start`` (batch, n).

Stands for: scientific computing, Gaussian processes, filters, control. Limits: small dense
matrices, no sparse ones, no gradient; JAX needs 64-bit types enabled, and has them here.

FLOP count: 2/3 n^3 + 2 n^2 for a solve, 4/3 n^3 for reducing a symmetric matrix to tridiagonal
form, which is most of its eigenvalues' cost (Golub and Van Loan, Matrix Computations).
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Well-conditioned matrices, symmetric ones, and right-hand sides."""
    batch, n = size["batch"], size["n"]
    noise = rng.standard_normal((batch, n, n)) / np.sqrt(n)
    symmetric = rng.standard_normal((batch, n, n)) / np.sqrt(n)
    return {
        "a": 3.0 * np.eye(n) + 0.5 * noise,
        "s": symmetric + symmetric.transpose(0, 2, 1),
        "start": rng.standard_normal((batch, n)),
    }


WORKLOAD = Workload(
    id="float64_solve",
    title="Double-precision solves",
    stands_for="scientific computing, Gaussian processes, filters and control",
    limits="small dense matrices, no sparse ones, no gradient",
    sizes={
        "small": {"batch": 32, "n": 24},
        "medium": {"batch": 32, "n": 64},
        "large": {"batch": 64, "n": 200},
    },
    inputs=inputs,
    flops=lambda s: s["batch"] * (2.0 * s["n"] ** 3 + 2 * s["n"] ** 2),
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-10, curve=1e-10),
    precision="float64",
)
