"""A physics-informed network for Burgers' equation: first and second derivatives of the network.

u_t + u u_x = 0.01 / pi u_xx on [-1, 1], u = -sin(pi x) at the start, 0 at the walls (Raissi et
al., 2019). Four tanh layers of width 64 with a gate from the input in each (Wang et al., 2021),
512 other points at every step, losses at the start and the walls weighted by 10, Adam with a rate
that decays.

Weights are stored (in, out). ``points`` (8, 512, 2), ``starts`` (8, 64, 2), ``walls`` (8, 64, 2)
float32, as (t, x).
"""

import math

import numpy as np

TITLE = "Physics-informed network for Burgers' equation"
TOLERANCE = 2e-3
TURNS, POINTS, EDGES, WIDTH, LAYERS = 8, 512, 64, 64, 4
VISCOSITY, WEIGHT, RATE, DECAY = 0.01 / math.pi, 10.0, 2e-3, 0.999
SAMPLES_PER_STEP = POINTS
_DATA = ("points", "starts", "walls")


def inputs(rng):
    """Points inside, at the start and at the walls; Glorot weights."""

    def places(count):
        return np.stack(
            (rng.uniform(0, 1, (TURNS, count)), rng.uniform(-1, 1, (TURNS, count))), axis=-1
        )

    starts, walls = places(EDGES), places(EDGES)
    starts[..., 0] = 0
    walls[..., 1] = np.sign(walls[..., 1])
    arrays = {"points": places(POINTS), "starts": starts, "walls": walls}
    shapes = {"u": (2, WIDTH), "v": (2, WIDTH), "last": (WIDTH, 1)}
    shapes |= {f"w{n}": (WIDTH if n else 2, WIDTH) for n in range(LAYERS)}
    for name, shape in shapes.items():
        arrays[name] = rng.standard_normal(shape) * (2 / sum(shape)) ** 0.5
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def torch_step(arrays):
    """Derivatives by calling ``torch.autograd.grad`` on sums, twice, with graphs of their own."""
    import torch
    from torch import nn

    def linear(name):
        layer = nn.Linear(*arrays[name].shape)
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.u, self.v, self.last = linear("u"), linear("v"), linear("last")
            self.layers = nn.ModuleList(linear(f"w{n}") for n in range(LAYERS))

        def forward(self, at):
            u, v = self.u(at).tanh(), self.v(at).tanh()
            h = at
            for layer in self.layers:
                gate = layer(h).tanh()
                h = gate * u + (1 - gate) * v
            return self.last(h)

    device = arrays["points"].device
    model = Gated().to(device)
    rate = torch.tensor(RATE, device=device)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    # torch.compile has no gradients of gradients.
    @torch.compiler.disable
    def residual(points):
        at = points.requires_grad_()
        u = model(at)
        (slope,) = torch.autograd.grad(u.sum(), at, create_graph=True)
        u_t, u_x = slope.split(1, dim=1)
        (bend,) = torch.autograd.grad(u_x.sum(), at, create_graph=True)
        return u_t + u * u_x - VISCOSITY * bend[:, 1:]

    def step():
        points, starts, walls = (arrays[k].index_select(0, turn).squeeze(0) for k in _DATA)
        start = model(starts) + torch.sin(math.pi * starts[:, 1:])
        edge = start.square().mean() + model(walls).square().mean()
        loss = residual(points).square().mean() + WEIGHT * edge
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.mul_(DECAY)
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """Derivatives of the network at one point, mapped over points."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(optax.exponential_decay(RATE, 1, DECAY))

    def dense(p, name, x):
        return x @ p[name] + p[f"{name}.bias"]

    def model(p, at):
        u, v = jnp.tanh(dense(p, "u", at)), jnp.tanh(dense(p, "v", at))
        h = at
        for n in range(LAYERS):
            gate = jnp.tanh(dense(p, f"w{n}", h))
            h = gate * u + (1 - gate) * v
        return dense(p, "last", h)[..., 0]

    def residual(p, point):
        def along_x(x):
            return jax.value_and_grad(lambda at: model(p, at))(jnp.stack((point[0], x)))

        (u, slope), (_, bend) = jax.jvp(along_x, (point[1],), (jnp.ones(()),))
        return slope[0] + u * slope[1] - VISCOSITY * bend[1]

    def loss_of(p, points, starts, walls):
        missed = jax.vmap(residual, (None, 0))(p, points)
        start = model(p, starts) + jnp.sin(jnp.pi * starts[:, 1])
        edge = jnp.mean(start**2) + jnp.mean(model(p, walls) ** 2)
        return jnp.mean(missed**2) + WEIGHT * edge

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, *(arrays[k][turn] for k in _DATA))
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{k}.bias": jnp.zeros(v.shape[1]) for k, v in p.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
