"""One training step of a small classifier: 784-256-10, ReLU, cross-entropy, Adam at 1e-3.

Shapes: ``x`` (batch, 784) float32, ``y`` (batch,) int64, ``w1`` (784, 256), ``b1`` (256,),
``w2`` (256, 10), ``b2`` (10,), float32; weights are scaled as He et al. (2015) propose.

Sizes: with ``optimizer_loop`` PyTorch's Adam goes through the parameters in a Python loop, which
is what a CPU user gets who asks for nothing, instead of one fused call; JAX's step is the same.

Stands for: small models, where the cost per operation counts as much as arithmetic (batch 64),
and the same model at a batch where arithmetic dominates (batch 1024). Limits: no convolution,
no attention, no input pipeline; the data fits into the cache.

FLOP count: forward 2 * batch * (784 * 256 + 256 * 10); the backward pass forms both weight
gradients and the gradient of the hidden layer, but not that of the input.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload

WIDTHS = (784, 256, 10)
LEARNING_RATE = 1e-3


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, zero biases and one batch."""
    n_in, n_hidden, n_out = WIDTHS
    batch = size["batch"]
    return {
        "w1": (rng.standard_normal((n_in, n_hidden)) * np.sqrt(2 / n_in)).astype(np.float32),
        "b1": np.zeros(n_hidden, np.float32),
        "w2": (rng.standard_normal((n_hidden, n_out)) * np.sqrt(2 / n_hidden)).astype(np.float32),
        "b2": np.zeros(n_out, np.float32),
        "x": rng.standard_normal((batch, n_in)).astype(np.float32),
        "y": rng.integers(0, n_out, batch),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one training step."""
    n_in, n_hidden, n_out = WIDTHS
    first, second = n_in * n_hidden, n_hidden * n_out
    return 2.0 * size["batch"] * (2 * first + 3 * second)


WORKLOAD = Workload(
    id="mlp_train",
    title="MLP training step",
    stands_for="small models, where the cost per operation counts as much as arithmetic",
    limits="no convolution, no attention, no input pipeline",
    sizes={
        "small": {"batch": 64},
        "medium": {"batch": 1024},
        "large": {"batch": 4096},
        "small_loop": {"batch": 64, "optimizer_loop": 1},
    },
    variants={"small_loop": "small"},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
    extra_modes=("jax.eager",),
)
