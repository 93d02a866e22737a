"""Small operations in JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``x`` (n,)."""
    import jax.numpy as jnp

    turns = size["turns"]

    def turn_round(x: Any, inputs: Any) -> Any:
        scale, shift = inputs
        for _ in range(turns):
            x = (jnp.sin(x * scale) + shift) * 0.9
        return x

    return JaxParts(
        step=lambda x, inputs: (turn_round(x, inputs), ()),
        state=runtime.array(arrays["x"]),
        inputs=(runtime.array(arrays["scale"]), runtime.array(arrays["shift"])),
        forward=turn_round,
    )
