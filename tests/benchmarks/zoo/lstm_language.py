"""A two-layer LSTM language model on characters: truncated backpropagation, clipped gradients.

Sixteen streams of one text are read in pieces of 32 characters, and the memory of one piece
goes on into the next. Embeddings are tied to the output; PyTorch's own LSTM against a scan whose
products with the inputs are taken out of the loop. The text is the source of a module of the
standard library.

Weights are stored (out, in) under PyTorch's names. ``streams`` (16, 385) int64.
"""

import argparse
from pathlib import Path

import numpy as np

TITLE = "LSTM language model"
TOLERANCE = 2e-3
BATCH, LENGTH, PIECES, VOCABULARY, WIDTH, LAYERS = 16, 32, 12, 128, 128, 2
RATE, CLIP = 2e-3, 0.5
SAMPLES_PER_STEP = BATCH * LENGTH


def inputs(rng):
    """Streams from places of the text, and weights uniform within 1 / sqrt(width)."""
    text = Path(argparse.__file__).read_text("utf-8").encode("ascii", "replace")
    codes = np.frombuffer(text, np.uint8).astype(np.int64)
    span = np.arange(PIECES * LENGTH + 1)
    arrays = {"streams": codes[rng.integers(0, len(codes) - len(span), (BATCH, 1)) + span]}

    def uniform(*shape):
        return (rng.uniform(-1, 1, shape) * WIDTH**-0.5).astype(np.float32)

    arrays["embed"] = uniform(VOCABULARY, WIDTH)
    arrays["bias"] = np.zeros(VOCABULARY, np.float32)
    for n in range(LAYERS):
        arrays |= {f"weight_{k}_l{n}": uniform(4 * WIDTH, WIDTH) for k in ("ih", "hh")}
        arrays |= {f"bias_{k}_l{n}": uniform(4 * WIDTH) for k in ("ih", "hh")}
    return arrays


def torch_step(arrays):
    """``nn.LSTM`` over all layers; the memory lies in buffers that are overwritten."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Parameter(arrays["embed"].clone())
            self.bias = nn.Parameter(arrays["bias"].clone())
            self.lstm = nn.LSTM(WIDTH, WIDTH, LAYERS, batch_first=True)
            self.lstm.load_state_dict({k: v for k, v in arrays.items() if "_l" in k})

        def forward(self, tokens, memory):
            y, memory = self.lstm(F.embedding(tokens, self.embed), memory)
            return F.linear(y, self.embed, self.bias), memory

    streams = arrays["streams"]
    device = streams.device
    model = Language().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    h, c = torch.zeros(2, LAYERS, BATCH, WIDTH, device=device)
    turn = torch.zeros((), dtype=torch.long, device=device)
    span = torch.arange(LENGTH + 1, device=device)

    def step():
        piece = streams[:, turn * LENGTH + span]
        logits, (new_h, new_c) = model(piece[:, :-1], (h, c))
        loss = F.cross_entropy(logits.flatten(0, 1), piece[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        h.copy_(new_h.detach())
        c.copy_(new_c.detach())
        turn.add_(1).remainder_(PIECES)
        return loss

    return step


def jax_step(arrays):
    """One scan per layer; the memory is part of the state."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(RATE))

    def layer(p, n, x, memory):
        recurrent = p[f"weight_hh_l{n}"]

        def cell(memory, gates):
            h, c = memory
            i, f, g, o = jnp.split(gates + h @ recurrent, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        gates = x @ p[f"weight_ih_l{n}"] + p[f"bias_ih_l{n}"] + p[f"bias_hh_l{n}"]
        return jax.lax.scan(cell, memory, gates)

    def loss_of(p, piece, memory):
        x, new = p["embed"][piece[:-1]], []
        for n in range(LAYERS):
            last, x = layer(p, n, x, memory[n])
            new.append(last)
        logits = x @ p["embed"].T + p["bias"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, piece[1:]).mean(), new

    def step(state, arrays):
        p, moments, memory, turn = state
        piece = jax.lax.dynamic_slice_in_dim(arrays["streams"], turn * LENGTH, LENGTH + 1, 1).T
        value_and_grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, memory), gradients = value_and_grad(p, piece, memory)
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        return (p, moments, memory, (turn + 1) % PIECES), loss

    p = {k: v.T if k.startswith("weight") else v for k, v in arrays.items() if k != "streams"}
    memory = [(jnp.zeros((BATCH, WIDTH)), jnp.zeros((BATCH, WIDTH))) for _ in range(LAYERS)]
    return step, (p, optimizer.init(p), memory, jnp.zeros((), jnp.int32))
