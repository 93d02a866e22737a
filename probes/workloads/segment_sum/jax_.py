"""Message passing in JAX: indexing gathers, ``jax.ops.segment_sum`` sums by target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of, train_parts
from probes.workloads.segment_sum.inputs import DATA, LAYERS, LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step on the whole graph."""
    import jax
    import jax.numpy as jnp

    def layer(p: Any, name: str, h: Any, graph: Any) -> Any:
        source, target, inverse_degree = graph
        summed = jax.ops.segment_sum(h[source], target, num_segments=size["nodes"])
        mixed = (summed * inverse_degree) @ p[f"{name}.neighbours.weight"]
        return jax.nn.relu(h @ p[f"{name}.own.weight"] + mixed + p[f"{name}.neighbours.bias"])

    def forward(p: Any, batch: Any) -> Any:
        h, _, *graph = batch
        for n in range(LAYERS):
            h = layer(p, f"layers.{n}", h, graph)
        return h @ p["head.weight"] + p["head.bias"]

    def loss(p: Any, batch: Any) -> Any:
        return jnp.mean((forward(p, batch) - batch[1]) ** 2)

    return train_parts(
        parameters_of(arrays, runtime, DATA),
        loss,
        forward,
        tuple(runtime.array(arrays[name]) for name in DATA),
        LEARNING_RATE,
        variant="jax.ops.segment_sum",
    )
