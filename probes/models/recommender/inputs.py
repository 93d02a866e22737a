"""Training step of a click predictor: embeddings of categories, dense layers, their interaction.

13 numbers go through dense layers to one vector of ``width``; every table gives one more; the dot
products of all pairs, beside the first vector, go through dense layers to one logit. Both networks
have ``repeat`` layers for each of ``widths``, with ReLU. Binary cross-entropy; plain SGD at 0.1,
which only changes the rows that were looked up (Naumov et al., 2019).

Shapes: ``numbers`` (batches, batch, 13) and ``clicks`` (batches, batch) float32; ``rows`` (batches,
batch, tables) int64, already counted over all tables; ``table.weight`` (tables * rows, width)
float32 of standard deviation 1 / sqrt(rows); weights (in, out) of 1 / sqrt(in), biases zero.

Stands for: recommenders and click predictors of embeddings and dense layers. Limits: float32, one
row per table and sample, uniform rows (real ones repeat more), one device, no sharded tables.

FLOP count: 2 multiply-adds per weight and sample and 2 * width per pair of vectors, three times
that with the backward pass, less the gradient of the numbers. Look-ups are bound by memory.
"""

from __future__ import annotations

import itertools

import numpy as np

from probes.model import BATCHES, Key, Model, Preset, Size, Variant, dense, normal
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 0.1
NUMBERS = 13

KEYS = (
    Key("tables", "tables of embeddings", 26, 1, 1024),
    Key("rows", "rows of each table", 20000, 2, 100_000_000),
    Key("width", "features of an embedding", 16, 1, 1024),
    Key("widths", "features after hidden layers", [512, 256], 1, 65536, longest=16),
    Key("repeat", "layers of each width", 1, 1, 64),
    Key("batch", "samples", 128, 1, 1_000_000),
)

_DLRM = "https://github.com/facebookresearch/dlrm/blob/main/bench"
PRESETS = (
    Preset(
        "criteo_kaggle",
        "DLRM on Criteo's display advertising challenge",
        {},
        f"{_DLRM}/dlrm_s_criteo_kaggle.sh",
        "2019-06",
        "20,000 rows in each table instead of up to 10 million",
    ),
    Preset(
        "criteo_terabyte",
        "DLRM on Criteo's terabyte of clicks",
        {"rows": 100_000, "width": 64, "widths": [512, 512, 256], "batch": 2048},
        f"{_DLRM}/dlrm_s_criteo_terabyte.sh",
        "2019-06",
        "100,000 rows in each table instead of up to 10 million",
    ),
    Preset(
        "ncf_movielens",
        "neural collaborative filtering on MovieLens 20M",
        {"tables": 2, "rows": 138493, "width": 64, "widths": [256, 128, 64], "batch": 2048},
        "He et al., Neural Collaborative Filtering, arXiv 1708.05031",
        "2017-08",
        "dot products beside the dense layers, equally many users and items, plain SGD",
    ),
)


def layers(part: str, size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of the dense layers of a *part* (``bottom``, ``top``)."""
    inner = [width for width in size["widths"] for _ in range(size["repeat"])]
    vectors = size["tables"] + 1
    first, last = NUMBERS, size["width"]
    if part == "top":
        first, last = vectors * (vectors - 1) // 2 + size["width"], 1
    pairs = enumerate(itertools.pairwise([first, *inner, last]))
    return [(f"{part}.{n}", n_in, n_out) for n, (n_in, n_out) in pairs]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, and batches of numbers, rows and clicks."""
    arrays: Arrays = {}
    for name, n_in, n_out in (*layers("bottom", size), *layers("top", size)):
        arrays |= dense(rng, name, n_in, n_out)
    tables, rows, batch = size["tables"], size["rows"], size["batch"]
    arrays["table.weight"] = normal(rng, (tables * rows, size["width"]), rows**-0.5)
    arrays["numbers"] = normal(rng, (BATCHES, batch, NUMBERS))
    within = rng.integers(0, rows, (BATCHES, batch, tables))
    arrays["rows"] = within + rows * np.arange(tables)
    arrays["clicks"] = rng.integers(0, 2, (BATCHES, batch)).astype(np.float32)
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step, products only."""
    every = (*layers("bottom", size), *layers("top", size))
    products = [2.0 * n_in * n_out for _, n_in, n_out in every]
    pairs = 2.0 * (size["tables"] + 1) ** 2 * size["width"]
    return float(size["batch"] * (3 * (sum(products) + pairs) - products[0]))


MODEL = Model(
    id="recommender",
    title="Click predictor, training",
    stands_for="recommenders of embeddings and dense layers",
    limits="float32, one row per table, uniform rows, tables in the memory of one device",
    keys=KEYS,
    depth="repeat",
    presets=PRESETS,
    tiny={"tables": 3, "rows": 20, "width": 8, "widths": [16, 8], "repeat": 2, "batch": 6},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"]),
    sample="sample",
    pytorch=(
        Variant("eager", "pytorch.eager", "eager, sparse gradients of the table"),
        Variant(
            "eager_dense", "pytorch.eager", "eager, dense gradients of the table", records=True
        ),
        Variant("compile", "pytorch.compile", "all but the sparse look-up compiled"),
        Variant(
            "compile_dense",
            "pytorch.compile",
            "all compiled, dense gradients of the table",
            records=True,
        ),
        Variant("compile_step", "pytorch.compile", "the same, the optimizer compiled too"),
    ),
    jax=(
        Variant("jit", "jax.jit", "gradients of the rows looked up, added to the table"),
        Variant("jit_dense", "jax.jit", "dense gradients of the table"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
)
