"""Training step of a recurrent language model: embeddings, stacked cells, a head on every step.

Cells: ``lstm`` and ``gru`` as PyTorch's own layers compute them (two biases, the gates in the
order input, forget, cell, output, and reset, update, new); ``own`` is what no library's kernel
computes, a gated unit whose three gates are normalised together (Hafner et al., arXiv
2301.04104). All layers have one width; every sequence starts at zero. Next-token cross-entropy
over all steps; Adam at 2e-3, the gradient's norm clipped at 1.

Shapes: ``tokens`` (batches, length + 1, batch) int64, steps first as recurrent layers take them;
``cells.weight_ih_l0`` (gates * width, width) and ``cells.weight_hh_l0`` likewise float32 of
standard deviation 1 / sqrt(width), as PyTorch lays them out.

Stands for: language and sequence models on LSTM or GRU, and cells of one's own. Limits: float32,
one direction, no dropout, sequences of one length, the state is not carried between batches.

FLOP count: 2 multiply-adds per weight of a cell and of the head, step and sequence, times three
for the backward pass. Embeddings are looked up and not counted.
"""

from __future__ import annotations

import numpy as np

from probes.model import (
    BATCHES,
    COMPILE_STEP,
    Key,
    Model,
    Preset,
    Size,
    Variant,
    dense,
    normal,
)
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 2e-3
CLIP = 1.0
EPSILON = 1e-5
GATES = {"lstm": 4, "gru": 3, "own": 3}
# Steps of a scan that are written one after the other in the unrolled variant.
UNROLLED = 8

KEYS = (
    Key("cell", "kind of cell", "lstm", choices=("lstm", "gru", "own")),
    Key("layers", "cells on top of each other", 2, 1, 32),
    Key("width", "features of a state", 128, 1, 16384),
    Key("length", "steps of a sequence", 50, 2, 16384),
    Key("vocabulary", "different tokens", 65, 2, 1_000_000),
    Key("batch", "sequences", 50, 1, 65536),
)

PRESETS = (
    Preset(
        "char_rnn",
        "char-rnn on Shakespeare",
        {},
        "https://github.com/karpathy/char-rnn",
        "2015-05",
        "Adam instead of RMSprop, no dropout",
    ),
    Preset(
        "word_language_model",
        "PyTorch's word language model on WikiText-2",
        {"width": 200, "length": 35, "vocabulary": 33278, "batch": 20},
        "https://github.com/pytorch/examples/tree/main/word_language_model",
        "2022-09",
        "Adam instead of plain SGD, no dropout, the state is not carried",
    ),
    Preset(
        "zaremba_medium",
        "the medium regularised LSTM on Penn Treebank",
        {"width": 650, "length": 35, "vocabulary": 10000, "batch": 20},
        "Zaremba et al., Recurrent Neural Network Regularization, arXiv 1409.2329",
        "2014-09",
        "Adam instead of plain SGD, no dropout, the state is not carried",
    ),
    Preset(
        "normalised_gru",
        "the normalised recurrent unit of a world model",
        {"cell": "own", "layers": 1, "width": 512, "length": 64, "vocabulary": 1024, "batch": 16},
        "Hafner et al., Mastering Diverse Domains through World Models, arXiv 2301.04104",
        "2023-01",
        "the recurrent part alone, on tokens",
    ),
)


def weights(rng: np.random.Generator, size: Size) -> Arrays:
    """Every weight of the model, under the names that PyTorch's modules give them."""
    width, gates = size["width"], GATES[size["cell"]] * size["width"]
    arrays: Arrays = {"token.weight": normal(rng, (size["vocabulary"], width), 0.5)}
    for layer in range(size["layers"]):
        for side in ("ih", "hh"):
            name = f"{side}_l{layer}"
            arrays[f"cells.weight_{name}"] = normal(rng, (gates, width), width**-0.5)
            if size["cell"] != "own":
                arrays[f"cells.bias_{name}"] = normal(rng, (gates,), 0.1)
        if size["cell"] == "own":
            arrays[f"cells.norm_weight_l{layer}"] = np.ones(gates, np.float32)
            arrays[f"cells.norm_bias_l{layer}"] = np.zeros(gates, np.float32)
    return arrays | dense(rng, "head", width, size["vocabulary"])


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and batches of random tokens."""
    shape = (BATCHES, size["length"] + 1, size["batch"])
    return {**weights(rng, size), "tokens": rng.integers(0, size["vocabulary"], shape)}


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    width = size["width"]
    per_step = size["layers"] * 4 * GATES[size["cell"]] * width**2 + 2 * width * size["vocabulary"]
    return float(3 * size["length"] * size["batch"] * per_step)


_LIBRARY = {"cell": ("lstm", "gru")}
MODEL = Model(
    id="recurrent",
    title="Recurrent language model, training",
    stands_for="sequence models on LSTM or GRU, and on cells of one's own",
    limits="float32, one direction, no dropout, sequences of one length",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={"layers": 2, "width": 16, "length": 6, "vocabulary": 20, "batch": 3},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"] * size["length"]),
    sample="token",
    pytorch=(
        Variant("eager", "pytorch.eager", "the library's layers, eager", _LIBRARY, records=True),
        Variant("eager_own", "pytorch.eager", "a cell in a Python loop, eager", records=True),
        Variant("compile", "pytorch.compile", "all but the library's layers compiled", _LIBRARY),
        Variant("compile_own", "pytorch.compile", "a cell in a Python loop, the cell compiled"),
        Variant(
            "compile_loop",
            "pytorch.compile",
            "the whole loop compiled, which writes all of its steps out",
            at_most={"length": 64, "layers": 2},
            rewrite=True,
        ),
        COMPILE_STEP,
    ),
    jax=(
        Variant("jit", "jax.jit", "lax.scan over the steps of each layer"),
        Variant("jit_unroll", "jax.jit", f"lax.scan, {UNROLLED} steps written out"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
