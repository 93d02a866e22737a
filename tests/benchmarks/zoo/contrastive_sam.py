"""Contrastive learning with sharpness-aware steps: two views per sample, batch norm, NT-Xent.

A dense encoder and a projection (256, 256; 128, 32) see two noisy, partly blanked copies of each
digit and learn to find the partner among 256 views (Chen et al., 2020). Every step takes two
gradients: one leads uphill, the second, from there, is the step's (Foret et al., 2021). SGD with
momentum. Digits of scikit-learn (Alpaydin & Kaynak, 1998, UCI).

Weights are stored (in, out). ``x`` (1280, 64) float32, ``order`` (10, 128) int64, ``noise``
and ``kept`` (10, 2, 128, 64) float32.
"""

import numpy as np

TITLE = "Contrastive encoder with sharpness-aware steps"
TOLERANCE = 2e-3
TURNS, BATCH, FEATURES, WIDTHS = 10, 128, 64, (256, 256, 128, 32)
RATE, MOMENTUM, RADIUS, TEMPERATURE, EPSILON = 0.05, 0.9, 0.05, 0.3, 1e-5
SAMPLES_PER_STEP = BATCH
_DATA = ("x", "order", "noise", "kept")


def inputs(rng):
    """Digits, views of ten batches, and He-scaled weights."""
    from sklearn.datasets import load_digits

    data = load_digits().data
    shape = (TURNS, 2, BATCH, FEATURES)
    arrays = {
        "x": (data[rng.permutation(len(data))[: TURNS * BATCH]] / 8 - 1).astype(np.float32),
        "order": rng.permutation(TURNS * BATCH).reshape(TURNS, BATCH),
        "noise": (0.3 * rng.standard_normal(shape)).astype(np.float32),
        "kept": (rng.random(shape) > 0.3).astype(np.float32),
    }
    for n, (n_in, n_out) in enumerate(zip((FEATURES, *WIDTHS), WIDTHS, strict=False)):
        arrays[f"w{n}"] = (rng.standard_normal((n_in, n_out)) * (2 / n_in) ** 0.5).astype(
            np.float32
        )
    return arrays


def torch_step(arrays):
    """The climb in place with the optimizer's list operations, and back."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(n):
        n_in, n_out = arrays[f"w{n}"].shape
        layer = nn.Linear(n_in, n_out, bias=False)
        layer.weight = nn.Parameter(arrays[f"w{n}"].T.contiguous().clone())
        return layer

    layers = []
    for n, width in enumerate(WIDTHS):
        layers += [linear(n), nn.BatchNorm1d(width), nn.ReLU()]
    device = arrays["x"].device
    # Nothing comes after the last norm.
    model = nn.Sequential(*layers[:-1]).to(device).train()
    weights = list(model.parameters())
    optimizer = torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)
    partner = torch.arange(2 * BATCH, device=device).roll(BATCH)
    itself = torch.eye(2 * BATCH, dtype=torch.bool, device=device)

    def loss_of(views):
        z = F.normalize(model(views), dim=1)
        similar = (z @ z.T / TEMPERATURE).masked_fill(itself, float("-inf"))
        return F.cross_entropy(similar, partner)

    def step():
        rows, noise, kept = (arrays[k].index_select(0, turn)[0] for k in _DATA[1:])
        views = ((arrays["x"][rows] + noise) * kept).flatten(0, 1)
        loss = loss_of(views)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with torch.no_grad():
            gradients = [w.grad for w in weights]
            length = torch.stack(torch._foreach_norm(gradients)).norm() + 1e-12
            climb = torch._foreach_mul(gradients, RADIUS / length)
            torch._foreach_add_(weights, climb)
        optimizer.zero_grad(set_to_none=True)
        loss_of(views).backward()
        with torch.no_grad():
            torch._foreach_sub_(weights, climb)
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """The climb is another point to take the gradient at."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.sgd(RATE, momentum=MOMENTUM)

    def loss_of(p, running, x):
        statistics = []
        for n, layer in enumerate(p):
            x = x @ layer["w"]
            mean, variance = x.mean(0), x.var(0)
            unbiased = variance * (2 * BATCH / (2 * BATCH - 1))
            statistics.append(
                (0.9 * running[n][0] + 0.1 * mean, 0.9 * running[n][1] + 0.1 * unbiased)
            )
            x = (x - mean) * jax.lax.rsqrt(variance + EPSILON) * layer["scale"] + layer["shift"]
            x = jax.nn.relu(x) if n < len(WIDTHS) - 1 else x
        z = x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        similar = jnp.where(jnp.eye(2 * BATCH, dtype=bool), -jnp.inf, z @ z.T / TEMPERATURE)
        partner = jnp.roll(jnp.arange(2 * BATCH), BATCH)
        losses = -jnp.take_along_axis(jax.nn.log_softmax(similar), partner[:, None], 1)
        return losses.mean(), statistics

    def step(state, arrays):
        p, running, moments, turn = state
        rows, noise, kept = (arrays[k][turn] for k in _DATA[1:])
        views = ((arrays["x"][rows] + noise) * kept).reshape(2 * BATCH, FEATURES)
        value_and_grad = jax.value_and_grad(loss_of, has_aux=True)
        (loss, running), uphill = value_and_grad(p, running, views)
        length = optax.global_norm(uphill) + 1e-12
        climbed = jax.tree.map(lambda w, g: w + RADIUS / length * g, p, uphill)
        gradients, running = jax.grad(loss_of, has_aux=True)(climbed, running, views)
        updates, moments = optimizer.update(gradients, moments)
        p = optax.apply_updates(p, updates)
        return (p, running, moments, (turn + 1) % TURNS), loss

    p = [
        {"w": arrays[f"w{n}"], "scale": jnp.ones(width), "shift": jnp.zeros(width)}
        for n, width in enumerate(WIDTHS)
    ]
    running = [(jnp.zeros(width), jnp.ones(width)) for width in WIDTHS]
    return step, (p, running, optimizer.init(p), jnp.zeros((), jnp.int32))
