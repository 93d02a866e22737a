"""One step of training with a gradient per sample: each is clipped before they are averaged.

A classifier of one hidden layer; every sample's gradient over all parameters is scaled down to
norm 1 where it is longer, then averaged and applied with plain gradient descent, as private
training does (Abadi et al., 2016) without its noise.

Shapes: ``x`` (batch, features) float32, ``y`` (batch,) int64 of 10 classes, ``w1`` (features,
hidden), ``b1``, ``w2`` (hidden, 10), ``b2``. The gradients take batch times the parameters.

Stands for: private training, influence, gradient noise. Limits: fully connected; both use
``vmap`` over ``grad``, where a Python loop over samples can be faster for a large model on a CPU.

FLOP count: forward 2 * batch * (features * hidden + hidden * 10); backward forms both weight
gradients and the gradient of the hidden layer; the average over samples is 2 per gradient.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 0.5
CLIP = 1.0
CLASSES = 10
PARAMETERS = ("w1", "b1", "w2", "b2")


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights (He et al., 2015), zero biases and one batch."""
    batch, n_in, n = size["batch"], size["features"], size["hidden"]
    return {
        "w1": normal(rng, (n_in, n), (2 / n_in) ** 0.5),
        "b1": np.zeros(n, np.float32),
        "w2": normal(rng, (n, CLASSES), (2 / n) ** 0.5),
        "b2": np.zeros(CLASSES, np.float32),
        "x": normal(rng, (batch, n_in)),
        "y": rng.integers(0, CLASSES, batch),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one step, products only."""
    first, second = size["features"] * size["hidden"], size["hidden"] * CLASSES
    return 2.0 * size["batch"] * (3 * first + 4 * second)


WORKLOAD = Workload(
    id="per_sample_gradient",
    title="Per-sample gradients",
    stands_for="private training, influence and gradient noise",
    limits="fully connected; vmap over grad in both, no hand-written loop over samples",
    sizes={
        "small": {"batch": 64, "features": 64, "hidden": 128},
        "medium": {"batch": 64, "features": 256, "hidden": 256},
        "large": {"batch": 128, "features": 784, "hidden": 512},
    },
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
)
