"""A retrieval model of two towers: users' histories against items, softmax over the batch.

A user is an embedding and the mean of up to twelve items seen before; an item is an embedding and
its category. Each tower ends in 32 numbers of length one; the other items of the batch are the
negatives, corrected by how often they are drawn (Yi et al., 2019). AdamW. Users have tastes: they
see items of two categories.

Weights are stored (in, out). ``users``, ``items`` (8, 512), ``history`` (8, 512, 12),
``category`` (15000,) int64; 0 pads a history. ``frequency`` (15000,) float32.
"""

import numpy as np

TITLE = "Two-tower retrieval"
TOLERANCE = 1e-3
TURNS, BATCH, SEEN, USERS, ITEMS, CATEGORIES = 8, 512, 12, 8000, 15000, 20
WIDTH, HIDDEN, LAST, TEMPERATURE, RATE, DECAY = 32, 256, 32, 0.1, 2e-3, 1e-4
SAMPLES_PER_STEP = BATCH
_BATCH = ("users", "history", "items")
_FACTS = ("category", "frequency")
SHAPES = {
    "user_table": (USERS, WIDTH),
    "item_table": (ITEMS, WIDTH),
    "category_table": (CATEGORIES, WIDTH),
    "user1": (2 * WIDTH, HIDDEN),
    "user2": (HIDDEN, LAST),
    "item1": (2 * WIDTH, HIDDEN),
    "item2": (HIDDEN, LAST),
}


def inputs(rng):
    """Visits of users with two tastes each, item frequencies, and weights."""
    category = rng.integers(0, CATEGORIES, ITEMS)
    tastes = rng.integers(0, CATEGORIES, (USERS, 2))
    popular = 1 / np.arange(1, ITEMS + 1) ** 0.7
    shelf = [np.flatnonzero(category == c)[1:] for c in range(CATEGORIES)]
    chance = [popular[items] / popular[items].sum() for items in shelf]
    users = rng.integers(0, USERS, (TURNS, BATCH))
    visits = np.zeros((TURNS, BATCH, SEEN + 1), np.int64)
    for place in np.ndindex(TURNS, BATCH):
        for taste in tastes[users[place]]:
            half = rng.choice(shelf[taste], SEEN // 2 + 1, p=chance[taste])
            visits[place][rng.permutation(SEEN + 1)[: len(half)]] = half
    items = np.where(visits[..., -1] > 0, visits[..., -1], rng.integers(1, ITEMS, users.shape))
    arrays = {"users": users, "history": visits[..., :-1], "items": items, "category": category}
    arrays["frequency"] = (popular / popular.sum()).astype(np.float32)
    for name, shape in SHAPES.items():
        scale = 0.05 if name.endswith("table") else shape[0] ** -0.5
        arrays[name] = (rng.standard_normal(shape) * scale).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Embeddings with dense gradients, so that one fused optimizer takes all."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def linear(name):
        layer = nn.Linear(*SHAPES[name])
        layer.weight = nn.Parameter(arrays[name].T.contiguous().clone())
        nn.init.zeros_(layer.bias)
        return layer

    class Towers(nn.Module):
        def __init__(self):
            super().__init__()
            self.user, self.item, self.category = (
                nn.Embedding.from_pretrained(arrays[f"{name}_table"].clone(), freeze=False)
                for name in ("user", "item", "category")
            )
            self.user_tower = nn.Sequential(linear("user1"), nn.ReLU(), linear("user2"))
            self.item_tower = nn.Sequential(linear("item1"), nn.ReLU(), linear("item2"))
            self.register_buffer("of_item", arrays["category"].clone())

        def forward(self, users, history, items):
            seen = (history > 0).float()[..., None]
            mean = (self.item(history) * seen).sum(1) / seen.sum(1).clamp(min=1)
            u = self.user_tower(torch.cat((self.user(users), mean), dim=1))
            known = torch.cat((self.item(items), self.category(self.of_item[items])), dim=1)
            v = self.item_tower(known)
            return F.normalize(u, dim=1) @ F.normalize(v, dim=1).T / TEMPERATURE

    device = arrays["users"].device
    model = Towers().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    own = torch.arange(BATCH, device=device)
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        users, history, items = (arrays[k].index_select(0, turn).squeeze(0) for k in _BATCH)
        scores = model(users, history, items) - arrays["frequency"][items].log()
        same = (items[:, None] == items) & (own[:, None] != own)
        loss = F.cross_entropy(scores.masked_fill(same, -1e9), own)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """The same over a dict."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def tower(p, name, *parts):
        x = jnp.concatenate(parts, 1) @ p[f"{name}1"] + p[f"{name}1.bias"]
        x = jax.nn.relu(x) @ p[f"{name}2"] + p[f"{name}2.bias"]
        return x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-12)

    def loss_of(p, users, history, items, category, frequency):
        seen = (history > 0).astype(jnp.float32)[..., None]
        mean = (p["item_table"][history] * seen).sum(1) / jnp.maximum(seen.sum(1), 1)
        u = tower(p, "user", p["user_table"][users], mean)
        v = tower(p, "item", p["item_table"][items], p["category_table"][category[items]])
        scores = u @ v.T / TEMPERATURE - jnp.log(frequency[items])
        own = jnp.arange(BATCH)
        same = (items[:, None] == items) & (own[:, None] != own)
        scores = jnp.where(same, -1e9, scores)
        return optax.softmax_cross_entropy_with_integer_labels(scores, own).mean()

    def step(state, arrays):
        p, moments, turn = state
        batch = (arrays[k][turn] for k in _BATCH)
        facts = (arrays[k] for k in _FACTS)
        loss, gradients = jax.value_and_grad(loss_of)(p, *batch, *facts)
        updates, moments = optimizer.update(gradients, moments, p)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {name: arrays[name] for name in SHAPES}
    dense = [name for name in SHAPES if not name.endswith("table")]
    p |= {f"{name}.bias": jnp.zeros(SHAPES[name][1]) for name in dense}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
