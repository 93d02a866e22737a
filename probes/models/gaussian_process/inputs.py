"""One step of fitting the hyperparameters of an exact Gaussian process, in float64.

The negative log marginal likelihood of ``points`` targets under a squared-exponential kernel with
a length scale per dimension, a variance and noise: a kernel matrix, its Cholesky factor, a
triangular solve, and the gradient through all of them; Adam at 0.05. ``restarts`` fits from other
first values go on side by side, as is done against poor optima. Steps take several data sets in
turn.

Shapes: ``x`` (batches, points, dimensions) and ``y`` (batches, points) float64;
``log_scales`` (restarts, dimensions), ``log_variance`` and ``log_noise`` (restarts,) float64.

Stands for: exact Gaussian processes, Bayesian optimisation and other dense linear algebra with a
gradient. Limits: float64 only, one kernel, no inducing points, no conjugate gradients.

No FLOP count: how the gradient of the factor is formed differs between libraries.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from probes.model import BATCHES, COMPILE, COMPILE_STEP, EAGER, JIT, Key, Model, Preset, Size
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 0.05
JITTER = 1e-6

KEYS = (
    Key("points", "points of a data set", 927, 2, 50_000),
    Key("dimensions", "features of a point", 8, 1, 4096),
    Key("restarts", "fits side by side", 1, 1, 256),
)

_TABLES = "Hernandez-Lobato and Adams, Probabilistic Backpropagation, arXiv 1502.05336"
PRESETS = (
    Preset("concrete", "strength of concrete, the training part", {}, _TABLES, "2015-02"),
    Preset(
        "boston",
        "prices of Boston houses, the training part",
        {"points": 455, "dimensions": 13},
        _TABLES,
        "2015-02",
    ),
    Preset(
        "poletele",
        "telecommunication, the training part",
        {"points": 9600, "dimensions": 26},
        "Wang et al., Exact Gaussian Processes on a Million Data Points, arXiv 1903.08114",
        "2019-03",
        "by Cholesky factors instead of conjugate gradients",
    ),
)


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """First values of every fit, and smooth noisy functions of random points."""
    points, dimensions, restarts = size["points"], size["dimensions"], size["restarts"]
    x = rng.standard_normal((BATCHES, points, dimensions))
    slopes = rng.standard_normal((BATCHES, dimensions, 1)) * dimensions**-0.5
    noise = rng.standard_normal((BATCHES, points))
    return {
        "x": x,
        "y": np.sin(2 * (x @ slopes)[..., 0]) + 0.1 * noise,
        "log_scales": 0.5 * np.log(dimensions) + 0.1 * rng.standard_normal((restarts, dimensions)),
        "log_variance": 0.1 * rng.standard_normal(restarts),
        "log_noise": -2 + 0.1 * rng.standard_normal(restarts),
    }


MODEL = Model(
    id="gaussian_process",
    title="Exact Gaussian process, one step of fitting",
    stands_for="exact Gaussian processes and dense linear algebra with a gradient",
    limits="float64, one kernel, no inducing points, no conjugate gradients",
    keys=KEYS,
    depth="restarts",
    presets=PRESETS,
    tiny={"points": 20, "dimensions": 3, "restarts": 2},
    inputs=inputs,
    samples_per_step=lambda size: float(size["points"] * size["restarts"]),
    sample="point",
    # A Cholesky factor is looked at on the host: it may not exist.
    pytorch=(replace(EAGER, records=False), replace(COMPILE, records=False), COMPILE_STEP),
    jax=(JIT,),
    tolerance=Tolerance(forward=1e-9, grad=1e-8, curve=1e-5),
    precision="float64",
)
