"""A small BERT: norms after the sums, padding, masked words to be restored.

Two segments per sample, sentences of different length padded to 64, 15 % of the words hidden (of
those 80 % by a mask, 10 % by another word), predictions only where a word was hidden. Sentences
are the paragraphs of the licence text and docstrings of the standard library.

Weights are stored (in, out). Per batch ``tokens`` and ``segments`` (8, 64), ``lengths`` (8,),
``places`` and ``answers`` (8, 8) int64, ``weights`` (8, 8) float32, 0 where a place is unused.
"""

import collections
import contextlib
import re
import statistics
import subprocess

import numpy as np

TITLE = "Masked language model, BERT-like"
TOLERANCE = 2e-3
BATCHES, BATCH, LENGTH, HIDDEN_WORDS, VOCABULARY = 10, 8, 64, 8, 768
LAYERS, WIDTH, HEADS, INNER = 3, 96, 4, 384
RATE, WARM_UP = 5e-4, 10
PAD, CLS, SEP, MASK, OTHER = range(5)
SAMPLES_PER_STEP = BATCH * LENGTH
_DATA = ("tokens", "segments", "lengths", "places", "answers", "weights")


def sentences():
    """Documentation of the standard library as lists of word numbers."""
    modules = (collections, contextlib, re, statistics, subprocess)
    documented = [thing for m in modules for thing in (m, *vars(m).values())]
    texts = [str(getattr(thing, "__doc__", "") or "").lower() for thing in documented]
    split = [re.findall(r"[a-z]+|[^\sa-z]", part) for t in texts for part in t.split("\n\n")]
    common = collections.Counter(w for s in split for w in s).most_common(VOCABULARY - 5)
    number = {word: n for n, (word, _) in enumerate(common, start=5)}
    return [[number.get(word, OTHER) for word in s] for s in split if len(s) > 5]


def sample(rng, texts):
    """One row of every data array: two sentences, some of their words hidden."""
    a, b = (texts[rng.integers(len(texts))][: LENGTH // 2 - 2] for _ in range(2))
    row = [CLS, *a, SEP, *b, SEP]
    tokens = np.array(row + [PAD] * (LENGTH - len(row)))
    segments = (np.arange(LENGTH) > len(a) + 1).astype(np.int64)
    words = np.flatnonzero(tokens > MASK)
    count = min(HIDDEN_WORDS, max(1, round(0.15 * len(words))))
    places = np.zeros(HIDDEN_WORDS, np.int64)
    places[:count] = np.sort(rng.choice(words, count, replace=False))
    answers = tokens[places]
    for place in places[:count]:
        kind = rng.random()
        tokens[place] = (
            MASK if kind < 0.8 else rng.integers(5, VOCABULARY) if kind < 0.9 else tokens[place]
        )
    used = (np.arange(HIDDEN_WORDS) < count).astype(np.float32)
    return tokens, segments, np.array(len(row)), places, answers, used


def inputs(rng):
    """Weights of standard deviation 0.02, and ten batches."""
    texts = sentences()
    rows = [sample(rng, texts) for _ in range(BATCHES * BATCH)]
    arrays = {
        name: np.stack(column).reshape(BATCHES, BATCH, *column[0].shape)
        for name, column in zip(_DATA, zip(*rows, strict=True), strict=True)
    }

    def normal(*shape):
        return (rng.standard_normal(shape) * 0.02).astype(np.float32)

    arrays |= {"word": normal(VOCABULARY, WIDTH), "place": normal(LENGTH, WIDTH)}
    arrays |= {"segment": normal(2, WIDTH), "head": normal(WIDTH, WIDTH)}
    for n in range(LAYERS):
        arrays |= {f"{n}.{k}": normal(WIDTH, WIDTH) for k in ("q", "k", "v", "o")}
        arrays |= {f"{n}.up": normal(WIDTH, INNER), f"{n}.down": normal(INNER, WIDTH)}
    return arrays


def torch_step(arrays):
    """Own layers around the scaled dot product with a mask; linear warm-up of AdamW."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    def table(name):
        return nn.Embedding.from_pretrained(arrays[name].clone(), freeze=False)

    class Layer(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.q, self.k, self.v, self.o = (linear(f"{n}.{k}") for k in "qkvo")
            self.up, self.down = linear(f"{n}.up"), linear(f"{n}.down")
            self.norm_a, self.norm_b = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)

        def forward(self, x, mask):
            q, k, v = (
                f(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for f in (self.q, self.k, self.v)
            )
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
            x = self.norm_a(x + self.o(y.transpose(1, 2).flatten(2)))
            return self.norm_b(x + self.down(F.gelu(self.up(x))))

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.word, self.place, self.segment = table("word"), table("place"), table("segment")
            self.norm = nn.LayerNorm(WIDTH, 1e-12)
            self.layers = nn.ModuleList(Layer(n) for n in range(LAYERS))
            self.head, self.head_norm = linear("head"), nn.LayerNorm(WIDTH, 1e-12)
            self.bias = nn.Parameter(torch.zeros(VOCABULARY))

        def forward(self, tokens, segments, lengths, places):
            mask = torch.arange(LENGTH, device=tokens.device) < lengths[:, None]
            x = self.norm(self.word(tokens) + self.place.weight + self.segment(segments))
            for layer in self.layers:
                x = layer(x, mask[:, None, None, :])
            x = x.gather(1, places[..., None].expand(-1, -1, WIDTH))
            x = self.head_norm(F.gelu(self.head(x)))
            return F.linear(x, self.word.weight, self.bias)

    device = arrays["tokens"].device
    model = Bert().to(device)
    rate = torch.tensor(RATE / WARM_UP, device=device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        batch = [arrays[name].index_select(0, turn % BATCHES)[0] for name in _DATA]
        *known, answers, weights = batch
        optimizer.zero_grad(set_to_none=True)
        logits = model(*known)
        losses = F.cross_entropy(logits.flatten(0, 1), answers.flatten(), reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        loss.backward()
        rate.copy_((RATE * ((turn + 1) / WARM_UP).clamp(max=1))[0])
        optimizer.step()
        turn.add_(1)
        return loss

    return step


def jax_step(arrays):
    """The same over a dict of weights; the mask goes to the attention as one of booleans."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(
        lambda turn: RATE * jnp.minimum((turn + 1) / WARM_UP, 1.0), weight_decay=0.01
    )

    def norm(p, name, x):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        scale, shift = p[f"{name}.norm"]
        return (x - mean) * jax.lax.rsqrt(variance + 1e-12) * scale + shift

    def dense(p, name, x):
        return x @ p[name] + p[f"{name}.bias"]

    def gelu(x):
        return jax.nn.gelu(x, approximate=False)

    def layer(p, n, x, mask):
        q, k, v = (dense(p, f"{n}.{c}", x).reshape(BATCH, LENGTH, HEADS, -1) for c in "qkv")
        y = jax.nn.dot_product_attention(q, k, v, mask=mask).reshape(x.shape)
        x = norm(p, f"{n}.a", x + dense(p, f"{n}.o", y))
        return norm(p, f"{n}.b", x + dense(p, f"{n}.down", gelu(dense(p, f"{n}.up", x))))

    def loss_of(p, tokens, segments, lengths, places, answers, weights):
        mask = (jnp.arange(LENGTH) < lengths[:, None])[:, None, None, :]
        x = norm(p, "all", p["word"][tokens] + p["place"] + p["segment"][segments])
        for n in range(LAYERS):
            x = layer(p, n, x, mask)
        x = jnp.take_along_axis(x, places[..., None], axis=1)
        logits = norm(p, "head", gelu(dense(p, "head", x))) @ p["word"].T + p["words.bias"]
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, answers)
        return (losses * weights).sum() / weights.sum()

    def step(state, arrays):
        p, moments, turn = state
        batch = (arrays[name][turn % BATCHES] for name in _DATA)
        loss, gradients = jax.value_and_grad(loss_of)(p, *batch)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, turn + 1), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    dense_names = [k for k in p if k not in ("word", "place", "segment")]
    p |= {f"{k}.bias": jnp.zeros(p[k].shape[1]) for k in dense_names}
    p["words.bias"] = jnp.zeros(VOCABULARY)
    norms = ["all", "head", *(f"{n}.{k}" for n in range(LAYERS) for k in "ab")]
    p |= {f"{k}.norm": (jnp.ones(WIDTH), jnp.zeros(WIDTH)) for k in norms}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
