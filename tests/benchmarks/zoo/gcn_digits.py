"""A graph convolutional network that labels nodes: dropped edges, initial residuals.

Nodes are digits of scikit-learn (Alpaydin & Kaynak, 1998, UCI), edges lead to the six nearest and
back. Three layers of width 96; every layer adds a tenth of the first features (Chen et al., 2020);
a fifth of the edges is left out at every step (Rong et al., 2020), and degrees are counted anew.
A quarter of the nodes is labelled.

Weights are stored (in, out). ``x`` (1600, 64) float32, ``source``, ``target`` (edges,) int64,
``kept`` (10, edges) float32, ``y`` (1600,) int64, ``labelled`` (400,) int64.
"""

import numpy as np

TITLE = "Graph convolutions on neighbouring digits"
TOLERANCE = 1e-3
TURNS, NODES, NEAREST, FEATURES, WIDTH, LAYERS, CLASSES = 10, 1600, 6, 64, 96, 3, 10
INITIAL, DROPPED, RATE, DECAY = 0.1, 0.2, 2e-3, 5e-4
SAMPLES_PER_STEP = NODES
_DATA = ("x", "source", "target", "kept", "y", "labelled")


def inputs(rng):
    """The graph in both directions and with loops, draws of edges, and weights."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = rng.permutation(len(digits.target))[:NODES]
    x = digits.data[chosen] / 16
    square = (x * x).sum(1)
    distance = square[:, None] + square - 2 * x @ x.T
    near = np.argsort(distance, axis=1)[:, 1 : NEAREST + 1]
    linked = np.eye(NODES, dtype=bool)
    linked[np.arange(NODES)[:, None], near] = True
    source, target = np.nonzero(linked | linked.T)
    kept = (rng.random((TURNS, len(source))) > DROPPED) | (source == target)
    arrays = {
        "x": x.astype(np.float32),
        "source": source,
        "target": target,
        "kept": kept.astype(np.float32),
        "y": digits.target[chosen].astype(np.int64),
        "labelled": rng.permutation(NODES)[: NODES // 4],
    }
    shapes = {"first": (FEATURES, WIDTH), "last": (WIDTH, CLASSES)}
    shapes |= {f"w{n}": (WIDTH, WIDTH) for n in range(LAYERS)}
    for name, shape in shapes.items():
        bound = (6 / sum(shape)) ** 0.5
        arrays[name] = rng.uniform(-bound, bound, shape).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Messages by ``index_add`` into the targets."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Convolution(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.weight = nn.Parameter(arrays[f"w{n}"].clone())
            self.bias = nn.Parameter(torch.zeros(WIDTH))

        def forward(self, h, first, source, target, strength):
            messages = (h @ self.weight)[source] * strength
            h = torch.zeros_like(h).index_add(0, target, messages)
            return F.relu((1 - INITIAL) * h + INITIAL * first + self.bias)

    class GCN(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(FEATURES, WIDTH), nn.Linear(WIDTH, CLASSES)
            for layer, name in ((self.first, "first"), (self.last, "last")):
                layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
                nn.init.zeros_(layer.bias)
            self.layers = nn.ModuleList(Convolution(n) for n in range(LAYERS))

        def forward(self, x, source, target, kept):
            degree = torch.zeros_like(x[:, 0]).index_add(0, target, kept)
            root = degree.rsqrt()
            strength = (root[source] * root[target] * kept)[:, None]
            h = first = F.relu(self.first(x))
            for layer in self.layers:
                h = layer(h, first, source, target, strength)
            return self.last(h)

    x, source, target, all_kept, y, labelled = (arrays[k] for k in _DATA)
    model = GCN().to(x.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=x.device)

    def step():
        kept = all_kept.index_select(0, turn).squeeze(0)
        logits = model(x, source, target, kept)
        loss = F.cross_entropy(logits[labelled], y[labelled])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """Messages by ``segment_sum``; the targets are not said to be sorted."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def gathered(messages, target):
        return jax.ops.segment_sum(messages, target, num_segments=NODES)

    def loss_of(p, arrays, kept):
        x, source, target, _, y, labelled = (arrays[k] for k in _DATA)
        root = jax.lax.rsqrt(gathered(kept, target))
        strength = (root[source] * root[target] * kept)[:, None]
        h = first = jax.nn.relu(x @ p["first"] + p["first.bias"])
        for n in range(LAYERS):
            h = gathered((h @ p[f"w{n}"])[source] * strength, target)
            h = jax.nn.relu((1 - INITIAL) * h + INITIAL * first + p[f"w{n}.bias"])
        logits = (h @ p["last"] + p["last.bias"])[labelled]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y[labelled]).mean()

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, arrays, arrays["kept"][turn])
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{k}.bias": jnp.zeros(v.shape[1]) for k, v in p.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
