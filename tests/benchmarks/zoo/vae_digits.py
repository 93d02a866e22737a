"""A variational autoencoder: KL that comes in slowly, free bits, Adamax.

Two tanh layers of 256 on each side of 16 latent numbers, on digits of 16 by 16 with Bernoulli
pixels. The weight of the KL term grows over 100 steps; per latent number a quarter of a nat is
free. The noise is drawn beforehand. Digits of scikit-learn (Alpaydin & Kaynak, 1998, UCI).

Weights are stored (in, out). ``x`` (1600, 256), ``noise`` (10, 160, 16) float32, ``order`` (10,
160) int64.
"""

import numpy as np

TITLE = "Variational autoencoder with KL warm-up"
TOLERANCE = 1e-3
TURNS, BATCH, PIXELS, HIDDEN, LATENT = 10, 160, 256, 256, 16
RATE, WARM_UP, FREE = 2e-3, 100, 0.25
SAMPLES_PER_STEP = BATCH
_DATA = ("x", "noise", "order")
SHAPES = {
    "encode1": (PIXELS, HIDDEN),
    "encode2": (HIDDEN, HIDDEN),
    "encode3": (HIDDEN, 2 * LATENT),
    "decode1": (LATENT, HIDDEN),
    "decode2": (HIDDEN, HIDDEN),
    "decode3": (HIDDEN, PIXELS),
}


def inputs(rng):
    """Digits from 0 to 1, noise for ten batches, Xavier weights."""
    from sklearn.datasets import load_digits

    images = load_digits().images[rng.permutation(1797)[: TURNS * BATCH]] / 16
    arrays = {
        "x": np.kron(images, np.ones((2, 2))).reshape(-1, PIXELS).astype(np.float32),
        "noise": rng.standard_normal((TURNS, BATCH, LATENT)).astype(np.float32),
        "order": rng.permutation(TURNS * BATCH).reshape(TURNS, BATCH),
    }
    for name, (n_in, n_out) in SHAPES.items():
        bound = (6 / (n_in + n_out)) ** 0.5
        arrays[name] = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Encoder and decoder as sequences; Adamax has no fused form."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*SHAPES[name])
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    def sequence(side):
        first, second, third = (linear(f"{side}{n}") for n in (1, 2, 3))
        return nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), third)

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = sequence("encode"), sequence("decode")

        def forward(self, x, noise):
            mean, log_variance = self.encoder(x).chunk(2, dim=-1)
            z = mean + torch.exp(0.5 * log_variance) * noise
            return self.decoder(z), mean, log_variance

    device = arrays["x"].device
    model = VAE().to(device)
    optimizer = torch.optim.Adamax(model.parameters(), lr=RATE, foreach=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        noise, rows = (arrays[k].index_select(0, turn % TURNS)[0] for k in _DATA[1:])
        x = arrays["x"][rows]
        logits, mean, log_variance = model(x, noise)
        likelihood = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / BATCH
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
        kl = kl.mean(0).clamp(min=FREE).sum()
        loss = likelihood + (turn[0] / WARM_UP).clamp(max=1.0) * kl
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1)
        return loss

    return step


def jax_step(arrays):
    """The same as functions of one dict."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamax(RATE)

    def sequence(p, side, x):
        for n in (1, 2):
            x = jnp.tanh(x @ p[f"{side}{n}"] + p[f"{side}{n}.bias"])
        return x @ p[f"{side}3"] + p[f"{side}3.bias"]

    def loss_of(p, x, noise, weight):
        mean, log_variance = jnp.split(sequence(p, "encode", x), 2, -1)
        z = mean + jnp.exp(0.5 * log_variance) * noise
        logits = sequence(p, "decode", z)
        likelihood = optax.sigmoid_binary_cross_entropy(logits, x).sum() / BATCH
        kl = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).mean(0)
        return likelihood + weight * jnp.maximum(kl, FREE).sum()

    def step(state, arrays):
        p, moments, turn = state
        noise, rows = (arrays[k][turn % TURNS] for k in _DATA[1:])
        weight = jnp.minimum(turn / WARM_UP, 1.0)
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["x"][rows], noise, weight)
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, turn + 1), loss

    p = {name: arrays[name] for name in SHAPES}
    p |= {f"{name}.bias": jnp.zeros(n_out) for name, (_, n_out) in SHAPES.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
