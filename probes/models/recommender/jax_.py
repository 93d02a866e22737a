"""The click predictor in JAX: one table for all, changed where rows were looked up, or whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from probes.model import Size
from probes.models.gradients import by_kind
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, in_turn, parameters_of, train_parts
from probes.models.recommender.inputs import LEARNING_RATE, layers
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

TABLE = "table.weight"


def mixed(p: Any, batch: Any, embedded: Any, size: Size) -> Any:
    """Logits (batch,) of a batch and the embeddings (batch, tables, width) of its rows."""
    import jax
    import jax.numpy as jnp

    def through(part: str, x: Any) -> Any:
        *hidden, last = [name for name, _, _ in layers(part, size)]
        for name in hidden:
            x = jax.nn.relu(dense(p, name, x))
        return dense(p, last, x)

    numbers, *_, pairs = batch
    first = through("bottom", numbers)
    vectors = jnp.concatenate((first[:, None], embedded), axis=1)
    products = jnp.einsum("bvf,bwf->bvw", vectors, vectors)
    products = products[:, pairs[0], pairs[1]]
    return through("top", jnp.concatenate((first, products), axis=1))[:, 0]


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of numbers, rows and clicks."""
    import jax
    import jax.numpy as jnp
    import optax

    names = ("numbers", "rows", "clicks")
    parameters = parameters_of(arrays, runtime, names)
    pairs = runtime.array(np.stack(np.tril_indices(size["tables"] + 1, -1)))
    batches = [(*batch, pairs) for batch in batches_of(arrays, runtime, names)]

    def loss_after(p: Any, embedded: Any, batch: Any) -> Any:
        logits, clicks = mixed(p, batch, embedded, size), batch[2]
        return optax.sigmoid_binary_cross_entropy(logits, clicks).mean()

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p = dict(state)
        table = p.pop(TABLE)
        rows = batch[1]
        value, (slopes, row_slopes) = jax.value_and_grad(loss_after, (0, 1))(p, table[rows], batch)
        p = jax.tree.map(lambda old, slope: old - LEARNING_RATE * slope, p, slopes)
        return {**p, TABLE: table.at[rows].add(-LEARNING_RATE * row_slopes)}, value

    def forward(p: Any, batch: Any) -> Any:
        return mixed(p, batch, p[TABLE][batch[1]], size)

    def loss(p: Any, batch: Any) -> Any:
        return loss_after(p, p[TABLE][batch[1]], batch)

    if variant == "jit":
        return JaxParts(
            step=lambda state, batches: step(state, batches[0]),
            make_step=in_turn(step),
            state=parameters,
            inputs=batches,
            forward=lambda p, batches: forward(p, batches[0]),
            gradients=lambda p, batches: by_kind(jax.grad(loss)(p, batches[0]), jnp.concatenate),
            parameters=lambda p: p,
            variant=f"{variant}, SGD written out, on the rows that were looked up",
        )
    return train_parts(
        parameters,
        batches,
        loss=loss,
        forward=forward,
        optimizer=optax.sgd(LEARNING_RATE),
        variant=f"{variant}, optax.sgd, dense gradients of the table",
    )
