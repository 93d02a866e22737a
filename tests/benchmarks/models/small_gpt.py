"""A small character-level GPT on real text: what the suite predicts by, and does not contain.

Unlike the suite's transformer: root mean square norms, gated feed-forward layers, tied output
weights, AdamW with decay. Three blocks of width 96 over 64 characters, batch 8; the text is
the source of a module of the standard library.

Shapes: ``tokens`` (8, 65) int64; ``emb`` (128, 96); per block ``qkv`` (96, 288), ``out`` (96, 96),
``gate`` and ``up`` (96, 256), ``down`` (256, 96), two norms (96,); all float32.
"""

import textwrap
from pathlib import Path

import numpy as np

TITLE = "Small GPT on text"
TOLERANCE = 2e-3
BATCH, LENGTH, WIDTH, HEADS, INNER, BLOCKS, VOCABULARY = 8, 64, 96, 4, 256, 3, 128
RATE, DECAY, EPSILON = 1e-3, 0.01, 1e-5
_PER_TOKEN = (
    BLOCKS * (2 * (4 * WIDTH * WIDTH + 3 * WIDTH * INNER) + 4 * LENGTH * WIDTH)
    + 2 * WIDTH * VOCABULARY
)
FLOPS = 3.0 * BATCH * LENGTH * _PER_TOKEN
SAMPLES_PER_STEP = BATCH * LENGTH


def inputs(rng):
    """Weights scaled by 1 / sqrt(in), and one batch of pieces of the text."""
    text = Path(textwrap.__file__).read_text("ascii", "replace").encode("ascii", "replace")
    codes = np.frombuffer(text, np.uint8).astype(np.int64)
    starts = rng.integers(0, len(codes) - LENGTH - 1, BATCH)

    def weight(n_in, n_out):
        return (rng.standard_normal((n_in, n_out)) * n_in**-0.5).astype(np.float32)

    arrays = {
        "tokens": np.stack([codes[s : s + LENGTH + 1] for s in starts]),
        "emb": (rng.standard_normal((VOCABULARY, WIDTH)) * 0.05).astype(np.float32),
        "pos": (rng.standard_normal((LENGTH, WIDTH)) * 0.05).astype(np.float32),
        "norm": np.ones(WIDTH, np.float32),
    }
    for n in range(BLOCKS):
        arrays[f"{n}.norm1"] = np.ones(WIDTH, np.float32)
        arrays[f"{n}.norm2"] = np.ones(WIDTH, np.float32)
        arrays[f"{n}.qkv"] = weight(WIDTH, 3 * WIDTH)
        arrays[f"{n}.out"] = weight(WIDTH, WIDTH)
        arrays[f"{n}.gate"] = weight(WIDTH, INNER)
        arrays[f"{n}.up"] = weight(WIDTH, INNER)
        arrays[f"{n}.down"] = weight(INNER, WIDTH)
    return arrays


def torch_step(arrays):
    """One AdamW step of a module."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        n_in, n_out = arrays[name].shape
        layer = nn.Linear(n_in, n_out, bias=False)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        return layer

    def norm(name):
        layer = nn.RMSNorm(WIDTH, eps=EPSILON)
        layer.weight = nn.Parameter(arrays[name].clone())
        return layer

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm1, self.norm2 = norm(f"{n}.norm1"), norm(f"{n}.norm2")
            self.qkv, self.out = linear(f"{n}.qkv"), linear(f"{n}.out")
            self.gate, self.up, self.down = (linear(f"{n}.{k}") for k in ("gate", "up", "down"))

        def forward(self, x):
            q, k, v = (
                part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
            )
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).flatten(2))
            h = self.norm2(x)
            return x + self.down(F.silu(self.gate(h)) * self.up(h))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.emb = nn.Parameter(arrays["emb"].clone())
            self.pos = nn.Parameter(arrays["pos"].clone())
            self.blocks = nn.ModuleList(Block(n) for n in range(BLOCKS))
            self.norm = norm("norm")

        def forward(self, tokens):
            x = F.embedding(tokens, self.emb) + self.pos
            for block in self.blocks:
                x = block(x)
            return self.norm(x) @ self.emb.T

    tokens = arrays["tokens"]
    model = GPT().to(tokens.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax_step(arrays):
    """The same as a pure function of parameters and optimizer state."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def norm(weight, x):
        return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + EPSILON) * weight

    def block(p, n, x):
        q, k, v = (
            part.reshape(*part.shape[:2], HEADS, -1)
            for part in jnp.split(norm(p[f"{n}.norm1"], x) @ p[f"{n}.qkv"], 3, axis=-1)
        )
        mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        x = x + mixed.reshape(x.shape) @ p[f"{n}.out"]
        h = norm(p[f"{n}.norm2"], x)
        return x + (jax.nn.silu(h @ p[f"{n}.gate"]) * (h @ p[f"{n}.up"])) @ p[f"{n}.down"]

    def loss_of(p, tokens):
        x = p["emb"][tokens[:, :-1]] + p["pos"]
        for n in range(BLOCKS):
            x = block(p, n, x)
        logits = norm(p["norm"], x) @ p["emb"].T
        return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()

    def step(state, arrays):
        p, optimizer_state = state
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["tokens"])
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, p)
        return (optax.apply_updates(p, updates), optimizer_state), loss

    parameters = {name: array for name, array in arrays.items() if name != "tokens"}
    return step, (parameters, optimizer.init(parameters))
