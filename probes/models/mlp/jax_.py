"""The dense network in JAX: a pure function over a list of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.mlp.inputs import LEARNING_RATE, layers
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of ``x`` and ``y``."""
    import jax
    import optax

    *hidden, last = [name for name, _, _ in layers(size)]

    def logits(p: Any, batch: Any) -> Any:
        x, _ = batch
        for name in hidden:
            x = jax.nn.relu(dense(p, name, x))
        return dense(p, last, x)

    def loss(p: Any, batch: Any) -> Any:
        scores = logits(p, batch)
        return optax.softmax_cross_entropy_with_integer_labels(scores, batch[1]).mean()

    return train_parts(
        parameters_of(arrays, runtime, ("x", "y")),
        batches_of(arrays, runtime, ("x", "y")),
        loss=loss,
        forward=logits,
        optimizer=optax.adam(LEARNING_RATE),
        variant=f"{variant}, optax.adam",
    )
