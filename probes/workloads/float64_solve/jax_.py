"""Double-precision solves in JAX, with 64-bit types enabled for this program alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the right-hand sides (batch, n), float64."""
    import jax
    import jax.numpy as jnp

    del size

    def solve(x: Any, a: Any, s: Any) -> tuple[Any, Any]:
        y = jnp.linalg.solve(a, x[..., None])[..., 0]
        return y, jnp.linalg.eigvalsh(s + jax.vmap(jnp.diag)(0.01 * y))

    def advance(x: Any, inputs: Any) -> tuple[Any, Any]:
        a, s, start = inputs
        y, eigenvalues = solve(x, a, s)
        return start + 0.1 * y + 0.1 * eigenvalues, ()

    return JaxParts(
        step=advance,
        state=runtime.array(arrays["start"]),
        inputs=tuple(runtime.array(arrays[name]) for name in ("a", "s", "start")),
        forward=lambda x, inputs: jnp.stack(solve(x, *inputs[:2])),
        x64=True,
        variant="64-bit types enabled",
    )
