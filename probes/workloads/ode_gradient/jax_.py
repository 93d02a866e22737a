"""The neural ODE in JAX: ``lax.scan`` over the steps, reverse mode through all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.jax_training import parameters_of, train_parts
from probes.workloads.ode_gradient.inputs import LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step from ``start`` to ``target``."""
    import jax
    import jax.numpy as jnp

    steps = size["steps"]
    h = 1.0 / steps

    def integrate(p: Any, y: Any) -> Any:
        def field(y: Any) -> Any:
            return jnp.tanh(y @ p["inner.weight"] + p["inner.bias"]) @ p["outer.weight"]

        def runge_kutta_step(y: Any, _: None) -> tuple[Any, None]:
            k1 = field(y)
            k2 = field(y + 0.5 * h * k1)
            k3 = field(y + 0.5 * h * k2)
            k4 = field(y + h * k3)
            return y + (h / 6.0) * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

        return jax.lax.scan(runge_kutta_step, y, None, length=steps)[0]

    def loss(p: Any, batch: Any) -> Any:
        start, target = batch
        return jnp.mean((integrate(p, start) - target) ** 2)

    return train_parts(
        parameters_of(arrays, runtime, ("start", "target")),
        loss,
        lambda p, batch: integrate(p, batch[0]),
        (runtime.array(arrays["start"]), runtime.array(arrays["target"])),
        LEARNING_RATE,
        variant="lax.scan",
    )
