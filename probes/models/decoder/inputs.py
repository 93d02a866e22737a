"""Training step of a decoder-only transformer, as language models are trained.

Token embeddings (tied to the output layer) and positions, learned or rotary; pre-norm blocks of
causal attention and a GELU layer of four times the width, or a gated SiLU layer of eight thirds;
a final norm; next-token cross-entropy over all positions; AdamW with decay on matrices only, the
gradient's norm clipped at 1. No biases, as nanoGPT and LLaMA have none.

Shapes: ``tokens`` (batches, batch, length + 1) int64, the last column only a target; weights
(in, out) float32 of standard deviation 0.02, smaller by sqrt(2 * layers) where they add to the
residual stream (Radford et al., 2019).

Stands for: pre-training and full fine-tuning of GPT-like models. Limits: float32, no dropout, no
grouped queries, no experts, no padding or packing, one device, no gradient accumulation.

FLOP count: 2 per weight of a dense layer and token forward, plus 4 * length * width per token
and layer for attention (the causal half is not subtracted, since not all kernels skip it), times
three for the backward pass.
"""

from __future__ import annotations

import numpy as np

from probes.model import (
    BATCHES,
    COMPILE,
    COMPILE_STEP,
    EAGER,
    JIT,
    Key,
    Model,
    Preset,
    Size,
    Variant,
    normal,
)
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.95)
CLIP = 1.0
EPSILON = 1e-5
ROTARY_BASE = 10000.0

KEYS = (
    Key("layers", "transformer blocks", 4, 1, 200),
    Key("width", "features of a token", 128, 8, 16384),
    Key("heads", "attention heads", 4, 1, 256),
    Key("length", "tokens of a sequence", 64, 2, 131072),
    Key("vocabulary", "different tokens", 65, 2, 1_000_000),
    Key("batch", "sequences", 12, 1, 65536),
    Key("norm", "normalisation", "layer", choices=("layer", "rms")),
    Key("mlp", "dense layers of a block", "gelu", choices=("gelu", "gated")),
    Key("positions", "how places are told", "learned", choices=("learned", "rotary")),
)

_NANOGPT = "https://github.com/karpathy/nanoGPT"
_GPT2 = {"length": 1024, "vocabulary": 50304, "batch": 12}
_LLAMA = {"norm": "rms", "mlp": "gated", "positions": "rotary"}
PRESETS = (
    Preset("nanogpt_cpu", "nanoGPT on characters, for a laptop", {}, _NANOGPT, "2025-11"),
    Preset(
        "nanogpt_char",
        "nanoGPT on characters",
        {"layers": 6, "width": 384, "heads": 6, "length": 256, "batch": 64},
        f"{_NANOGPT}/blob/master/config/train_shakespeare_char.py",
        "2025-11",
        "no dropout",
    ),
    Preset(
        "gpt2_124m",
        "GPT-2 (124 million)",
        {"layers": 12, "width": 768, "heads": 12, **_GPT2},
        f"{_NANOGPT}/blob/master/config/train_gpt2.py",
        "2025-11",
        "float32; one micro-batch",
    ),
    Preset(
        "gpt2_medium",
        "GPT-2 medium (350 million)",
        {"layers": 24, "width": 1024, "heads": 16, **_GPT2},
        "Radford et al., Language Models are Unsupervised Multitask Learners",
        "2019-02",
        "float32; one micro-batch of 12",
    ),
    Preset(
        "stories_15m",
        "LLaMA-like on TinyStories (15 million)",
        {"layers": 6, "width": 288, "heads": 6, "length": 256, "vocabulary": 32000, "batch": 128}
        | _LLAMA,
        "https://github.com/karpathy/llama2.c/blob/master/train.py",
        "2024-08",
        "float32; one micro-batch",
    ),
    Preset(
        "llama_7b",
        "LLaMA (7 billion)",
        {"layers": 32, "width": 4096, "heads": 32, "length": 2048, "vocabulary": 32000, "batch": 1}
        | _LLAMA,
        "Touvron et al., arXiv 2302.13971",
        "2023-02",
        "float32; one sequence; embeddings tied",
    ),
)


def gated_width(width: int) -> int:
    """Inner width of the gated layer: eight thirds of *width*, up to a multiple of 32."""
    return -(-8 * width // 96) * 32


def fits(size: Size) -> str | None:
    """Heads have to divide the width, into an even number of features for rotary positions."""
    width, heads = size["width"], size["heads"]
    if width % heads:
        return f"heads is {heads}; it has to divide the width of {width}"
    if size["positions"] == "rotary" and (width // heads) % 2:
        return f"width over heads is {width // heads}; rotary positions need an even number"
    return None


def weights(rng: np.random.Generator, size: Size) -> Arrays:
    """Every weight of the model, under the names that PyTorch's module gives them."""
    d = size["width"]
    deep = 0.02 * (2 * size["layers"]) ** -0.5
    arrays: Arrays = {"token.weight": normal(rng, (size["vocabulary"], d), 0.02)}
    if size["positions"] == "learned":
        arrays["position.weight"] = normal(rng, (size["length"], d), 0.02)
    norms = []
    for n in range(size["layers"]):
        block = f"blocks.{n}"
        norms += [f"{block}.norm1", f"{block}.norm2"]
        arrays[f"{block}.qkv.weight"] = normal(rng, (d, 3 * d), 0.02)
        arrays[f"{block}.project.weight"] = normal(rng, (d, d), deep)
        inner = 4 * d if size["mlp"] == "gelu" else gated_width(d)
        if size["mlp"] == "gated":
            arrays[f"{block}.gate.weight"] = normal(rng, (d, inner), 0.02)
        arrays[f"{block}.expand.weight"] = normal(rng, (d, inner), 0.02)
        arrays[f"{block}.contract.weight"] = normal(rng, (inner, d), deep)
    for name in (*norms, "norm"):
        arrays[f"{name}.weight"] = np.ones(d, np.float32)
    return arrays


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and batches of random tokens."""
    shape = (BATCHES, size["batch"], size["length"] + 1)
    return {**weights(rng, size), "tokens": rng.integers(0, size["vocabulary"], shape)}


def token_flops(size: Size) -> float:
    """Floating-point operations of one token forward, in a sequence of ``length``."""
    d = size["width"]
    mlp = 8 * d * d if size["mlp"] == "gelu" else 3 * d * gated_width(d)
    per_layer = 2 * (4 * d * d + mlp) + 4 * size["length"] * d
    return float(size["layers"] * per_layer + 2 * d * size["vocabulary"])


def flops(size: Size) -> float:
    """Floating-point operations of one training step."""
    return 3 * token_flops(size) * float(size["batch"] * size["length"])


MODEL = Model(
    id="decoder",
    title="GPT-like model, training",
    stands_for="pre-training and fine-tuning of decoder-only transformers",
    limits="float32, no dropout, no grouped queries, no experts, no padding, one device",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={"layers": 2, "width": 32, "heads": 2, "length": 12, "vocabulary": 50, "batch": 3},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"] * size["length"]),
    sample="token",
    fits=fits,
    pytorch=(EAGER, COMPILE, COMPILE_STEP),
    jax=(
        JIT,
        Variant("jit_written", "jax.jit", "attention written out as two products and a softmax"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    split=("tokens",),
)
