"""Gaussian process regression in double precision: the marginal likelihood's gradient, Adam.

A Matern kernel of smoothness 5/2 with a length per dimension plus a linear kernel and noise, on
the 442 patients of scikit-learn's diabetes data (Efron et al., 2004), 320 of them at a time:
other ones at every step. One Cholesky decomposition and its gradient per step.

``x`` (442, 10), ``y`` (442,) float64, ``rows`` (8, 320) int64.
"""

import math

import numpy as np

TITLE = "Gaussian process in double precision"
TOLERANCE = 1e-6
TURNS, POINTS, DIMENSIONS = 8, 320, 10
RATE, JITTER = 0.02, 1e-6
SAMPLES_PER_STEP = POINTS
# Logarithms: of lengths, of the two kernels' sizes, of the noise.
START = {
    "lengths": np.zeros(DIMENSIONS),
    "size": np.zeros(1),
    "line": np.zeros(1),
    "noise": -np.ones(1),
}


def inputs(rng):
    """Standardised data and eight draws of patients."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    draws = [rng.permutation(len(x))[:POINTS] for _ in range(TURNS)]
    arrays = {"x": x / x.std(0), "y": (y - y.mean()) / y.std(), "rows": np.stack(draws)}
    return arrays | {name: value.astype(np.float64) for name, value in START.items()}


def torch_step(arrays):
    """A module whose output is the negative log likelihood per point."""
    import torch
    from torch import nn

    class Likelihood(nn.Module):
        def __init__(self):
            super().__init__()
            for name in START:
                self.register_parameter(name, nn.Parameter(arrays[name].clone()))

        def forward(self, x, y):
            scaled = x / self.lengths.exp()
            square = scaled.square().sum(1)
            distance = (square[:, None] + square - 2 * scaled @ scaled.T).clamp(min=1e-12)
            root = (5 * distance).sqrt()
            kernel = self.size.exp() * (1 + root + 5 / 3 * distance) * (-root).exp()
            kernel = kernel + self.line.exp() * (x @ x.T)
            noise = self.noise.exp() + JITTER
            factor = torch.linalg.cholesky(kernel + noise * torch.eye(len(x)).to(x))
            half = torch.linalg.solve_triangular(factor, y[:, None], upper=False)
            fit, volume = 0.5 * half.square().sum(), factor.diagonal().log().sum()
            return (fit + volume) / len(x) + 0.5 * math.log(2 * math.pi)

    x, y, rows = (arrays[k] for k in ("x", "y", "rows"))
    likelihood = Likelihood().to(x.device)
    optimizer = torch.optim.Adam(likelihood.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=x.device)

    def step():
        chosen = rows.index_select(0, turn).squeeze(0)
        loss = likelihood(x[chosen], y[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """Double precision has to be switched on first."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE)

    def likelihood(p, x, y):
        scaled = x / jnp.exp(p["lengths"])
        square = (scaled**2).sum(1)
        distance = jnp.maximum(square[:, None] + square - 2 * scaled @ scaled.T, 1e-12)
        root = jnp.sqrt(5 * distance)
        kernel = jnp.exp(p["size"]) * (1 + root + 5 / 3 * distance) * jnp.exp(-root)
        kernel = kernel + jnp.exp(p["line"]) * (x @ x.T)
        noise = jnp.exp(p["noise"]) + JITTER
        factor = jnp.linalg.cholesky(kernel + noise * jnp.eye(len(x)))
        half = jax.scipy.linalg.solve_triangular(factor, y, lower=True)
        volume = jnp.log(jnp.diagonal(factor)).sum()
        return (0.5 * half @ half + volume) / len(x) + 0.5 * math.log(2 * math.pi)

    def step(state, arrays):
        p, moments, turn = state
        chosen = arrays["rows"][turn]
        x, y = arrays["x"][chosen], arrays["y"][chosen]
        loss, gradients = jax.value_and_grad(likelihood)(p, x, y)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {name: arrays[name] for name in START}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
