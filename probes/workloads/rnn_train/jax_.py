"""The LSTM in JAX: a cell in ``lax.scan``; there is no other LSTM on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of, train_parts
from probes.workloads.rnn_train.inputs import LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step on ``x`` (steps, batch, features)."""
    import jax
    import jax.numpy as jnp
    import optax

    def logits(p: Any, batch: Any) -> Any:
        x, _ = batch
        recurrent = p["lstm.weight_hh_l0"].T

        def cell(carry: Any, projected: Any) -> tuple[Any, None]:
            hidden, memory = carry
            i, f, g, o = jnp.split(projected + hidden @ recurrent, 4, axis=-1)
            memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(memory), memory), None

        zeros = jnp.zeros((x.shape[1], size["hidden"]), x.dtype)
        (hidden, _), _ = jax.lax.scan(cell, (zeros, zeros), x @ p["lstm.weight_ih_l0"].T)
        return hidden @ p["head.weight"] + p["head.bias"]

    def loss(p: Any, batch: Any) -> Any:
        found = logits(p, batch)
        return optax.softmax_cross_entropy_with_integer_labels(found, batch[1]).mean()

    return train_parts(
        parameters_of(arrays, runtime, ("x", "y")),
        loss,
        logits,
        (runtime.array(arrays["x"]), runtime.array(arrays["y"])),
        LEARNING_RATE,
        variant="lax.scan",
    )
