"""The element-wise chain in JAX: the same expression, its old value donated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``x``, ``scale`` and ``shift``, (n,) each."""
    import jax
    import jax.numpy as jnp

    del size

    def chain(x: Any, inputs: Any) -> Any:
        scale, shift = inputs
        square = x * x
        bell = jax.nn.silu(x) * jnp.exp(-square)
        return 0.6 * jnp.tanh(scale * x + shift) + 0.3 * bell + 0.1 * jnp.sqrt(1.0 + square)

    return JaxParts(
        step=lambda x, inputs: (chain(x, inputs), ()),
        state=runtime.array(arrays["x"]),
        inputs=(runtime.array(arrays["scale"]), runtime.array(arrays["shift"])),
        forward=chain,
    )
