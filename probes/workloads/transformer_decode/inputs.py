"""One token of text generation: a transformer at batch 1 with a key-value cache.

The model of `transformer_train`; one call embeds the last token, runs every block against a
cache of fixed length, writes this token's keys and values into it, and picks the next token
greedily. The place in the cache wraps around at its end, so that calls can go on for ever.

Shapes: weights (in, out) float32; the cache is (1, length, heads, 32) per block for keys and for
values (heads before length in PyTorch); ``token`` (1,) int64. The output is the logits.

Stands for: the latency of serving one user, where the cost of small operations and of reading
the weights shows. Limits: float32, no batching, no paged cache, no quantisation; serving systems
(vLLM, SGLang, JetStream) decide throughput for many users, not the bare framework.

FLOP count: 2 per weight of a dense layer, 4 * length * width per block for attention over the
whole cache. Bytes: those weights and the cache, read once.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload
from probes.workloads.transformer_train.inputs import weights


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and a first token."""
    return {**weights(rng, size), "token": rng.integers(0, size["vocabulary"], 1)}


def flops(size: Size) -> float:
    """Floating-point operations of one token."""
    d = size["width"]
    per_block = 24 * d * d + 4 * size["length"] * d
    return float(size["blocks"] * per_block + 2 * d * size["vocabulary"])


def bytes_moved(size: Size) -> float:
    """Bytes of the weights and the cache."""
    d = size["width"]
    per_block = 12 * d * d + 2 * size["length"] * d
    return 4.0 * (size["blocks"] * per_block + d * size["vocabulary"])


WORKLOAD = Workload(
    id="transformer_decode",
    title="Transformer, one token",
    stands_for="the latency of text generation for one user",
    limits="float32, no batching, no paged cache, no quantisation",
    sizes={
        "small": {"length": 128, "width": 128, "blocks": 4, "vocabulary": 1024},
        "medium": {"length": 256, "width": 384, "blocks": 6, "vocabulary": 4096},
        "large": {"length": 512, "width": 512, "blocks": 8, "vocabulary": 8192},
    },
    inputs=inputs,
    flops=flops,
    bytes_moved=bytes_moved,
    tolerance=Tolerance(forward=1e-4, curve=1e-3),
    latency=True,
)
