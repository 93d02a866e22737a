"""Derivatives of a plain function, of order 1 to 6, and a Hessian, against closed forms.

``f(x) = sin(2 x)``, whose n-th derivative is ``2^n sin(2 x + n pi / 2)``; the Hessian is that of
``sum((A x)^3)``, which is ``6 A^T diag(A x) A``. ``once_s`` and ``each_s`` are the first call of
the sixth derivative and every further one.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ORDERS = 6
AT = 0.3
CALLS = 30
_RNG = np.random.default_rng(3)
MATRIX = (_RNG.standard_normal((6, 4)) / 2).astype(np.float32)
POINT = _RNG.standard_normal(4).astype(np.float32)


def _exact(order: int) -> float:
    return float(2**order * math.sin(2 * AT + order * math.pi / 2))


def _findings(
    derivative: Callable[[int], Callable[[], float]], hessian: Callable[[], Any]
) -> dict[str, Any]:
    calls = {order: derivative(order) for order in range(1, ORDERS + 1)}
    start = time.perf_counter()
    calls[ORDERS]()
    once_s = time.perf_counter() - start
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        calls[ORDERS]()
        times.append(time.perf_counter() - start)
    # Next to the size of the factor 2^n: a sine can be near zero.
    errors = [abs(call() - _exact(order)) / 2**order for order, call in calls.items()]
    exact = 6 * MATRIX.T @ np.diag(MATRIX @ POINT) @ MATRIX
    apart = np.abs(np.asarray(hessian()) - exact).max() / np.abs(exact).max()
    return {
        "orders": sum(error < 1e-4 for error in errors),
        "largest_error": max(errors),
        "hessian_error": float(apart),
        "once_s": once_s,
        "each_s": statistics.median(times),
    }


def torch_findings() -> dict[str, Any]:
    """``torch.func.grad`` nested, eagerly."""
    import torch
    from torch.func import grad, hessian

    matrix = torch.from_numpy(MATRIX)

    def derivative(order: int) -> Callable[[], float]:
        function: Any = lambda x: torch.sin(2 * x)  # noqa: E731  (nested below)
        for _ in range(order):
            function = grad(function)
        return lambda: float(function(torch.tensor(AT)))

    return _findings(
        derivative, lambda: hessian(lambda x: ((matrix @ x) ** 3).sum())(torch.from_numpy(POINT))
    )


def jax_findings() -> dict[str, Any]:
    """``jax.grad`` nested, jitted."""
    import jax
    import jax.numpy as jnp

    def derivative(order: int) -> Callable[[], float]:
        function: Any = lambda x: jnp.sin(2 * x)  # noqa: E731  (nested below)
        for _ in range(order):
            function = jax.grad(function)
        jitted = jax.jit(function)
        return lambda: float(jitted(AT))

    with jax.default_matmul_precision("highest"):
        return _findings(
            derivative, lambda: jax.hessian(lambda x: ((jnp.asarray(MATRIX) @ x) ** 3).sum())(POINT)
        )
