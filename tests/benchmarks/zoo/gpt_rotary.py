"""A small Llama-like language model on bytes: root mean square norms, rotary positions, SwiGLU.

Four blocks of width 96, six query heads that share two key and value heads, an untied output
layer, AdamW with warm-up, a cosine and clipped gradients. The text is Python source of the
standard library; pieces of it are cut on the device, other ones at every step.

Weights are stored (in, out). ``text`` (bytes,) int64; ``starts`` (16, 8) int64.
"""

import json.decoder
import math
import textwrap
from pathlib import Path

import numpy as np

TITLE = "Byte-level language model, Llama-like"
TOLERANCE = 2e-3
BATCH, LENGTH, WIDTH, BLOCKS, VOCABULARY = 8, 64, 96, 4, 256
HEADS, SHARED, HEAD, INNER = 6, 2, 16, 256
RATE, WARM_UP, DECAY_STEPS, FLOOR, EPSILON = 2e-3, 20, 400, 0.1, 1e-6
SAMPLES_PER_STEP = BATCH * LENGTH
SHAPES = {
    "wq": (WIDTH, HEADS * HEAD),
    "wk": (WIDTH, SHARED * HEAD),
    "wv": (WIDTH, SHARED * HEAD),
    "wo": (HEADS * HEAD, WIDTH),
    "w1": (WIDTH, INNER),
    "w3": (WIDTH, INNER),
    "w2": (INNER, WIDTH),
}


def inputs(rng):
    """Weights, a text, and where the pieces of 16 batches begin."""
    sources = "".join(Path(m.__file__).read_text("utf-8") for m in (json.decoder, textwrap))
    text = np.frombuffer(sources.encode(), np.uint8).astype(np.int64)
    arrays = {
        "text": text,
        "starts": rng.integers(0, len(text) - LENGTH - 1, (16, BATCH)),
        "embed": (rng.standard_normal((VOCABULARY, WIDTH)) * 0.02).astype(np.float32),
        "head": (rng.standard_normal((WIDTH, VOCABULARY)) * 0.02).astype(np.float32),
    }
    for n in range(BLOCKS):
        for name, shape in SHAPES.items():
            scale = 0.02 / math.sqrt(2 * BLOCKS) if name in ("wo", "w2") else 0.02
            arrays[f"{n}.{name}"] = (rng.standard_normal(shape) * scale).astype(np.float32)
    return arrays


def torch_step(arrays):
    """A module per block, scaled dot products on shared heads, fused AdamW."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape, bias=False)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        return layer

    frequency = 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD)
    angle = torch.outer(torch.arange(LENGTH), frequency)

    class Attention(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.wq, self.wk, self.wv, self.wo = (linear(f"{n}.w{k}") for k in "qkvo")
            self.register_buffer("cos", angle.cos())
            self.register_buffer("sin", angle.sin())

        def rotated(self, x):
            a, b = x.chunk(2, dim=-1)
            return torch.cat((a * self.cos - b * self.sin, a * self.sin + b * self.cos), dim=-1)

        def forward(self, x):
            q, k, v = (
                y.unflatten(-1, (-1, HEAD)).transpose(1, 2)
                for y in (self.wq(x), self.wk(x), self.wv(x))
            )
            q, k = self.rotated(q), self.rotated(k)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            return self.wo(y.transpose(1, 2).flatten(2))

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm1, self.norm2 = (nn.RMSNorm(WIDTH, eps=EPSILON) for _ in range(2))
            self.attention = Attention(n)
            self.w1, self.w2, self.w3 = (linear(f"{n}.w{k}") for k in "123")

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            h = self.norm2(x)
            return x + self.w2(F.silu(self.w1(h)) * self.w3(h))

    device = arrays["text"].device
    embed = nn.Embedding.from_pretrained(arrays["embed"].clone(), freeze=False)
    blocks = (Block(n) for n in range(BLOCKS))
    model = nn.Sequential(embed, *blocks, nn.RMSNorm(WIDTH, eps=EPSILON), linear("head")).to(device)
    rate = torch.tensor(RATE / WARM_UP, device=device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    turn = torch.zeros((), dtype=torch.long, device=device)
    offsets = torch.arange(LENGTH + 1, device=device)

    def step():
        starts = arrays["starts"].index_select(0, (turn % 16).view(1)).view(-1, 1)
        tokens = arrays["text"][starts + offsets]
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        progress = ((turn - WARM_UP) / (DECAY_STEPS - WARM_UP)).clamp(0, 1)
        cosine = FLOOR + (1 - FLOOR) * 0.5 * (1 + torch.cos(math.pi * progress))
        rate.copy_(RATE * torch.where(turn < WARM_UP, (turn + 1) / WARM_UP, cosine))
        optimizer.step()
        turn.add_(1)
        return loss

    return step


def jax_step(arrays):
    """Pure functions over a dict of weights; optax does the schedule and the clipping."""
    import jax
    import jax.numpy as jnp
    import optax

    def schedule(turn):
        progress = jnp.clip((turn - WARM_UP) / (DECAY_STEPS - WARM_UP), 0, 1)
        cosine = FLOOR + (1 - FLOOR) * 0.5 * (1 + jnp.cos(jnp.pi * progress))
        return RATE * jnp.where(turn < WARM_UP, (turn + 1) / WARM_UP, cosine)

    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.95, weight_decay=0.1)
    )

    def norm(weight, x):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * weight

    def rotated(x):
        angle = jnp.outer(jnp.arange(LENGTH), 10000.0 ** (-jnp.arange(0, HEAD, 2) / HEAD))
        cos, sin = jnp.cos(angle)[:, None], jnp.sin(angle)[:, None]
        a, b = jnp.split(x, 2, -1)
        return jnp.concatenate((a * cos - b * sin, a * sin + b * cos), -1)

    def block(p, n, x):
        h = norm(p[f"{n}.norm1"], x)
        q, k, v = ((h @ p[f"{n}.w{c}"]).reshape(BATCH, LENGTH, -1, HEAD) for c in "qkv")
        mixed = jax.nn.dot_product_attention(rotated(q), rotated(k), v, is_causal=True)
        x = x + mixed.reshape(BATCH, LENGTH, -1) @ p[f"{n}.wo"]
        h = norm(p[f"{n}.norm2"], x)
        return x + (jax.nn.silu(h @ p[f"{n}.w1"]) * (h @ p[f"{n}.w3"])) @ p[f"{n}.w2"]

    def loss_of(p, tokens):
        x = p["embed"][tokens[:, :-1]]
        for n in range(BLOCKS):
            x = block(p, n, x)
        logits = norm(p["norm"], x) @ p["head"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()

    def step(state, arrays):
        p, moments, turn = state
        starts = arrays["starts"][turn % 16]
        tokens = arrays["text"][starts[:, None] + jnp.arange(LENGTH + 1)]
        loss, gradients = jax.value_and_grad(loss_of)(p, tokens)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, turn + 1), loss

    p = {k: v for k, v in arrays.items() if k not in ("text", "starts")}
    norms = [f"{n}.norm{k}" for n in range(BLOCKS) for k in (1, 2)]
    p |= {name: jnp.ones(WIDTH) for name in ["norm", *norms]}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
