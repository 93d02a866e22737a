"""The matrix product in JAX; nothing is donated, since a product cannot be formed in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``state`` and ``factor``, (n, n)."""
    import jax.numpy as jnp

    bits = size.get("bits", 32)
    dtype = {16: jnp.bfloat16, 32: jnp.float32, 64: jnp.float64}[bits]

    def step(state: Any, factor: Any) -> tuple[Any, Any]:
        return state @ factor, ()

    with runtime.wide(enabled=bits == 64):
        state, factor = (jnp.asarray(arrays[name], dtype) for name in ("state", "factor"))
    return JaxParts(
        step=step,
        state=state,
        inputs=factor,
        forward=lambda state, factor: state @ factor,
        donate=False,
        x64=bits == 64,
    )
