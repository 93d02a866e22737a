"""Training step of a physics-informed network: a differential equation at random points.

A dense network u(x, t) of ``depth`` hidden layers with tanh has to satisfy
``u_t + u u_x - 0.01 d^order u / dx^order = 0`` at ``points`` points, fresh ones in every step, and
to take given values at 100 points of the boundary. The loss is the sum of both mean squares;
Adam at 1e-3. Order 2 is the equation of Burgers, order 3 that of Korteweg and de Vries.

Shapes: ``inside`` (batches, points, 2) float32 of (x, t); ``border`` (batches, 100, 2) and
``values`` (batches, 100) float32; weights (in, out) float32 of standard deviation 1 / sqrt(in),
biases zero.

Stands for: physics-informed networks and other losses that differentiate the network by its
inputs. Limits: float32, one unknown of two variables, Adam alone (they are often finished with
L-BFGS).

No FLOP count: what nested derivatives cost depends on how they are taken.
"""

from __future__ import annotations

import itertools

import numpy as np

from probes.model import BATCHES, EAGER, Key, Model, Preset, Size, Variant, dense
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 1e-3
DIFFUSION = 0.01
BORDER = 100

KEYS = (
    Key("points", "points inside", 2000, 1, 1_000_000),
    Key("width", "features after hidden layers", 20, 1, 4096),
    Key("depth", "hidden layers", 8, 1, 64),
    Key("order", "highest derivative", 2, 1, 4),
)

PRESETS = (
    Preset(
        "burgers",
        "the equation of Burgers",
        {},
        "Raissi et al., Physics Informed Deep Learning, arXiv 1711.10561",
        "2017-11",
        "2,000 instead of 10,000 points, Adam instead of L-BFGS",
    ),
    Preset(
        "burgers_10000",
        "the equation of Burgers, all points at once",
        {"points": 10000},
        "Raissi et al., Physics Informed Deep Learning, arXiv 1711.10561",
        "2017-11",
        "Adam instead of L-BFGS",
    ),
    Preset(
        "korteweg_de_vries",
        "the equation of Korteweg and de Vries",
        {"points": 10000, "width": 50, "depth": 4, "order": 3},
        "Raissi, Deep Hidden Physics Models, arXiv 1801.06637",
        "2018-01",
        "the equation is given, not learned",
    ),
)


def layers(size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of the dense layers."""
    pairs = enumerate(itertools.pairwise([2, *[size["width"]] * size["depth"], 1]))
    return [(f"layers.{n}", n_in, n_out) for n, (n_in, n_out) in pairs]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, and batches of points in -1 to 1 and 0 to 1."""
    arrays: Arrays = {}
    for name, n_in, n_out in layers(size):
        arrays |= dense(rng, name, n_in, n_out)
    for name, count in (("inside", size["points"]), ("border", BORDER)):
        points = rng.random((BATCHES, count, 2), dtype=np.float32)
        points[..., 0] = 2 * points[..., 0] - 1
        arrays[name] = points
    arrays["border"][..., 1] = 0
    arrays["values"] = -np.sin(np.float32(np.pi) * arrays["border"][..., 0])
    return arrays


MODEL = Model(
    id="pinn",
    title="Physics-informed network, training",
    stands_for="losses that differentiate a network by its inputs",
    limits="float32, one unknown of two variables, Adam alone",
    keys=KEYS,
    depth="depth",
    presets=PRESETS,
    tiny={"points": 30, "width": 8, "depth": 2, "order": 3},
    inputs=inputs,
    samples_per_step=lambda size: float(size["points"]),
    sample="point",
    pytorch=(
        EAGER,
        Variant(
            "eager_forward",
            "pytorch.eager",
            "eager, derivatives by nested torch.func.jvp",
            records=True,
        ),
        Variant(
            "compile", "pytorch.compile", "the loss compiled, nested torch.func.jvp", records=True
        ),
        Variant("compile_step", "pytorch.compile", "the same, the optimizer compiled too"),
    ),
    jax=(
        Variant("jit", "jax.jit", "nested jax.grad of one point under vmap"),
        Variant("jit_forward", "jax.jit", "nested jax.jvp over all points"),
        Variant("jit_taylor", "jax.jit", "jax.experimental.jet over all points", rewrite=True),
    ),
    tolerance=Tolerance(forward=1e-4, grad=2e-3, curve=2e-3),
)
