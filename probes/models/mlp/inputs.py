"""Training step of a dense network: layers with biases and ReLU, cross-entropy, Adam at 1e-3.

Shapes: ``x`` (batches, batch, inputs) float32; ``y`` (batches, batch) int64 of ``classes``;
weights (in, out) float32 of standard deviation sqrt(2 / in) (He et al., 2015), biases zero.
Each of ``widths`` stands for ``repeat`` layers of that width, one after the other.

Stands for: classifiers of tables and small images, reward and value networks. Limits: float32,
no dropout, no normalisation, no input pipeline.

FLOP count: 2 multiply-adds per weight and sample, three times that with the backward pass, less
the input gradient of the first layer.
"""

from __future__ import annotations

import itertools

import numpy as np

from probes.model import BATCHES, Key, Model, Preset, Size, dense, normal
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 1e-3

KEYS = (
    Key("inputs", "features of a sample", 784, 1, 65536),
    Key("widths", "features after hidden layers", [512, 512], 1, 65536, longest=16),
    Key("repeat", "layers of each width", 1, 1, 200),
    Key("batch", "samples", 128, 1, 1_000_000),
    Key("classes", "classes", 10, 2, 100_000),
)

PRESETS = (
    Preset(
        "mnist_mlp",
        "two hidden layers of 512 on MNIST",
        {},
        "https://github.com/keras-team/keras/blob/2.3.0/examples/mnist_mlp.py",
        "2019-09",
        "Adam instead of RMSprop, no dropout",
    ),
    Preset(
        "tabular_9x512",
        "nine layers of 512 on a table (Covertype)",
        {"inputs": 54, "widths": [512], "repeat": 9, "classes": 7},
        "Kadra et al., Well-tuned Simple Nets Excel on Tabular Datasets, arXiv 2106.11189",
        "2021-06",
        "none of the regularisers that are chosen there per data set",
    ),
)


def layers(size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of every dense layer."""
    widths = [size["inputs"]]
    widths += [width for width in size["widths"] for _ in range(size["repeat"])]
    widths.append(size["classes"])
    pairs = enumerate(itertools.pairwise(widths))
    return [(f"layers.{n}", n_in, n_out) for n, (n_in, n_out) in pairs]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and batches of normal features with random classes."""
    arrays: Arrays = {}
    for name, n_in, n_out in layers(size):
        arrays |= dense(rng, name, n_in, n_out, gain=2**0.5)
    arrays["x"] = normal(rng, (BATCHES, size["batch"], size["inputs"]))
    arrays["y"] = rng.integers(0, size["classes"], (BATCHES, size["batch"]))
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    products = [2.0 * n_in * n_out for _, n_in, n_out in layers(size)]
    return float(size["batch"] * (3 * sum(products) - products[0]))


MODEL = Model(
    id="mlp",
    title="Dense network, training",
    stands_for="classifiers of tables and small images, reward and value networks",
    limits="float32, no dropout, no normalisation, no input pipeline",
    keys=KEYS,
    depth="repeat",
    presets=PRESETS,
    tiny={"inputs": 12, "widths": [16, 8], "repeat": 2, "batch": 8, "classes": 3},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="sample",
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    split=("x", "y"),
)
