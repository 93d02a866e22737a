"""One training step of a small decoder-only transformer, as language models are built.

Token and position embeddings, pre-norm blocks of causal attention and a GELU layer of four
times the width, a final norm and an untied output layer; next-token cross-entropy, Adam at
1e-3. Attention goes through each framework's own fused entry point.

Shapes: ``tokens`` (batch, length + 1) int64, the last column only a target; weights (in, out)
float32, scaled by 1 / sqrt(in); the query, key and value projection is one (width, 3 * width).

Stands for: training or fine-tuning transformers. Limits: float32 only, no dropout, no padding,
short sequences; on accelerators real models use bfloat16 and longer ones.

FLOP count: 2 per weight of a dense layer and token forward, plus 4 * length * width per token
and block for attention (the causal half is not subtracted, since not all kernels skip it),
times three for the backward pass.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

LEARNING_RATE = 1e-3
EPSILON = 1e-5
HEAD_WIDTH = 32


def weights(rng: np.random.Generator, size: Size) -> Arrays:
    """Every weight of the model, under the names that PyTorch's module gives them."""
    d, vocabulary, length = size["width"], size["vocabulary"], size["length"]

    arrays: Arrays = {
        "token.weight": normal(rng, (vocabulary, d), 0.5),
        "position.weight": normal(rng, (length, d), 0.1),
    }
    for n in range(size["blocks"]):
        for layer, n_in, n_out in (
            ("qkv", d, 3 * d),
            ("project", d, d),
            ("expand", d, 4 * d),
            ("contract", 4 * d, d),
        ):
            arrays[f"blocks.{n}.{layer}.weight"] = normal(rng, (n_in, n_out), n_in**-0.5)
            arrays[f"blocks.{n}.{layer}.bias"] = np.zeros(n_out, np.float32)
        for norm in ("norm1", "norm2"):
            arrays[f"blocks.{n}.{norm}.weight"] = np.ones(d, np.float32)
            arrays[f"blocks.{n}.{norm}.bias"] = np.zeros(d, np.float32)
    arrays["norm.weight"] = np.ones(d, np.float32)
    arrays["norm.bias"] = np.zeros(d, np.float32)
    arrays["head.weight"] = normal(rng, (d, vocabulary), d**-0.5)
    return arrays


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and one batch of random tokens."""
    arrays = weights(rng, size)
    shape = (size["batch"], size["length"] + 1)
    arrays["tokens"] = rng.integers(0, size["vocabulary"], shape)
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one training step."""
    d, length = size["width"], size["length"]
    per_token = size["blocks"] * (2 * 12 * d * d + 4 * length * d) + 2 * d * size["vocabulary"]
    return 3.0 * size["batch"] * length * per_token


WORKLOAD = Workload(
    id="transformer_train",
    title="Transformer training step",
    stands_for="training and fine-tuning of transformers",
    limits="float32, no dropout, no padding, short sequences",
    sizes={
        "small": {"batch": 4, "length": 32, "width": 64, "blocks": 2, "vocabulary": 256},
        "medium": {"batch": 8, "length": 64, "width": 128, "blocks": 2, "vocabulary": 512},
        "large": {"batch": 8, "length": 128, "width": 256, "blocks": 4, "vocabulary": 2048},
    },
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"] * size["length"]),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    trains=True,
)
