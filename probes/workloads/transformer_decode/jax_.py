"""Decoding in JAX: the cache is state, updated by slices and donated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of
from probes.workloads.transformer_train.inputs import HEAD_WIDTH
from probes.workloads.transformer_train.jax_ import dense, norm

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the last token, its place and the caches (blocks of (1, length, heads, 32))."""
    import jax
    import jax.numpy as jnp

    length = size["length"]

    def attend(p: Any, name: str, x: Any, position: Any, cache: Any) -> tuple[Any, Any]:
        q, k, v = (
            part.reshape(1, 1, -1, HEAD_WIDTH)
            for part in jnp.split(dense(p, f"{name}.qkv", norm(p, f"{name}.norm1", x)), 3, axis=-1)
        )
        keys, values = (
            jax.lax.dynamic_update_slice_in_dim(old, new, position, axis=1)
            for old, new in zip(cache, (k, v), strict=True)
        )
        mask = (jnp.arange(length) <= position)[None, None, None]
        mixed = jax.nn.dot_product_attention(q, keys, values, mask=mask)
        return dense(p, f"{name}.project", mixed.reshape(x.shape)), (keys, values)

    def decode(state: Any, p: Any) -> tuple[Any, Any]:
        token, position, caches = state
        x = p["token.weight"][token] + p["position.weight"][position]
        updated = []
        for n, cache in enumerate(caches):
            name = f"blocks.{n}"
            mixed, cache = attend(p, name, x, position, cache)  # noqa: PLW2901 (its new value)
            updated.append(cache)
            x = x + mixed
            inner = jax.nn.gelu(dense(p, f"{name}.expand", norm(p, f"{name}.norm2", x)))
            x = x + dense(p, f"{name}.contract", inner)
        logits = norm(p, "norm", x) @ p["head.weight"]
        token = logits.argmax(-1).astype(token.dtype)
        return (token, (position + 1) % length, updated), (logits,)

    shape = (1, length, size["width"] // HEAD_WIDTH, HEAD_WIDTH)
    caches = [(jnp.zeros(shape), jnp.zeros(shape)) for _ in range(size["blocks"])]
    return JaxParts(
        step=decode,
        state=(runtime.array(arrays["token"]), jnp.zeros((), jnp.int32), caches),
        inputs=parameters_of(arrays, runtime, ("token",)),
        forward=lambda state, p: decode(state, p)[1][0],
        variant="static cache",
    )
