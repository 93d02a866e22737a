"""A small GPT-2 on words: layer norms, learned positions, tied embeddings, biases everywhere.

Three blocks of width 128 with one joint product for query, key and value, GELU, decay on
matrices only. The text is Python source of the standard library, split into words and signs;
the 1023 most frequent ones and "other" are the vocabulary.

Weights are stored (out, in) under the names of the module. ``batches`` (12, 6, 65) int64.
"""

import argparse
import collections
import inspect
import math
import re
from pathlib import Path

import numpy as np

TITLE = "Word-level language model, GPT-2-like"
TOLERANCE = 2e-3
BATCHES, BATCH, LENGTH, VOCABULARY = 12, 6, 64, 1024
LAYERS, WIDTH, HEADS = 3, 128, 4
RATE, DECAY = 1e-3, 0.1
SAMPLES_PER_STEP = BATCH * LENGTH


def words_of(vocabulary):
    """The source of two modules as a sequence of word numbers, 0 for rare words."""
    source = "".join(Path(m.__file__).read_text("utf-8") for m in (argparse, inspect))
    pieces = re.findall(r"\w+|\s+|[^\w\s]", source)
    common = collections.Counter(pieces).most_common(vocabulary - 1)
    number = {word: n for n, (word, _) in enumerate(common, start=1)}
    return np.array([number.get(piece, 0) for piece in pieces], np.int64)


def inputs(rng):
    """GPT-2's initialisation, and pieces of the text."""
    words = words_of(VOCABULARY)
    starts = rng.integers(0, len(words) - LENGTH - 1, (BATCHES, BATCH, 1))
    arrays = {"batches": words[starts + np.arange(LENGTH + 1)]}

    def layer(name, n_out, n_in, scale=0.02):
        arrays[f"{name}.weight"] = (rng.standard_normal((n_out, n_in)) * scale).astype(np.float32)
        arrays[f"{name}.bias"] = np.zeros(n_out, np.float32)

    def norm(name):
        arrays[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        arrays[f"{name}.bias"] = np.zeros(WIDTH, np.float32)

    for name, rows in (("wte", VOCABULARY), ("wpe", LENGTH)):
        table = rng.standard_normal((rows, WIDTH)) * 0.02
        arrays[f"{name}.weight"] = table.astype(np.float32)
    for n in range(LAYERS):
        norm(f"h.{n}.ln_1")
        norm(f"h.{n}.ln_2")
        layer(f"h.{n}.c_attn", 3 * WIDTH, WIDTH)
        layer(f"h.{n}.c_proj", WIDTH, WIDTH, 0.02 / math.sqrt(2 * LAYERS))
        layer(f"h.{n}.c_fc", 4 * WIDTH, WIDTH)
        layer(f"h.{n}.c_out", WIDTH, 4 * WIDTH, 0.02 / math.sqrt(2 * LAYERS))
    norm("ln_f")
    return arrays


def torch_step(arrays):
    """The module takes its weights as a checkpoint; two parameter groups, one with decay."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.c_attn, self.c_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.c_fc, self.c_out = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x):
            b, t, c = x.shape
            qkv = self.c_attn(self.ln_1(x)).view(b, t, 3, HEADS, c // HEADS)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.c_proj(y.transpose(1, 2).reshape(b, t, c))
            return x + self.c_out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.h = nn.ModuleList(Block() for _ in range(LAYERS))
            self.ln_f = nn.LayerNorm(WIDTH)

        def forward(self, tokens, targets):
            places = torch.arange(tokens.shape[1], device=tokens.device)
            x = self.wte(tokens) + self.wpe(places)
            for block in self.h:
                x = block(x)
            logits = F.linear(self.ln_f(x), self.wte.weight)
            return F.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1))

    batches = arrays["batches"]
    model = GPT().to(batches.device)
    model.load_state_dict({k: v for k, v in arrays.items() if k != "batches"})
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": DECAY},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=batches.device)

    def step():
        batch = batches.index_select(0, turn)[0]
        loss = model(batch[:, :-1], batch[:, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        turn.add_(1).remainder_(BATCHES)
        return loss

    return step


def jax_step(arrays):
    """The same weights, transposed once to (in, out)."""
    import jax
    import jax.numpy as jnp
    import optax

    def decayed(p):
        return jax.tree.map(lambda w: w.ndim > 1, p)

    optimizer = optax.adamw(RATE, b1=0.9, b2=0.99, weight_decay=DECAY, mask=decayed)

    def norm(p, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5)
        return x * p[f"{name}.weight"] + p[f"{name}.bias"]

    def dense(p, name, x):
        return x @ p[f"{name}.weight"] + p[f"{name}.bias"]

    def block(p, name, x):
        b, t, c = x.shape
        qkv = dense(p, f"{name}.c_attn", norm(p, f"{name}.ln_1", x))
        q, k, v = jnp.moveaxis(qkv.reshape(b, t, 3, HEADS, c // HEADS), 2, 0)
        y = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        x = x + dense(p, f"{name}.c_proj", y.reshape(b, t, c))
        h = jax.nn.gelu(dense(p, f"{name}.c_fc", norm(p, f"{name}.ln_2", x)))
        return x + dense(p, f"{name}.c_out", h)

    def loss_of(p, batch):
        x = p["wte.weight"][batch[:, :-1]] + p["wpe.weight"]
        for n in range(LAYERS):
            x = block(p, f"h.{n}", x)
        logits = norm(p, "ln_f", x) @ p["wte.weight"].T
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch[:, 1:]).mean()

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["batches"][turn])
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % BATCHES), loss

    p = {k: v.T if k.startswith("h.") else v for k, v in arrays.items() if k != "batches"}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
