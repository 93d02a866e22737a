"""A graph attention network that finds communities: four heads, ELU, skip connections.

A stochastic block model of 1200 nodes in five groups with weak features. Attention per edge with a
softmax over a node's neighbours (Velickovic et al., 2018); a part of the attention is dropped, as
drawn beforehand. Two attention layers and a dense one, class weights in the loss, Adam.

Weights are stored (in, out). ``x`` (1200, 32) float32, ``edges`` (2, count) int64, ``kept`` (8, 2,
count, 4) float32, ``y`` (1200,) int64, ``weights`` (8, 1200) float32, which nodes count.
"""

import numpy as np

TITLE = "Graph attention on communities"
TOLERANCE = 1e-3
TURNS, NODES, FEATURES, GROUPS, HEADS, HEAD, LAYERS = 8, 1200, 32, 5, 4, 16, 2
WIDTH, KEPT, SLOPE, RATE = HEADS * HEAD, 0.8, 0.2, 5e-3
SAMPLES_PER_STEP = NODES
_DATA = ("x", "edges", "kept", "y", "weights")


def inputs(rng):
    """The graph, draws for eight steps, and Glorot weights."""
    y = rng.integers(0, GROUPS, NODES)
    chance = np.where(y[:, None] == y, 0.025, 0.003)
    linked = np.triu(rng.random((NODES, NODES)) < chance, 1)
    edges = np.stack(np.nonzero(linked | linked.T | np.eye(NODES, dtype=bool)))
    kept = (rng.random((TURNS, LAYERS, edges.shape[1], HEADS)) < KEPT) / KEPT
    centres = rng.standard_normal((GROUPS, FEATURES))
    arrays = {
        "x": (0.4 * centres[y] + rng.standard_normal((NODES, FEATURES))).astype(np.float32),
        "edges": edges,
        "kept": kept.astype(np.float32),
        "y": y,
        "weights": (rng.random((TURNS, NODES)) < 0.3).astype(np.float32),
    }

    def glorot(name, n_in, n_out):
        bound = (6 / (n_in + n_out)) ** 0.5
        arrays[name] = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)

    for n in range(LAYERS):
        n_in = WIDTH if n else FEATURES
        glorot(f"w{n}", n_in, WIDTH)
        glorot(f"skip{n}", n_in, WIDTH)
        glorot(f"from{n}", HEADS, HEAD)
        glorot(f"to{n}", HEADS, HEAD)
    glorot("head", WIDTH, GROUPS)
    return arrays


def torch_step(arrays):
    """The softmax over edges with ``scatter_reduce`` and ``index_add``."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Attention(nn.Module):
        def __init__(self, n):
            super().__init__()
            for name in ("w", "skip", "from", "to"):
                self.register_parameter(f"_{name}", nn.Parameter(arrays[f"{name}{n}"].clone()))
            self.bias = nn.Parameter(torch.zeros(WIDTH))

        def forward(self, x, source, target, kept):
            h = (x @ self._w).view(NODES, HEADS, HEAD)
            sent, met = (h * self._from).sum(-1), (h * self._to).sum(-1)
            score = F.leaky_relu(sent[source] + met[target], SLOPE)
            index = target[:, None].expand_as(score)
            most = torch.full_like(sent, float("-inf"))
            most = most.scatter_reduce(0, index, score.detach(), "amax")
            share = (score - most[target]).exp()
            total = torch.zeros_like(sent).index_add(0, target, share)
            share = share / total[target] * kept
            mixed = torch.zeros_like(h).index_add(0, target, h[source] * share[..., None])
            return F.elu(mixed.flatten(1) + x @ self._skip + self.bias)

    class GAT(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(Attention(n) for n in range(LAYERS))
            self.head = nn.Parameter(arrays["head"].clone())

        def forward(self, x, edges, kept):
            for layer, part in zip(self.layers, kept, strict=True):
                x = layer(x, edges[0], edges[1], part)
            return x @ self.head

    x, edges, y = arrays["x"], arrays["edges"], arrays["y"]
    model = GAT().to(x.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    turn = torch.zeros(1, dtype=torch.long, device=x.device)

    def step():
        kept, weights = (arrays[k].index_select(0, turn)[0] for k in ("kept", "weights"))
        losses = F.cross_entropy(model(x, edges, kept), y, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """The softmax over edges with segment operations."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adam(RATE)

    def attention(p, n, x, edges, kept):
        source, target = edges
        h = (x @ p[f"w{n}"]).reshape(NODES, HEADS, HEAD)
        sent, met = (h * p[f"from{n}"]).sum(-1), (h * p[f"to{n}"]).sum(-1)
        score = jax.nn.leaky_relu(sent[source] + met[target], SLOPE)
        most = jax.ops.segment_max(jax.lax.stop_gradient(score), target, NODES)
        share = jnp.exp(score - most[target])
        share = share / jax.ops.segment_sum(share, target, NODES)[target] * kept
        mixed = jax.ops.segment_sum(h[source] * share[..., None], target, NODES)
        return jax.nn.elu(mixed.reshape(NODES, WIDTH) + x @ p[f"skip{n}"] + p[f"bias{n}"])

    def loss_of(p, x, edges, kept, y, weights):
        for n in range(LAYERS):
            x = attention(p, n, x, edges, kept[n])
        losses = optax.softmax_cross_entropy_with_integer_labels(x @ p["head"], y)
        return (losses * weights).sum() / weights.sum()

    def step(state, arrays):
        p, moments, turn = state
        x, edges, kept, y, weights = (arrays[k] for k in _DATA)
        value_and_grad = jax.value_and_grad(loss_of)
        loss, gradients = value_and_grad(p, x, edges, kept[turn], y, weights[turn])
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"bias{n}": jnp.zeros(WIDTH) for n in range(LAYERS)}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
