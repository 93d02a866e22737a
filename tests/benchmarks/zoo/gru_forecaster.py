"""A GRU that forecasts load curves: windows scaled by themselves, quantiles by the pinball loss.

Two layers of width 64 read 48 hours of a series with the hour of the day beside it and say three
quantiles of the next twelve. Every window is brought to mean 0 and deviation 1 and the answer
taken back (as reversible instance normalisation does). Adam with L2 in the gradient. The curves
are sums of daily and weekly waves, a trend and autoregressive noise.

Weights are stored (out, in) under PyTorch's names. ``series`` (24, 1500) float32; ``which``,
``starts`` (16, 32) int64.
"""

import numpy as np

TITLE = "GRU forecaster with quantiles"
TOLERANCE = 2e-3
TURNS, BATCH, WINDOW, HORIZON, WIDTH, LAYERS = 16, 32, 48, 12, 64, 2
QUANTILES, SERIES, HOURS = (0.1, 0.5, 0.9), 24, 1500
RATE, L2 = 3e-3, 1e-5
SAMPLES_PER_STEP = BATCH
_DATA = ("series", "which", "starts")


def inputs(rng):
    """Curves, windows of sixteen batches, and weights uniform within 1 / sqrt(width)."""
    hour = np.arange(HOURS)
    phase, size = rng.uniform(0, 6.28, (2, SERIES, 1)), rng.uniform(0.5, 3, (2, SERIES, 1))
    noise = np.zeros((SERIES, HOURS))
    shocks = 0.2 * rng.standard_normal((SERIES, HOURS))
    for n in range(1, HOURS):
        noise[:, n] = 0.8 * noise[:, n - 1] + shocks[:, n]
    daily = size[0] * np.sin(2 * np.pi * hour / 24 + phase[0])
    weekly = size[1] * np.sin(2 * np.pi * hour / 168 + phase[1])
    trend = rng.uniform(-2, 2, (SERIES, 1)) * hour / HOURS
    arrays = {
        "series": (10 + daily + weekly + trend + noise).astype(np.float32),
        "which": rng.integers(0, SERIES, (TURNS, BATCH)),
        "starts": rng.integers(0, HOURS - WINDOW - HORIZON, (TURNS, BATCH)),
    }

    def uniform(*shape):
        return (rng.uniform(-1, 1, shape) * WIDTH**-0.5).astype(np.float32)

    for n in range(LAYERS):
        arrays[f"weight_ih_l{n}"] = uniform(3 * WIDTH, WIDTH if n else 3)
        arrays[f"weight_hh_l{n}"] = uniform(3 * WIDTH, WIDTH)
        arrays |= {f"bias_{k}_l{n}": uniform(3 * WIDTH) for k in ("ih", "hh")}
    arrays["head.weight"] = uniform(HORIZON * len(QUANTILES), WIDTH)
    arrays["head.bias"] = np.zeros(HORIZON * len(QUANTILES), np.float32)
    return arrays


def torch_step(arrays):
    """``nn.GRU`` with time first."""
    import torch
    from torch import nn

    class Forecaster(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(3, WIDTH, LAYERS)
            self.head = nn.Linear(WIDTH, HORIZON * len(QUANTILES))
            self.gru.load_state_dict({k: v for k, v in arrays.items() if "_l" in k})
            parts = ("weight", "bias")
            self.head.load_state_dict({part: arrays[f"head.{part}"] for part in parts})

        def forward(self, window, hours):
            mean, scale = window.mean(1, keepdim=True), window.std(1, keepdim=True) + 1e-3
            angle = hours * (2 * torch.pi / 24)
            x = torch.stack(((window - mean) / scale, angle.sin(), angle.cos()), dim=-1)
            y, _ = self.gru(x.transpose(0, 1))
            answer = self.head(y[-1]).unflatten(-1, (HORIZON, len(QUANTILES)))
            return answer * scale[..., None] + mean[..., None]

    device = arrays["series"].device
    model = Forecaster().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=L2, fused=True)
    quantiles = torch.tensor(QUANTILES, device=device)
    span = torch.arange(WINDOW + HORIZON, device=device)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        which, starts = (arrays[k].index_select(0, turn).view(-1, 1) for k in _DATA[1:])
        hours = starts + span
        values = arrays["series"][which, hours]
        answer = model(values[:, :WINDOW], hours[:, :WINDOW].float())
        missed = values[:, WINDOW:, None] - answer
        loss = torch.maximum(quantiles * missed, (quantiles - 1) * missed).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """A scan per layer, the input's share of the gates before it."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(optax.add_decayed_weights(L2), optax.adam(RATE))

    def layer(p, n, x):
        def cell(h, gates):
            own = h @ p[f"weight_hh_l{n}"] + p[f"bias_hh_l{n}"]
            reset, update = jnp.split(
                jax.nn.sigmoid(gates[:, : 2 * WIDTH] + own[:, : 2 * WIDTH]), 2, -1
            )
            new = jnp.tanh(gates[:, 2 * WIDTH :] + reset * own[:, 2 * WIDTH :])
            h = new + update * (h - new)
            return h, h

        gates = x @ p[f"weight_ih_l{n}"] + p[f"bias_ih_l{n}"]
        return jax.lax.scan(cell, jnp.zeros((BATCH, WIDTH)), gates)

    def loss_of(p, values, hours):
        window = values[:, :WINDOW]
        mean = window.mean(1, keepdims=True)
        scale = window.std(1, keepdims=True, ddof=1) + 1e-3
        angle = hours[:, :WINDOW] * (2 * jnp.pi / 24)
        x = jnp.stack(((window - mean) / scale, jnp.sin(angle), jnp.cos(angle)), -1)
        x = x.swapaxes(0, 1)
        for n in range(LAYERS):
            last, x = layer(p, n, x)
        answer = (last @ p["head.weight"] + p["head.bias"]).reshape(BATCH, HORIZON, -1)
        missed = values[:, WINDOW:, None] - (answer * scale[..., None] + mean[..., None])
        quantiles = jnp.array(QUANTILES)
        return jnp.maximum(quantiles * missed, (quantiles - 1) * missed).mean()

    def step(state, arrays):
        p, moments, turn = state
        which, starts = (arrays[k][turn][:, None] for k in _DATA[1:])
        hours = starts + jnp.arange(WINDOW + HORIZON)
        values = arrays["series"][which, hours]
        loss, gradients = jax.value_and_grad(loss_of)(p, values, hours.astype(jnp.float32))
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    weights = {k: v for k, v in arrays.items() if k not in _DATA}
    p = {k: v.T if "weight" in k else v for k, v in weights.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
