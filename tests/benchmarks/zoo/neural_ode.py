"""An augmented neural ODE learnt from spirals: fourth-order Runge-Kutta, loss along the way.

The vector field is a softplus network of width 64 that sees the time; two extra dimensions begin
at zero (Dupont et al., 2019). Twelve fixed steps, the gradient goes through the solver, the loss
is the mean squared distance at every step plus a small price on the field's size.

Weights are stored (in, out). ``paths`` (8, 64, 13, 2) float32, noisy observations.
"""

import numpy as np

TITLE = "Neural ODE on spirals"
TOLERANCE = 1e-3
TURNS, BATCH, STEPS, SEEN, EXTRA, WIDTH = 8, 64, 12, 2, 2, 64
STATES, SPAN, PRICE, RATE = SEEN + EXTRA, 2.0, 1e-3, 3e-3
STEP = SPAN / STEPS
SHAPES = {"w1": (STATES + 1, WIDTH), "w2": (WIDTH, WIDTH), "w3": (WIDTH, STATES)}
SAMPLES_PER_STEP = BATCH


def inputs(rng):
    """Spirals that turn inwards, seen with noise, and weights scaled by 1 / sqrt(in)."""
    radius, angle = rng.uniform(0.5, 2, (TURNS, BATCH, 1)), rng.uniform(0, 6.28, (TURNS, BATCH, 1))
    time = np.linspace(0, SPAN, STEPS + 1)
    radius, angle = radius * np.exp(-0.4 * time), angle + 2.5 * time
    paths = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=-1)
    paths[:, :, 1:] += 0.02 * rng.standard_normal(paths[:, :, 1:].shape)
    arrays = {"paths": paths.astype(np.float32)}
    for name, (n_in, n_out) in SHAPES.items():
        weight = rng.standard_normal((n_in, n_out)) * n_in**-0.5
        arrays[name] = weight.astype(np.float32)
    return arrays


def torch_step(arrays):
    """The solver is a loop over steps."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Field(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(*shape) for shape in SHAPES.values())
            for layer, name in zip(self.layers, SHAPES, strict=True):
                layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
                nn.init.zeros_(layer.bias)

        def forward(self, t, y):
            first, second, last = self.layers
            h = F.softplus(first(torch.cat((y, torch.full_like(y[:, :1], t)), dim=1)))
            return last(F.softplus(second(h)))

    device = arrays["paths"].device
    field = Field().to(device)
    optimizer = torch.optim.Adam(field.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def solved(y):
        path, price = [], 0.0
        for n in range(STEPS):
            t = n * STEP
            k1 = field(t, y)
            k2 = field(t + STEP / 2, y + STEP / 2 * k1)
            k3 = field(t + STEP / 2, y + STEP / 2 * k2)
            k4 = field(t + STEP, y + STEP * k3)
            y = y + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            price = price + k1.square().mean()
            path.append(y)
        return torch.stack(path, dim=1), price / STEPS

    def step():
        seen = arrays["paths"].index_select(0, turn).squeeze(0)
        path, price = solved(F.pad(seen[:, 0], (0, EXTRA)))
        loss = F.mse_loss(path[..., :SEEN], seen[:, 1:]) + PRICE * price
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """The solver is a scan over times."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE)

    def field(p, t, y):
        time = jnp.full((len(y), 1), t)
        h = jax.nn.softplus(jnp.concatenate((y, time), 1) @ p["w1"] + p["b1"])
        return jax.nn.softplus(h @ p["w2"] + p["b2"]) @ p["w3"] + p["b3"]

    def loss_of(p, seen):
        def runge_kutta(y, t):
            k1 = field(p, t, y)
            k2 = field(p, t + STEP / 2, y + STEP / 2 * k1)
            k3 = field(p, t + STEP / 2, y + STEP / 2 * k2)
            k4 = field(p, t + STEP, y + STEP * k3)
            y = y + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return y, (y[:, :SEEN], jnp.mean(k1**2))

        start = jnp.pad(seen[:, 0], ((0, 0), (0, EXTRA)))
        _, (path, price) = jax.lax.scan(runge_kutta, start, STEP * jnp.arange(STEPS))
        missed = path - seen[:, 1:].swapaxes(0, 1)
        return jnp.mean(missed**2) + PRICE * price.mean()

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays["paths"][turn])
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {name: arrays[name] for name in SHAPES}
    p |= {f"b{name[1]}": jnp.zeros(n_out) for name, (_, n_out) in SHAPES.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
