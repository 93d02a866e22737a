"""The deep perceptron in JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of, train_parts
from probes.workloads.memory.inputs import LAYERS, LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step on ``x`` and ``y``, (batch, width)."""
    import jax
    import jax.numpy as jnp

    del size

    def forward(p: Any, batch: Any) -> Any:
        x, _ = batch
        for n in range(LAYERS):
            x = jax.nn.gelu(x @ p[f"layers.{n}.weight"] + p[f"layers.{n}.bias"])
        return x

    def loss(p: Any, batch: Any) -> Any:
        return jnp.mean((forward(p, batch) - batch[1]) ** 2)

    return train_parts(
        parameters_of(arrays, runtime, ("x", "y")),
        loss,
        forward,
        (runtime.array(arrays["x"]), runtime.array(arrays["y"])),
        LEARNING_RATE,
    )
