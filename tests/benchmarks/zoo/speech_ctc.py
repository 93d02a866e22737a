"""A small speech recogniser: strided convolutions over time, a two-way LSTM, CTC loss.

Spectra of made-up words: every one of eleven sounds has two formants and lasts three to six
frames, with noise on all of it. 64 frames of 20 bands become 32 by the convolutions; Adam.

Weights of the LSTM are stored (out, in) under PyTorch's names, kernels (width, in, out).
``spectra`` (8, 16, 64, 20) float32, ``words`` (8, 16, 8), ``lengths`` (8, 16) int64.
"""

import numpy as np

TITLE = "Speech recogniser with CTC"
TOLERANCE = 2e-3
TURNS, BATCH, FRAMES, BANDS, MOST, SOUNDS = 8, 16, 64, 20, 8, 11
WIDTH, STEPS, CLASSES = 64, 32, 12
RATE = 2e-3
SAMPLES_PER_STEP = BATCH
_DATA = ("spectra", "words", "lengths")


def utterance(rng, formants):
    """A spectrum (frames, bands) and its sounds, filled with zeros."""
    length = rng.integers(4, MOST + 1)
    word = rng.integers(1, SOUNDS + 1, length)
    frames = np.repeat(word, rng.integers(3, 7, length))
    frames = np.pad(frames, (rng.integers(0, 8), FRAMES))[:FRAMES]
    spectrum = formants[frames] + 0.3 * rng.standard_normal((FRAMES, BANDS))
    return spectrum, np.pad(word, (0, MOST - length)), length


def inputs(rng):
    """Utterances and weights uniform within 1 / sqrt(fan-in)."""
    centre = rng.uniform(0, BANDS, (2, SOUNDS + 1, 1))
    formants = np.exp(-(((np.arange(BANDS) - centre) / 1.5) ** 2)).sum(0)
    formants[0] = 0
    rows = [utterance(rng, formants) for _ in range(TURNS * BATCH)]
    spectra, words, lengths = (np.stack(part) for part in zip(*rows, strict=True))
    arrays = {
        "spectra": spectra.reshape(TURNS, BATCH, FRAMES, BANDS).astype(np.float32),
        "words": words.reshape(TURNS, BATCH, MOST),
        "lengths": lengths.reshape(TURNS, BATCH),
    }

    def uniform(name, fan, *shape):
        arrays[name] = (rng.uniform(-1, 1, shape) * fan**-0.5).astype(np.float32)

    uniform("conv1", 5 * BANDS, 5, BANDS, WIDTH)
    uniform("conv2", 5 * WIDTH, 5, WIDTH, WIDTH)
    for way in ("", "_reverse"):
        for kind in ("ih", "hh"):
            uniform(f"weight_{kind}_l0{way}", WIDTH, 4 * WIDTH, WIDTH)
            uniform(f"bias_{kind}_l0{way}", WIDTH, 4 * WIDTH)
    uniform("head", 2 * WIDTH, 2 * WIDTH, CLASSES)
    return arrays


def torch_step(arrays):
    """``nn.LSTM(bidirectional=True)`` and ``F.ctc_loss``."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def conv(name, stride):
        side, n_in, n_out = arrays[name].shape
        layer = nn.Conv1d(n_in, n_out, side, stride, padding=side // 2)
        layer.weight = nn.Parameter(arrays[name].permute(2, 1, 0).contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Recogniser(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Sequential(conv("conv1", 2), nn.ReLU(), conv("conv2", 1), nn.ReLU())
            self.lstm = nn.LSTM(WIDTH, WIDTH, bidirectional=True)
            self.lstm.load_state_dict({k: v for k, v in arrays.items() if "_l0" in k})
            self.head = nn.Linear(2 * WIDTH, CLASSES)
            self.head.weight = nn.Parameter(arrays["head"].T.contiguous().clone())
            nn.init.zeros_(self.head.bias)

        def forward(self, spectra):
            x = self.front(spectra.transpose(1, 2))
            y, _ = self.lstm(x.permute(2, 0, 1))
            return self.head(y).log_softmax(-1)

    device = arrays["spectra"].device
    model = Recogniser().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)
    steps = torch.full((BATCH,), STEPS, device=device)

    def step():
        spectra, words, lengths = (arrays[k].index_select(0, turn).squeeze(0) for k in _DATA)
        losses = F.ctc_loss(model(spectra), words, steps, lengths, blank=0, reduction="none")
        loss = losses.mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """Two scans, one of them backwards, and ``optax.ctc_loss``."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE)

    def conv(p, name, x, stride):
        pad = p[name].shape[0] // 2
        y = jax.lax.conv_general_dilated(
            x, p[name], (stride,), [(pad, pad)], dimension_numbers=("NWC", "WIO", "NWC")
        )
        return jax.nn.relu(y + p[f"{name}.bias"])

    def lstm(p, way, x):
        def cell(memory, now):
            h, c = memory
            i, f, g, o = jnp.split(now + h @ p[f"weight_hh_l0{way}"], 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        x = x @ p[f"weight_ih_l0{way}"] + p[f"bias_ih_l0{way}"] + p[f"bias_hh_l0{way}"]
        zeros = jnp.zeros((BATCH, WIDTH))
        return jax.lax.scan(cell, (zeros, zeros), x, reverse=way == "_reverse")[1]

    def loss_of(p, spectra, words, lengths):
        x = conv(p, "conv2", conv(p, "conv1", spectra, 2), 1).swapaxes(0, 1)
        y = jnp.concatenate((lstm(p, "", x), lstm(p, "_reverse", x)), -1)
        logits = (y @ p["head"] + p["head.bias"]).swapaxes(0, 1)
        unused = (jnp.arange(MOST) >= lengths[:, None]).astype(jnp.float32)
        return optax.ctc_loss(logits, jnp.zeros((BATCH, STEPS)), words, unused).mean()

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, *(arrays[k][turn] for k in _DATA))
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    weights = {k: v for k, v in arrays.items() if k not in _DATA}
    p = {k: v.T if k.startswith("weight") else v for k, v in weights.items()}
    p |= {f"{k}.bias": jnp.zeros(p[k].shape[-1]) for k in ("conv1", "conv2", "head")}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
