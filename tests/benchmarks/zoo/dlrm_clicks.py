"""A click model with embedding tables, a dense tower and pairwise products (Naumov et al., 2019).

Eight tables of 50 to 30000 rows, one of them summed over bags of five; thirteen numbers through a
bottom network of (128, 32); products of all pairs; a top network of (256, 128, 1). Adagrad with, in
PyTorch, gradients that hold only the rows a batch touched. Clicks follow a hidden model.

Weights are stored (in, out). ``numbers`` (12, 512, 13), ``clicks`` (12, 512) float32; ``ids`` (12,
512, 7), ``bags`` (12, 512, 5) int64.
"""

import numpy as np

TITLE = "Click model with embedding tables"
TOLERANCE = 1e-3
TURNS, BATCH, NUMBERS, WIDTH, BAG = 12, 512, 13, 32, 5
ROWS = (50, 200, 500, 1000, 3000, 8000, 30000, 5000)
BOTTOM, TOP, RATE, START = (128, WIDTH), (256, 128, 1), 0.03, 1e-3
PAIRS = (len(ROWS) + 1) * len(ROWS) // 2
SAMPLES_PER_STEP = BATCH
_DATA = ("numbers", "ids", "bags", "clicks")


def networks():
    """Name and shape of every dense layer."""
    for name, n_in, widths in (("bottom", NUMBERS, BOTTOM), ("top", PAIRS + WIDTH, TOP)):
        for n, shape in enumerate(zip((n_in, *widths), widths, strict=False)):
            yield f"{name}{n}", shape


def inputs(rng):
    """Frequent and rare ids, clicks that depend on some of them, and weights."""

    def drawn(rows, *shape):
        return np.minimum(rows * rng.random(shape) ** 3, rows - 1).astype(np.int64)

    numbers = np.log1p(rng.exponential(1.0, (TURNS, BATCH, NUMBERS)))
    ids = np.stack([drawn(rows, TURNS, BATCH) for rows in ROWS[:-1]], axis=-1)
    taste = [rng.standard_normal(rows) for rows in ROWS[:3]]
    score = sum(taste[n][ids[..., n]] for n in range(3)) + numbers[..., 0] - 1
    arrays = {
        "numbers": numbers.astype(np.float32),
        "ids": ids,
        "bags": drawn(ROWS[-1], TURNS, BATCH, BAG),
        "clicks": (rng.random((TURNS, BATCH)) < 1 / (1 + np.exp(-score))).astype(np.float32),
    }
    for n, rows in enumerate(ROWS):
        table = rng.uniform(-1, 1, (rows, WIDTH)) * rows**-0.5
        arrays[f"table{n}"] = table.astype(np.float32)
    for name, shape in networks():
        scale = (2 / sum(shape)) ** 0.5
        arrays[name] = (rng.standard_normal(shape) * scale).astype(np.float32)
    return arrays


def torch_step(arrays):
    """Embedding bags with sparse gradients, as in the reference code."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def network(name):
        layers = []
        for layer_name, shape in networks():
            if layer_name.startswith(name):
                layer = nn.Linear(*shape)
                layer.weight = nn.Parameter(arrays[layer_name].T.contiguous().clone())
                nn.init.zeros_(layer.bias)
                layers += [layer, nn.ReLU()]
        return nn.Sequential(*layers)

    class DLRM(nn.Module):
        def __init__(self):
            super().__init__()
            self.tables = nn.ModuleList(
                nn.EmbeddingBag.from_pretrained(
                    arrays[f"table{n}"].clone(), freeze=False, mode="sum", sparse=True
                )
                for n in range(len(ROWS))
            )
            self.bottom, self.top = network("bottom"), network("top")[:-1]
            upper = torch.triu_indices(len(ROWS) + 1, len(ROWS) + 1, offset=1)
            self.register_buffer("upper", upper)

        def forward(self, numbers, ids, bags):
            dense = self.bottom(numbers)
            columns = [*ids.unsqueeze(-1).unbind(1), bags]
            rows = [table(column) for table, column in zip(self.tables, columns, strict=True)]
            rows = torch.stack((dense, *rows), dim=1)
            products = torch.bmm(rows, rows.mT)[:, self.upper[0], self.upper[1]]
            return self.top(torch.cat((dense, products), dim=1)).squeeze(1)

    device = arrays["numbers"].device
    model = DLRM().to(device)
    optimizer = torch.optim.Adagrad(
        model.parameters(), lr=RATE, initial_accumulator_value=START, eps=1e-10
    )
    turn = torch.zeros(1, dtype=torch.long, device=device)

    def step():
        *batch, clicks = (arrays[k].index_select(0, turn).squeeze(0) for k in _DATA)
        loss = F.binary_cross_entropy_with_logits(model(*batch), clicks)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        turn.add_(1).remainder_(TURNS)
        return loss

    return step


def jax_step(arrays):
    """Tables are ordinary parameters with dense gradients."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adagrad(RATE, initial_accumulator_value=START, eps=1e-10)
    shapes = dict(networks())

    def network(p, name, x):
        for n in range(len([layer for layer in shapes if layer.startswith(name)])):
            x = jax.nn.relu(x) if n else x
            x = x @ p[f"{name}{n}"] + p[f"{name}{n}.bias"]
        return x

    def loss_of(p, numbers, ids, bags, clicks):
        dense = jax.nn.relu(network(p, "bottom", numbers))
        last = len(ROWS) - 1
        rows = [dense, *(p[f"table{n}"][ids[:, n]] for n in range(last))]
        rows = jnp.stack((*rows, p[f"table{last}"][bags].sum(1)), axis=1)
        upper = jnp.triu_indices(len(ROWS) + 1, 1)
        products = jnp.einsum("bic,bjc->bij", rows, rows)[:, upper[0], upper[1]]
        logits = network(p, "top", jnp.concatenate((dense, products), 1))[:, 0]
        return optax.sigmoid_binary_cross_entropy(logits, clicks).mean()

    def step(state, arrays):
        p, moments, turn = state
        loss, gradients = jax.value_and_grad(loss_of)(p, *(arrays[k][turn] for k in _DATA))
        updates, moments = optimizer.update(gradients, moments)
        return (optax.apply_updates(p, updates), moments, (turn + 1) % TURNS), loss

    p = {k: v for k, v in arrays.items() if k not in _DATA}
    p |= {f"{name}.bias": jnp.zeros(n_out) for name, (_, n_out) in shapes.items()}
    return step, (p, optimizer.init(p), jnp.zeros((), jnp.int32))
