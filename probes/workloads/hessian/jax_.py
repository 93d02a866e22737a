"""The Newton step in JAX: ``jax.hessian`` and ``jnp.linalg.solve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``x`` (n,)."""
    import jax
    import jax.numpy as jnp

    del size

    def f(x: Any, a: Any, b: Any) -> Any:
        return jax.nn.logsumexp(a @ x + b) + 0.5 * (x @ x)

    def newton(x: Any, coefficients: Any) -> tuple[Any, Any]:
        value, gradient = jax.value_and_grad(f)(x, *coefficients)
        return x - jnp.linalg.solve(jax.hessian(f)(x, *coefficients), gradient), value

    return JaxParts(
        step=newton,
        state=runtime.array(arrays["x"]),
        inputs=(runtime.array(arrays["a"]), runtime.array(arrays["b"])),
        forward=lambda x, coefficients: jax.hessian(f)(x, *coefficients),
        gradients=lambda x, coefficients: {"x": jax.grad(f)(x, *coefficients)},
        variant="jax.hessian",
    )
