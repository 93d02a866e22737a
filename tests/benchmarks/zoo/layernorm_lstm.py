"""A recurrent cell of one's own: an LSTM with layer norm inside, reading digits pixel by pixel.

Norms on the gates' two shares and on the memory (Ba et al., 2016), forget bias 1, 16 steps of four
pixels, the mean of all states is classified. No library has this cell, so PyTorch runs a Python
loop and JAX a scan. Adam, gradients clipped by value. Digits of scikit-learn (Alpaydin & Kaynak,
1998, UCI).

Weights are stored (in, out). ``pixels`` (1024, 16, 4) float32, ``labels`` (1024,) int64, ``order``
(16, 64) int64.
"""

import numpy as np

TITLE = "LSTM with layer norm on digits"
TOLERANCE = 2e-3
TURNS, BATCH, LENGTH, FEATURES, WIDTH, CLASSES = 16, 64, 16, 4, 96, 10
RATE, CLIP, EPSILON = 2e-3, 0.1, 1e-5
SAMPLES_PER_STEP = BATCH
_DATA = ("pixels", "labels", "order")


def inputs(rng):
    """Digits as sequences, their order, and weights scaled by 1 / sqrt(in)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.permutation(len(digits.target))[: TURNS * BATCH]

    def normal(n_in, n_out):
        return (rng.standard_normal((n_in, n_out)) * n_in**-0.5).astype(np.float32)

    bias = np.zeros((4, WIDTH), np.float32)
    bias[1] = 1.0
    return {
        "pixels": (digits.data[chosen] / 8 - 1).reshape(-1, LENGTH, FEATURES).astype(np.float32),
        "labels": digits.target[chosen].astype(np.int64),
        "order": rng.permutation(TURNS * BATCH).reshape(TURNS, BATCH),
        "w_x": normal(FEATURES, 4 * WIDTH),
        "w_h": normal(WIDTH, 4 * WIDTH),
        "bias": bias.ravel(),
        "scale_x": np.ones(4 * WIDTH, np.float32),
        "scale_h": np.ones(4 * WIDTH, np.float32),
        "scale_c": np.ones(WIDTH, np.float32),
        "shift_c": np.zeros(WIDTH, np.float32),
        "head": normal(WIDTH, CLASSES),
    }


def torch_step(arrays):
    """A cell and a loop over time."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            for name in ("w_x", "w_h", "bias", "scale_x", "scale_h", "scale_c", "shift_c"):
                self.register_parameter(name, nn.Parameter(arrays[name].clone()))

        def forward(self, x, h, c):
            own = F.layer_norm(h @ self.w_h, (4 * WIDTH,), self.scale_h, None, EPSILON)
            i, f, g, o = (x + own).chunk(4, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            normal = F.layer_norm(c, (WIDTH,), self.scale_c, self.shift_c, EPSILON)
            return o.sigmoid() * normal.tanh(), c

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = Cell(), nn.Parameter(arrays["head"].clone())

        def forward(self, x):
            cell = self.cell
            x = F.layer_norm(x @ cell.w_x, (4 * WIDTH,), cell.scale_x, cell.bias, EPSILON)
            h = c = x.new_zeros(len(x), WIDTH)
            states = []
            for now in x.unbind(1):
                h, c = cell(now, h, c)
                states.append(h)
            return torch.stack(states).mean(0) @ self.head

    device = arrays["pixels"].device
    model = Reader().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        rows = arrays["order"].index_select(0, turn).squeeze(0)
        loss = F.cross_entropy(model(arrays["pixels"][rows]), arrays["labels"][rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), CLIP)
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """A scan over time, its body unrolled twice."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.chain(optax.clip(CLIP), optax.adam(RATE))

    def norm(x, scale, shift=0.0):
        return jax.nn.standardize(x, axis=-1, epsilon=EPSILON) * scale + shift

    def logits_of(p, x):
        def cell(memory, now):
            h, c = memory
            i, f, g, o = jnp.split(now + norm(h @ p["w_h"], p["scale_h"]), 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(norm(c, p["scale_c"], p["shift_c"]))
            return (h, c), h

        x = norm(x.swapaxes(0, 1) @ p["w_x"], p["scale_x"], p["bias"])
        zeros = jnp.zeros((BATCH, WIDTH))
        _, states = jax.lax.scan(cell, (zeros, zeros), x, unroll=2)
        return states.mean(0) @ p["head"]

    def loss_of(p, x, labels):
        losses = optax.softmax_cross_entropy_with_integer_labels(logits_of(p, x), labels)
        return losses.mean()

    def step(state, arrays):
        p, moments, turn = state
        rows = arrays["order"][turn]
        x, labels = arrays["pixels"][rows], arrays["labels"][rows]
        loss, gradients = jax.value_and_grad(loss_of)(p, x, labels)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
