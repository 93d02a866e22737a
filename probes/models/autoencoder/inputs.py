"""Training step of a variational autoencoder, the noise of its latent variables as an input.

Dense encoder and decoder of ``layers`` hidden layers each, ReLU; mean and logarithm of the
variance of the latent variables; binary cross-entropy of the reconstruction plus the divergence
from the standard normal, both per sample; Adam at 1e-3.

Shapes: ``x`` (batches, batch, inputs) float32 in 0 to 1; ``noise`` (batches, batch, latent)
float32; weights (in, out) float32 of standard deviation 1 / sqrt(in), biases zero.

Stands for: autoencoders and other pairs of dense networks with a sampled middle. Limits: float32,
dense layers only, one sample of the noise, drawn outside of the step.

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
    Key("hidden", "features after hidden layers", 400, 1, 65536),
    Key("layers", "hidden layers of encoder and decoder", 1, 1, 100),
    Key("latent", "latent variables", 20, 1, 16384),
    Key("batch", "samples", 128, 1, 1_000_000),
)

PRESETS = (
    Preset(
        "mnist_vae",
        "variational autoencoder on MNIST",
        {},
        "https://github.com/pytorch/examples/blob/main/vae/main.py",
        "2022-09",
    ),
    Preset(
        "kingma_welling",
        "the first variational autoencoder, on MNIST",
        {"hidden": 500, "latent": 20, "batch": 100},
        "Kingma and Welling, Auto-Encoding Variational Bayes, arXiv 1312.6114",
        "2013-12",
        "ReLU instead of tanh, Adam instead of Adagrad",
    ),
)


def stack(part: str, size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of the dense layers of a *part* (``encoder``, ``decoder``)."""
    inner = [size["hidden"]] * size["layers"]
    first, last = size["inputs"], 2 * size["latent"]
    if part == "decoder":
        first, last = size["latent"], size["inputs"]
    pairs = enumerate(itertools.pairwise([first, *inner, last]))
    return [(f"{part}.{n}", n_in, n_out) for n, (n_in, n_out) in pairs]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, and batches of samples and noise."""
    arrays: Arrays = {}
    for name, n_in, n_out in (*stack("encoder", size), *stack("decoder", size)):
        arrays |= dense(rng, name, n_in, n_out)
    arrays["x"] = rng.random((BATCHES, size["batch"], size["inputs"]), dtype=np.float32)
    arrays["noise"] = normal(rng, (BATCHES, size["batch"], size["latent"]))
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    layers = (*stack("encoder", size), *stack("decoder", size))
    products = [2.0 * n_in * n_out for _, n_in, n_out in layers]
    return float(size["batch"] * (3 * sum(products) - products[0]))


MODEL = Model(
    id="autoencoder",
    title="Variational autoencoder, training",
    stands_for="autoencoders and pairs of dense networks with a sampled middle",
    limits="float32, dense layers only, noise drawn outside of the step",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={"inputs": 12, "hidden": 8, "layers": 2, "latent": 3, "batch": 6},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="sample",
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
