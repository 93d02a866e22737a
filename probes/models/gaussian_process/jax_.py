"""The Gaussian process in JAX: one fit under vmap, 64-bit types enabled."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.gaussian_process.inputs import JITTER, LEARNING_RATE
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def likelihood(p: Any, x: Any, y: Any) -> Any:
    """Log marginal likelihood per point of targets (n,) at points (n, dimensions), of one fit."""
    import jax
    import jax.numpy as jnp

    scaled = x * jnp.exp(-p["log_scales"])
    squares = (scaled**2).sum(-1)
    distances = jnp.maximum(squares[:, None] + squares - 2 * scaled @ scaled.T, 0)
    n = x.shape[0]
    kernel = jnp.exp(p["log_variance"]) * jnp.exp(-0.5 * distances)
    noise = jnp.exp(p["log_noise"]) + JITTER
    factor = jnp.linalg.cholesky(kernel + noise * jnp.eye(n, dtype=x.dtype))
    solved = jax.scipy.linalg.solve_triangular(factor, y, lower=True)
    half_log = jnp.log(jnp.diagonal(factor)).sum()
    return -(0.5 * (solved**2).sum() + half_log + 0.5 * n * math.log(2 * math.pi)) / n


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the step over the data sets."""
    import jax
    import optax

    del size

    def likelihoods(p: Any, batch: Any) -> Any:
        return jax.vmap(likelihood, in_axes=(0, None, None))(p, *batch)

    with runtime.wide(enabled=True):
        parts = train_parts(
            parameters_of(arrays, runtime, ("x", "y")),
            batches_of(arrays, runtime, ("x", "y")),
            loss=lambda p, batch: -likelihoods(p, batch).sum(),
            forward=likelihoods,
            optimizer=optax.adam(LEARNING_RATE),
            variant=f"{variant}, optax.adam, jnp.linalg.cholesky",
        )
    return replace(parts, x64=True)
