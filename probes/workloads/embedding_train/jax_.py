"""The recommender in JAX: the gradient by the looked-up rows, added back into the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.embedding_train.inputs import LEARNING_RATE
from probes.workloads.jax_training import parameters_of

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step on ``ids`` (batch, fields)."""
    import jax
    import optax

    del size

    def score(p: Any, rows: Any) -> Any:
        inner = rows.reshape(rows.shape[0], -1) @ p["inner.weight"] + p["inner.bias"]
        return (jax.nn.relu(inner) @ p["outer.weight"] + p["outer.bias"]).squeeze(1)

    def loss(rows: Any, p: Any, y: Any) -> Any:
        return optax.sigmoid_binary_cross_entropy(score(p, rows), y).mean()

    def step(p: Any, batch: Any) -> tuple[Any, Any]:
        ids, y = batch
        dense = {k: v for k, v in p.items() if k != "table.weight"}
        table = p["table.weight"]
        value, (by_rows, by_dense) = jax.value_and_grad(loss, argnums=(0, 1))(table[ids], dense, y)
        dense = {k: v - LEARNING_RATE * by_dense[k] for k, v in dense.items()}
        return {"table.weight": table.at[ids].add(-LEARNING_RATE * by_rows), **dense}, value

    def whole_loss(p: Any, batch: Any) -> Any:
        ids, y = batch
        return loss(p["table.weight"][ids], p, y)

    return JaxParts(
        step=step,
        state=parameters_of(arrays, runtime, ("ids", "y")),
        inputs=(runtime.array(arrays["ids"]), runtime.array(arrays["y"])),
        forward=lambda p, batch: score(p, p["table.weight"][batch[0]]),
        gradients=jax.grad(whole_loss),
        parameters=lambda p: p,
        variant="rows added into the donated table, plain gradient descent",
    )
