"""Sampling from a small GPT with a cache: a batch of prompts, then eight tokens one by one.

Three blocks of width 128 with layer norms, learned positions and parallel attention and
feed-forward layers (as in GPT-J); the 40 likeliest tokens are kept and one is drawn by Gumbel
noise that was made beforehand. A step answers four prompts; its output is the mean log
probability of what was drawn.

Weights are stored (in, out). ``prompts`` (8, 4, 32) int64, ``noise`` (8, 8, 4, 512) float32.
"""

import numpy as np

TITLE = "Sampling from a language model with a cache"
TOLERANCE = 2e-3
TURNS, BATCH, PROMPT, NEW, VOCABULARY = 8, 4, 32, 8, 512
LAYERS, WIDTH, HEADS, HEAD = 3, 128, 4, 32
LENGTH, KEPT = PROMPT + NEW, 40
SAMPLES_PER_STEP = BATCH * NEW
_DATA = ("prompts", "noise")


def inputs(rng):
    """Weights that make a peaked distribution, prompts, and Gumbel noise."""

    def normal(*shape, scale=1.0):
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    arrays = {
        "prompts": rng.integers(0, VOCABULARY, (TURNS, BATCH, PROMPT)),
        "noise": rng.gumbel(size=(TURNS, NEW, BATCH, VOCABULARY)).astype(np.float32),
        "emb": normal(VOCABULARY, WIDTH, scale=0.3),
        "pos": normal(LENGTH, WIDTH, scale=0.1),
        "head": normal(WIDTH, VOCABULARY, scale=2 * WIDTH**-0.5),
    }
    for n in range(LAYERS):
        arrays[f"{n}.qkv"] = normal(WIDTH, 3 * WIDTH, scale=WIDTH**-0.5)
        arrays[f"{n}.out"] = normal(WIDTH, WIDTH, scale=WIDTH**-0.5)
        arrays[f"{n}.up"] = normal(WIDTH, 4 * WIDTH, scale=WIDTH**-0.5)
        arrays[f"{n}.down"] = normal(4 * WIDTH, WIDTH, scale=(4 * WIDTH) ** -0.5)
    return arrays


def torch_step(arrays):
    """A module with a cache in place, called once for the prompt and once per token."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape, bias=False)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        return layer

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm = nn.LayerNorm(WIDTH)
            self.qkv, self.out = linear(f"{n}.qkv"), linear(f"{n}.out")
            self.up, self.down = linear(f"{n}.up"), linear(f"{n}.down")
            self.register_buffer("k", torch.zeros(BATCH, HEADS, LENGTH, HEAD))
            self.register_buffer("v", torch.zeros(BATCH, HEADS, LENGTH, HEAD))

        def forward(self, x, start):
            h = self.norm(x)
            end = start + x.shape[1]
            qkv = self.qkv(h).unflatten(-1, (3, HEADS, HEAD)).permute(2, 0, 3, 1, 4)
            q, self.k[:, :, start:end], self.v[:, :, start:end] = qkv.unbind(0)
            k, v = self.k[:, :, :end], self.v[:, :, :end]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=start == 0)
            return x + self.out(y.transpose(1, 2).flatten(2)) + self.down(F.gelu(self.up(h)))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.emb, self.pos = nn.Parameter(arrays["emb"]), nn.Parameter(arrays["pos"])
            self.blocks = nn.ModuleList(Block(n) for n in range(LAYERS))
            self.norm, self.head = nn.LayerNorm(WIDTH), linear("head")

        def forward(self, tokens, start):
            x = F.embedding(tokens, self.emb) + self.pos[start : start + tokens.shape[1]]
            for block in self.blocks:
                x = block(x, start)
            return self.head(self.norm(x[:, -1]))

    device = arrays["prompts"].device
    model = GPT().to(device).eval().requires_grad_(requires_grad=False)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def drawn(logits, noise):
        smallest = logits.topk(KEPT, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < smallest, float("-inf"))
        token = (logits + noise).argmax(-1, keepdim=True)
        return token, logits.log_softmax(-1).gather(-1, token)

    @torch.no_grad()
    def step():
        tokens, noise = (arrays[k].index_select(0, turn)[0] for k in _DATA)
        start, total = 0, torch.zeros((), device=device)
        for n in range(NEW):
            logits = model(tokens, start)
            start += tokens.shape[1]
            tokens, score = drawn(logits, noise[n])
            total = total + score.mean()
        turn.add_(1).remainder_(TURNS)
        return total / NEW

    return step


def jax_step(arrays):
    """The prompt at once, then a scan whose carry holds the cache."""
    import jax
    import jax.numpy as jnp

    def norm(x):
        return jax.nn.standardize(x, axis=-1, epsilon=1e-5)

    def block(p, n, x, cache, start):
        h = norm(x)
        qkv = (h @ p[f"{n}.qkv"]).reshape(BATCH, -1, 3, HEADS, HEAD)
        q = qkv[:, :, 0]
        k, v = (
            jax.lax.dynamic_update_slice(old, new, (0, start, 0, 0))
            for old, new in zip(cache, (qkv[:, :, 1], qkv[:, :, 2]), strict=True)
        )
        last = start + jnp.arange(x.shape[1])
        mask = jnp.arange(LENGTH) <= last[:, None]
        y = jax.nn.dot_product_attention(q, k, v, mask=mask[None, None]).reshape(x.shape)
        h = jax.nn.gelu(h @ p[f"{n}.up"], approximate=False)
        return x + y @ p[f"{n}.out"] + h @ p[f"{n}.down"], (k, v)

    def logits_of(p, tokens, cache, start):
        x = p["emb"][tokens] + jax.lax.dynamic_slice_in_dim(p["pos"], start, tokens.shape[1])
        cache = dict(cache)
        for n in range(LAYERS):
            x, cache[n] = block(p, n, x, cache[n], start)
        return norm(x[:, -1]) @ p["head"], cache

    def drawn(logits, noise):
        smallest = jax.lax.top_k(logits, KEPT)[0][:, -1:]
        logits = jnp.where(logits < smallest, -jnp.inf, logits)
        token = jnp.argmax(logits + noise, -1, keepdims=True)
        return token, jnp.take_along_axis(jax.nn.log_softmax(logits), token, -1).mean()

    def step(turn, arrays):
        prompt, noise = (arrays[k][turn] for k in _DATA)
        empty = jnp.zeros((BATCH, LENGTH, HEADS, HEAD))
        cache = dict.fromkeys(range(LAYERS), (empty, empty))
        logits, cache = logits_of(arrays, prompt, cache, 0)
        token, first = drawn(logits, noise[0])

        def body(carry, noise):
            token, cache, start = carry
            logits, cache = logits_of(arrays, token, cache, start)
            token, score = drawn(logits, noise)
            return (token, cache, start + 1), score

        _, scores = jax.lax.scan(body, (token, cache, PROMPT), noise[1:])
        return (turn + 1) % TURNS, (first + scores.sum()) / NEW

    return step, jnp.zeros((), jnp.int32)
