"""One training step of a recurrent network: an LSTM over a sequence, classified at its end.

Sizes with ``vendor`` 1 give PyTorch its own ``nn.LSTM``, while JAX, which has none on a CPU,
scans. ``vendor`` 0 (the variant ``small_written``) holds a cell that the user wrote: a loop in
Python against ``lax.scan``. The input projection of all steps is one product in both. Adam at 1e-3.

Shapes: ``x`` (steps, batch, features) float32; ``y`` (batch,) int64 of 10 classes;
``lstm.weight_ih_l0`` (4 * hidden, features) and ``lstm.weight_hh_l0`` (4 * hidden, hidden), the
gates in the order input, forget, cell, output, no biases (as PyTorch lays them out, in which
two equal biases would make Adam's steps differ).

Stands for: recurrent models and any long loop of small operations with a gradient. Limits: one
layer, all sequences of one length, float32. For torch.compile the cell is compiled, not the
whole loop: unrolled, a hundred steps take minutes to compile.

FLOP count: 8 * hidden * (features + hidden) per step and sample forward; backward twice that
but for the gradient of x.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3
CLASSES = 10


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights scaled by 1 / sqrt(in), and one batch of sequences."""
    steps, batch, n_in, n = (size[k] for k in ("steps", "batch", "features", "hidden"))
    return {
        "lstm.weight_ih_l0": normal(rng, (4 * n, n_in), n_in**-0.5),
        "lstm.weight_hh_l0": normal(rng, (4 * n, n), n**-0.5),
        "head.weight": normal(rng, (n, CLASSES), n**-0.5),
        "head.bias": np.zeros(CLASSES, np.float32),
        "x": normal(rng, (steps, batch, n_in)),
        "y": rng.integers(0, CLASSES, batch),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    n = size["hidden"]
    per_step = 8 * n * (2 * size["features"] + 3 * n)
    return float(size["batch"]) * (size["steps"] * per_step + 6 * n * CLASSES)


_SMALL = {"batch": 8, "steps": 32, "features": 32, "hidden": 64}

WORKLOAD = Workload(
    id="rnn_train",
    title="Recurrent training step",
    stands_for="recurrent models and long loops of small operations with a gradient",
    limits="one layer, sequences of one length, float32",
    sizes={
        "small": {**_SMALL, "vendor": 1},
        "medium": {"batch": 16, "steps": 128, "features": 32, "hidden": 64, "vendor": 1},
        "large": {"batch": 32, "steps": 512, "features": 64, "hidden": 128, "vendor": 1},
        "small_written": {**_SMALL, "vendor": 0},
    },
    variants={"small_written": "small"},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"] * size["steps"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    trains=True,
)
