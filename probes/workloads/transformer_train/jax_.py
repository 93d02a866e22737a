"""The transformer in JAX: pure functions, jax.nn.dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of, train_parts
from probes.workloads.transformer_train.inputs import EPSILON, HEAD_WIDTH, LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def norm(p: Any, name: str, x: Any) -> Any:
    """Layer normalisation over the last axis, with the weights called *name*."""
    import jax

    x = jax.nn.standardize(x, axis=-1, epsilon=EPSILON)
    return x * p[f"{name}.weight"] + p[f"{name}.bias"]


def dense(p: Any, name: str, x: Any) -> Any:
    """The dense layer called *name*."""
    return x @ p[f"{name}.weight"] + p[f"{name}.bias"]


def apply(p: Any, tokens: Any, blocks: int) -> Any:
    """(batch, length) tokens to (batch, length, vocabulary) logits."""
    import jax
    import jax.numpy as jnp

    def block(x: Any, name: str) -> Any:
        q, k, v = (
            part.reshape(*part.shape[:2], -1, HEAD_WIDTH)
            for part in jnp.split(dense(p, f"{name}.qkv", norm(p, f"{name}.norm1", x)), 3, axis=-1)
        )
        mixed = jax.nn.dot_product_attention(q, k, v, is_causal=True)
        x = x + dense(p, f"{name}.project", mixed.reshape(x.shape))
        inner = jax.nn.gelu(dense(p, f"{name}.expand", norm(p, f"{name}.norm2", x)))
        return x + dense(p, f"{name}.contract", inner)

    x = p["token.weight"][tokens] + p["position.weight"][: tokens.shape[1]]
    for n in range(blocks):
        x = block(x, f"blocks.{n}")
    return norm(p, "norm", x) @ p["head.weight"]


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step on ``tokens``."""
    import optax

    def forward(p: Any, tokens: Any) -> Any:
        return apply(p, tokens[:, :-1], size["blocks"])

    def loss(p: Any, tokens: Any) -> Any:
        logits = forward(p, tokens)
        return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()

    return train_parts(
        parameters_of(arrays, runtime, ("tokens",)),
        loss,
        forward,
        runtime.array(arrays["tokens"]),
        LEARNING_RATE,
        variant="jax.nn.dot_product_attention",
    )
