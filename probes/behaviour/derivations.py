"""The article's two derivations, forward and backward, on a layer ``y = relu(W x + b)``.

Squared error against a target is the loss. Three answers are compared: the framework's gradient,
central differences in float64, and the formulas. The chain as it should be written is
``dL/dW = (dL/dy * f'(z)) x^T``. As the article writes it, ``dL/dy . dy/dx . dx/dW``, the last
factor is zero, since x does not depend on W; read with the factors in that order and x for the
last one, the shapes do not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.behaviour.seeing import error_of

_RNG = np.random.default_rng(17)
W = _RNG.standard_normal((3, 5))
B = _RNG.standard_normal(3)
X = _RNG.standard_normal(5)
TARGET = _RNG.standard_normal(3)
STEP = 1e-6


def forward(w: NDArray[Any]) -> NDArray[Any]:
    """The layer in NumPy, float64."""
    return np.maximum(w @ X + B, 0)


def differences() -> NDArray[Any]:
    """dL/dW by central differences."""
    result = np.zeros_like(W)
    for place in np.ndindex(*W.shape):
        losses = []
        for sign in (1, -1):
            w = W.copy()
            w[place] += sign * STEP
            losses.append(0.5 * ((forward(w) - TARGET) ** 2).sum())
        result[place] = (losses[0] - losses[1]) / (2 * STEP)
    return result


def corrected() -> NDArray[Any]:
    """dL/dW by the chain rule."""
    z = W @ X + B
    return np.outer((np.maximum(z, 0) - TARGET) * (z > 0), X)


def as_written() -> NDArray[Any]:
    """The article's product, its last factor read as x, which fits no matrix product."""
    y = forward(W)
    of_y, of_x = y - TARGET, (W @ X + B > 0)[:, None] * W
    return of_y @ of_x @ X[None, :]


def _findings(gradient: NDArray[Any], output: NDArray[Any]) -> dict[str, Any]:
    scale = np.abs(differences()).max()

    def apart(other: NDArray[Any]) -> float:
        return float(np.abs(gradient - other).max() / scale)

    return {
        "forward_error": float(np.abs(output - forward(W)).max()),
        "from_differences": apart(differences()),
        "from_corrected": apart(corrected()),
        # With dx/dW = 0 the whole product is zero.
        "from_written": apart(np.zeros_like(W)),
        "written_fits": error_of(as_written) == "" and as_written().shape == W.shape,
    }


def _both(run: Callable[[], tuple[Any, Any]]) -> dict[str, Any]:
    output, gradient = run()
    return _findings(np.asarray(gradient), np.asarray(output))


def torch_findings() -> dict[str, Any]:
    """Backpropagation through the tape, in float64."""
    import torch

    def run() -> tuple[Any, Any]:
        w = torch.tensor(W, requires_grad=True)
        y = torch.relu(w @ torch.tensor(X) + torch.tensor(B))
        (0.5 * ((y - torch.tensor(TARGET)) ** 2).sum()).backward()
        assert w.grad is not None
        return y.detach().numpy(), w.grad.numpy()

    return _both(run)


def jax_findings() -> dict[str, Any]:
    """``jax.grad``, in float64."""
    import jax

    def layer(w: Any) -> Any:
        return jax.nn.relu(w @ X + B)

    was = bool(jax.config.jax_enable_x64)
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003  (no name is taken)
    try:
        with jax.default_matmul_precision("highest"):
            return _both(
                lambda: (layer(W), jax.grad(lambda w: 0.5 * ((layer(w) - TARGET) ** 2).sum())(W))
            )
    finally:
        jax.config.update("jax_enable_x64", was)
