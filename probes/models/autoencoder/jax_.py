"""The variational autoencoder in JAX: pure functions over two lists of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.autoencoder.inputs import LEARNING_RATE, stack
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of ``x`` and ``noise``."""
    import jax
    import jax.numpy as jnp
    import optax

    def through(p: Any, part: str, x: Any) -> Any:
        *hidden, last = [name for name, _, _ in stack(part, size)]
        for name in hidden:
            x = jax.nn.relu(dense(p, name, x))
        return dense(p, last, x)

    def apply(p: Any, batch: Any) -> tuple[Any, Any, Any]:
        x, noise = batch
        mean, log_variance = jnp.split(through(p, "encoder", x), 2, axis=-1)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        return through(p, "decoder", latent), mean, log_variance

    def loss(p: Any, batch: Any) -> Any:
        logits, mean, log_variance = apply(p, batch)
        x, _ = batch
        likelihood = optax.sigmoid_binary_cross_entropy(logits, x).sum()
        divergence = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance)).sum()
        return (likelihood + divergence) / x.shape[0]

    return train_parts(
        parameters_of(arrays, runtime, ("x", "noise")),
        batches_of(arrays, runtime, ("x", "noise")),
        loss=loss,
        forward=lambda p, batch: apply(p, batch)[0],
        optimizer=optax.adam(LEARNING_RATE),
        variant=f"{variant}, optax.adam",
    )
