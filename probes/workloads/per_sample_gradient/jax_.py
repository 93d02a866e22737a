"""Per-sample gradients in JAX: ``jax.vmap`` over ``jax.value_and_grad``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.per_sample_gradient.inputs import CLIP, LEARNING_RATE, PARAMETERS

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the dictionary ``{w1, b1, w2, b2}``."""
    import jax
    import jax.numpy as jnp
    import optax

    del size

    def logits(p: Any, x: Any) -> Any:
        return jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]

    def loss(p: Any, x: Any, y: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(logits(p, x), y)

    def clipped_mean(p: Any, batch: Any) -> tuple[Any, Any]:
        x, y = batch
        losses, gradients = jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0, 0))(p, x, y)
        norms = jax.vmap(optax.global_norm)(gradients)
        scale = jnp.minimum(CLIP / norms, 1.0) / x.shape[0]
        mean = {k: jnp.tensordot(scale, g, axes=1) for k, g in gradients.items()}
        return mean, losses.mean()

    def step(p: Any, batch: Any) -> tuple[Any, Any]:
        gradients, value = clipped_mean(p, batch)
        return {k: p[k] - LEARNING_RATE * gradients[k] for k in p}, value

    return JaxParts(
        step=step,
        state={name: runtime.array(arrays[name]) for name in PARAMETERS},
        inputs=(runtime.array(arrays["x"]), runtime.array(arrays["y"])),
        forward=lambda p, batch: logits(p, batch[0]),
        gradients=lambda p, batch: clipped_mean(p, batch)[0],
        parameters=lambda p: p,
        variant="jax.vmap(value_and_grad), plain gradient descent",
    )
