"""The gradient of a loss through a fixed-step integrator: one training step of a neural ODE.

The classical Runge-Kutta method of order 4 over [0, 1]; the right-hand side is a small network
``tanh(y @ w1 + b1) @ w2``; the loss is the mean squared distance of the end from a target; the
gradient goes through every step (discretise, then optimise); Adam at 1e-3.

Shapes: ``start`` and ``target`` (batch, dimension) float32, ``inner.weight`` (dimension, width),
``inner.bias`` (width,), ``outer.weight`` (width, dimension).

Stands for: neural ODEs, system identification, differentiable simulators. Limits: fixed steps,
no adaptive solver, no adjoint method, float32. For torch.compile one step of the method is
compiled, not the whole loop, which unrolled would take minutes.

FLOP count: four evaluations a step, each 4 * batch * dimension * width for its two products;
backward twice that.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights scaled by 1 / sqrt(in), start points and targets."""
    batch, d, width = size["batch"], size["dimension"], size["width"]
    return {
        "inner.weight": normal(rng, (d, width), d**-0.5),
        "inner.bias": np.zeros(width, np.float32),
        "outer.weight": normal(rng, (width, d), width**-0.5),
        "start": normal(rng, (batch, d)),
        "target": normal(rng, (batch, d)),
    }


WORKLOAD = Workload(
    id="ode_gradient",
    title="Gradient through an integrator",
    stands_for="neural ODEs, system identification, differentiable simulators",
    limits="fixed steps, no adaptive solver, no adjoint method, float32",
    sizes={
        "small": {"batch": 32, "dimension": 4, "width": 32, "steps": 16},
        "medium": {"batch": 64, "dimension": 8, "width": 64, "steps": 64},
        "large": {"batch": 64, "dimension": 8, "width": 64, "steps": 512},
    },
    inputs=inputs,
    flops=lambda s: 3.0 * s["steps"] * 4 * 4 * s["batch"] * s["dimension"] * s["width"],
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=1e-3),
    trains=True,
)
