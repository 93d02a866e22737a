"""Layers that several families share in JAX: pure functions of parameters, a name and values.

``p`` is a flat dictionary; the layer called ``name`` has ``name.weight`` and maybe ``name.bias``.
"""

from __future__ import annotations

from typing import Any


def dense(p: Any, name: str, x: Any) -> Any:
    """The dense layer called *name*, with its bias where it has one."""
    product = x @ p[f"{name}.weight"]
    return product + p[f"{name}.bias"] if f"{name}.bias" in p else product


def layer_norm(p: Any, name: str, x: Any, epsilon: float) -> Any:
    """Layer normalisation over the last axis."""
    import jax

    scaled = jax.nn.standardize(x, axis=-1, epsilon=epsilon) * p[f"{name}.weight"]
    return scaled + p[f"{name}.bias"] if f"{name}.bias" in p else scaled


def rms_norm(p: Any, name: str, x: Any, epsilon: float) -> Any:
    """Root-mean-square normalisation over the last axis (Zhang and Sennrich, 2019)."""
    import jax
    import jax.numpy as jnp

    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + epsilon) * p[f"{name}.weight"]


def attention(q: Any, k: Any, v: Any, *, causal: bool, written: bool) -> Any:
    """Attention over (batch, length, heads, features), by the library or *written* out."""
    import jax
    import jax.numpy as jnp

    if not written:
        return jax.nn.dot_product_attention(q, k, v, is_causal=causal)
    scores = jnp.einsum("bqhd,bkhd->bhqk", q * q.shape[-1] ** -0.5, k)
    if causal:
        places = jnp.arange(q.shape[1])
        scores = jnp.where(places[:, None] >= places, scores, -jnp.inf)
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1), v)
