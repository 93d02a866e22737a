"""Derivatives of higher order in JAX: nested ``jax.grad`` under ``vmap``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``x`` (points,)."""
    import jax
    import jax.numpy as jnp

    def network(x: Any, w: Any, b: Any, v: Any) -> Any:
        return (v * jnp.tanh(w * x + b)).sum()

    nested: Callable[..., Any] = network
    for _ in range(size["order"]):
        nested = jax.grad(nested)
    derivative = jax.vmap(nested, in_axes=(0, None, None, None))

    def move(x: Any, inputs: Any) -> tuple[Any, Any]:
        first, *weights = inputs
        return first + 0.1 * jnp.tanh(derivative(x, *weights)), ()

    names = ("x", "w", "b", "v")
    return JaxParts(
        step=move,
        state=runtime.array(arrays["x"]),
        inputs=tuple(runtime.array(arrays[name]) for name in names),
        forward=lambda x, inputs: derivative(x, *inputs[1:]),
        variant=f"jax.grad nested {size['order']} times, vmap",
    )
