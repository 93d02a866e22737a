"""The matrix product in JAX; nothing is donated, since a product cannot be formed in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``state`` and ``factor``, (n, n)."""
    del size

    def step(state: Any, factor: Any) -> tuple[Any, Any]:
        return state @ factor, ()

    return JaxParts(
        step=step,
        state=runtime.array(arrays["state"]),
        inputs=runtime.array(arrays["factor"]),
        forward=lambda state, factor: state @ factor,
        donate=False,
    )
