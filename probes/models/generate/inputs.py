"""Generation of text by a decoder: a prompt at once, then token by token with a cache.

The model of `probes.models.decoder`. One step takes a batch of prompts, fills the caches of keys
and values with them, and picks ``new_tokens`` tokens greedily, one after the other. Caches have
room for ``length`` tokens and are used again and again. So that no call can overlap with the last
one, its last tokens are the first of the next prompts.

Shapes: ``prompts`` (batches, batch, prompt) int64; weights as for the decoder, float32; caches
(batch, heads, length, features) per layer for keys and for values (heads after length in JAX).
The output is the logits of the last token (batch, vocabulary).

Stands for: generation with a model of one's own, for one user or a fixed batch. Limits: float32,
greedy, no requests that come and go, no paged cache, no quantisation: serving systems decide
throughput for many users, not the bare framework.

FLOP count: 2 per weight of a dense layer and token of prompt and output, plus 4 * width per layer
and pair of a token with one before it; the last layer's logits for new tokens only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from probes.model import BATCHES, Key, Model, Preset, Size, Variant
from probes.models.decoder import inputs as decoder
from probes.workload import Arrays, Tolerance

_DEFAULTS = {"layers": 6, "width": 384, "heads": 6, "length": 256, "batch": 1}
KEYS = (
    *(replace(key, default=_DEFAULTS.get(key.name, key.default)) for key in decoder.KEYS),
    Key("prompt", "tokens of a prompt", 16, 1, 131072),
    Key("new_tokens", "tokens that are generated", 100, 2, 131072),
)

_NANOGPT = "https://github.com/karpathy/nanoGPT"
_HOW = "greedy, with a cache"
PRESETS = (
    Preset(
        "nanogpt_char", "nanoGPT on characters", {}, _NANOGPT, "2025-11", "greedy, with a cache"
    ),
    Preset(
        "gpt2_124m",
        "GPT-2 (124 million), five samples",
        {"layers": 12, "width": 768, "heads": 12, "length": 1024, "vocabulary": 50304, "batch": 5},
        _NANOGPT,
        "2025-11",
        _HOW,
    ),
    Preset(
        "stories_15m",
        "LLaMA-like on TinyStories (15 million)",
        {"width": 288, "vocabulary": 32000, "prompt": 1, "new_tokens": 255}
        | {"norm": "rms", "mlp": "gated", "positions": "rotary"},
        "https://github.com/karpathy/llama2.c",
        "2024-08",
        "greedy",
    ),
)


def fits(size: Size) -> str | None:
    """Prompt and output have to fit into the cache, besides what the decoder needs."""
    total = size["prompt"] + size["new_tokens"]
    if total > size["length"]:
        return f"prompt and new_tokens are {total} together; length is {size['length']}"
    return decoder.fits(size)


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and batches of random prompts."""
    shape = (BATCHES, size["batch"], size["prompt"])
    return {
        **decoder.weights(rng, size),
        "prompts": rng.integers(0, size["vocabulary"], shape),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one step: a prompt and its continuation."""
    # The last token is picked and not taken in any more.
    tokens = size["prompt"] + size["new_tokens"] - 1
    alone = {**size, "length": 0, "vocabulary": 0}
    pairs = tokens * (tokens + 1) / 2
    logits = 2.0 * size["width"] * size["vocabulary"] * size["new_tokens"]
    attention = 4 * size["layers"] * size["width"] * pairs
    return float(size["batch"] * (tokens * decoder.token_flops(alone) + attention + logits))


MODEL = Model(
    id="generate",
    title="GPT-like model, generating text",
    stands_for="generation of text with a model of one's own",
    limits="float32, greedy, a fixed batch, no paged cache, no quantisation",
    keys=KEYS,
    depth="layers",
    presets=PRESETS,
    tiny={**decoder.MODEL.tiny, "prompt": 4, "new_tokens": 5},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["batch"] * size["new_tokens"]),
    sample="token",
    fits=fits,
    pytorch=(
        Variant("eager", "pytorch.eager", "eager, the part of the cache that is filled"),
        Variant("eager_static", "pytorch.eager", "eager, the whole cache behind a mask"),
        Variant("compile", "pytorch.compile", "prompt and token compiled, a static cache"),
    ),
    jax=(
        Variant("jit", "jax.jit", "all tokens in one program, lax.scan"),
        Variant("jit_token", "jax.jit", "a Python loop around one token, the cache donated"),
    ),
    tolerance=Tolerance(forward=1e-4, curve=1e-3),
    trains=False,
)
