"""A residual dense network with mixup: layer norm, SiLU, soft labels, averaged weights.

Pairs of samples are mixed inside the step by shares drawn from a beta distribution (Zhang et al.,
2018). Four residual layers of width 256 on the 64 pixels of scikit-learn's digits (Alpaydin &
Kaynak, 1998, UCI), standardised.

Weights are stored (in, out). ``x`` (1536, 64) float32, ``y`` (1536,) int64; ``rows``, ``partners``
(12, 128) int64, ``shares`` (12, 128) float32.
"""

import numpy as np

TITLE = "Residual dense network with mixup"
TOLERANCE = 1e-3
TURNS, BATCH, FEATURES, WIDTH, LAYERS, CLASSES = 12, 128, 64, 256, 4, 10
RATE, DECAY, AVERAGE = 1e-3, 0.02, 0.99
SAMPLES_PER_STEP = BATCH
_DATA = ("x", "y", "rows", "partners", "shares")


def inputs(rng):
    """Standardised digits, draws of twelve batches, weights scaled by 1 / sqrt(in)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.permutation(len(digits.target))[: TURNS * BATCH]
    x = digits.data[chosen]
    arrays = {
        "x": ((x - x.mean(0)) / (x.std(0) + 1)).astype(np.float32),
        "y": digits.target[chosen].astype(np.int64),
        "rows": rng.permutation(TURNS * BATCH).reshape(TURNS, BATCH),
        "partners": rng.permutation(TURNS * BATCH).reshape(TURNS, BATCH),
        "shares": rng.beta(0.4, 0.4, (TURNS, BATCH)).astype(np.float32),
    }
    shapes = {f"{n}": (WIDTH, WIDTH) for n in range(LAYERS)}
    shapes |= {"first": (FEATURES, WIDTH), "last": (WIDTH, CLASSES)}
    for name, shape in shapes.items():
        arrays[name] = (rng.standard_normal(shape) * shape[0] ** -0.5).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Targets as probabilities, which ``F.cross_entropy`` takes too."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Residual(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.norm, self.dense = nn.LayerNorm(WIDTH), linear(str(n))

        def forward(self, x):
            return x + self.dense(F.silu(self.norm(x)))

    device = arrays["x"].device
    layers = (Residual(n) for n in range(LAYERS))
    model = nn.Sequential(linear("first"), *layers, nn.LayerNorm(WIDTH), linear("last")).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    weights = list(model.parameters())
    averages = [w.detach().clone() for w in weights]
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        rows, partners, shares = (arrays[k].index_select(0, turn)[0] for k in _DATA[2:])
        labels = F.one_hot(arrays["y"], CLASSES).float()
        share = shares[:, None]
        x = torch.lerp(arrays["x"][partners], arrays["x"][rows], share)
        target = torch.lerp(labels[partners], labels[rows], share)
        loss = F.cross_entropy(model(x), target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - AVERAGE)
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """A list of layers in one tree."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def norm(layer, x):
        return jax.nn.standardize(x, axis=-1, epsilon=1e-5) * layer["scale"] + layer["shift"]

    def dense(layer, x):
        return x @ layer["w"] + layer["b"]

    def loss_of(p, x, target):
        x = dense(p["first"], x)
        for layer in p["middle"]:
            x = x + dense(layer, jax.nn.silu(norm(layer, x)))
        return optax.softmax_cross_entropy(dense(p["last"], norm(p["last"], x)), target).mean()

    def step(state, arrays):
        p, averages, moments, turn = state
        rows, partners, shares = (arrays[k][turn] for k in _DATA[2:])
        share = shares[:, None]
        labels = jax.nn.one_hot(arrays["y"], CLASSES)
        x = share * arrays["x"][rows] + (1 - share) * arrays["x"][partners]
        target = share * labels[rows] + (1 - share) * labels[partners]
        loss, gradients = jax.value_and_grad(loss_of)(p, x, target)
        updates, moments = optimizer.update(gradients, moments, p)
        p = optax.apply_updates(p, updates)
        averages = optax.incremental_update(p, averages, 1 - AVERAGE)
        return (p, averages, moments, (turn + 1) % TURNS), loss

    def layer(name, *, normed=True):
        made = {"w": arrays[name], "b": jnp.zeros(arrays[name].shape[1])}
        return made | ({"scale": jnp.ones(WIDTH), "shift": jnp.zeros(WIDTH)} if normed else {})

    middle = [layer(str(n)) for n in range(LAYERS)]
    p = {"first": layer("first", normed=False), "middle": middle, "last": layer("last")}
    averages = jax.tree.map(jnp.copy, p)
    return step, (p, averages, optimizer.init(p), jnp.zeros((), jnp.int32))
