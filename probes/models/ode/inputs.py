"""Training step of a neural differential equation, its gradient through every step of the solver.

The field is a dense network of ``depth`` hidden layers with tanh; it is integrated from 0 to 1 in
``steps`` equal steps of ``euler`` or of the classical Runge-Kutta method (``rk4``). The mean
squared distance to a trajectory at all steps; Adam at 1e-3.

Shapes: ``start`` (batches, batch, states) float32; ``track`` (batches, steps, batch, states)
float32; weights (in, out) float32 of standard deviation 1 / sqrt(in), biases zero.

Stands for: neural differential equations and other long loops of small networks with a gradient.
Limits: float32, steps of equal length (adaptive solvers take as many as they need), no adjoint
equation, a field that does not depend on time.

FLOP count: 2 multiply-adds per weight and sample and evaluation of the field, times three for the
backward pass.
"""

from __future__ import annotations

import itertools

import numpy as np

from probes.model import BATCHES, COMPILE_STEP, Key, Model, Preset, Size, Variant, dense, normal
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 1e-3
# Steps of a scan that are written one after the other in the unrolled variant.
UNROLLED = 8

KEYS = (
    Key("states", "states of the system", 2, 1, 4096),
    Key("width", "features after hidden layers", 64, 1, 16384),
    Key("depth", "hidden layers of the field", 2, 1, 64),
    Key("steps", "steps of the solver", 100, 1, 100_000),
    Key("batch", "trajectories", 32, 1, 1_000_000),
    Key("solver", "solver", "rk4", choices=("euler", "rk4")),
)

PRESETS = (
    Preset(
        "diffrax_spiral",
        "Diffrax's neural differential equation of a spiral",
        {},
        "https://docs.kidger.site/diffrax/examples/neural_ode",
        "2022-02",
        "equal steps of RK4 instead of adaptive ones, Adam instead of AdaBelief, tanh",
    ),
    Preset(
        "torchdiffeq_demo",
        "torchdiffeq's demonstration of a spiral",
        {"width": 50, "depth": 1, "steps": 9, "batch": 20},
        "https://github.com/rtqichen/torchdiffeq/blob/master/examples/ode_demo.py",
        "2021-06",
        "equal steps of RK4 instead of adaptive ones, Adam instead of RMSprop",
    ),
)


def field(size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of the dense layers of the field."""
    widths = [size["states"], *[size["width"]] * size["depth"], size["states"]]
    pairs = enumerate(itertools.pairwise(widths))
    return [(f"layers.{n}", n_in, n_out) for n, (n_in, n_out) in pairs]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, and batches of starting points and trajectories near them."""
    arrays: Arrays = {}
    for name, n_in, n_out in field(size):
        arrays |= dense(rng, name, n_in, n_out)
    start = normal(rng, (BATCHES, size["batch"], size["states"]))
    away = normal(rng, (BATCHES, 1, size["batch"], size["states"]))
    share = (np.arange(1, size["steps"] + 1, dtype=np.float32) / size["steps"])[:, None, None]
    arrays["start"] = start
    arrays["track"] = start[:, None] + share * away
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    evaluations = size["steps"] * (4 if size["solver"] == "rk4" else 1)
    weights = sum(n_in * n_out for _, n_in, n_out in field(size))
    return float(6 * size["batch"] * evaluations * weights)


MODEL = Model(
    id="ode",
    title="Neural differential equation, training",
    stands_for="neural differential equations and long loops of small networks",
    limits="float32, steps of equal length, no adjoint equation",
    keys=KEYS,
    depth="steps",
    depth_step=UNROLLED,
    presets=PRESETS,
    tiny={"states": 3, "width": 16, "depth": 1, "steps": 4, "batch": 4},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="trajectory",
    pytorch=(
        Variant("eager", "pytorch.eager", "a Python loop over the steps, eager", records=True),
        Variant(
            "compile",
            "pytorch.compile",
            "a Python loop, one step of the solver compiled",
            records=True,
        ),
        Variant(
            "compile_loop",
            "pytorch.compile",
            "the whole loop compiled, which writes all of its steps out",
            at_most={"steps": 128},
            rewrite=True,
        ),
        COMPILE_STEP,
    ),
    jax=(
        Variant("jit", "jax.jit", "lax.scan over the steps"),
        Variant("jit_unroll", "jax.jit", f"lax.scan, {UNROLLED} steps written out"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
