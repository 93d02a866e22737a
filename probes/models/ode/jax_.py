"""The differential equation in JAX: ``lax.scan`` over the steps of the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.ode.inputs import LEARNING_RATE, UNROLLED, field
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def solved(p: Any, y: Any, size: Size, unroll: int) -> Any:
    """(batch, states) to the trajectory (steps, batch, states)."""
    import jax
    import jax.numpy as jnp

    h = 1.0 / size["steps"]
    *hidden, last = [name for name, _, _ in field(size)]

    def slope(y: Any) -> Any:
        for name in hidden:
            y = jnp.tanh(dense(p, name, y))
        return dense(p, last, y)

    def euler(y: Any, _: None) -> tuple[Any, Any]:
        y = y + h * slope(y)
        return y, y

    def runge_kutta(y: Any, _: None) -> tuple[Any, Any]:
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + (h / 6.0) * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y, y

    step = euler if size["solver"] == "euler" else runge_kutta
    return jax.lax.scan(step, y, None, length=size["steps"], unroll=unroll)[1]


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of starts and trajectories."""
    import jax.numpy as jnp
    import optax

    unroll = UNROLLED if variant == "jit_unroll" else 1

    def forward(p: Any, batch: Any) -> Any:
        return solved(p, batch[0], size, unroll)

    return train_parts(
        parameters_of(arrays, runtime, ("start", "track")),
        batches_of(arrays, runtime, ("start", "track")),
        loss=lambda p, batch: jnp.mean((forward(p, batch) - batch[1]) ** 2),
        forward=forward,
        optimizer=optax.adam(LEARNING_RATE),
        variant=f"{variant}, optax.adam, lax.scan with unroll={unroll}",
    )
