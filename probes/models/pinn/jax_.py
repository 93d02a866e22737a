"""The physics-informed network in JAX: nested derivatives backward, forward, or as a series."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_layers import dense
from probes.models.jax_step import batches_of, parameters_of, train_parts
from probes.models.pinn.inputs import DIFFUSION, LEARNING_RATE, layers
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

Network = Callable[[Any], Any]


def residual_backward(network: Network, z: Any, order: int) -> Any:
    """What is left of the equation at *z* (n, 2), by nested gradients of one point each."""
    import jax

    def unknown(x: Any, t: Any) -> Any:
        return network(jax.numpy.stack((x, t)))

    highest = unknown
    for _ in range(order):
        highest = jax.grad(highest)

    def left(x: Any, t: Any) -> Any:
        u_x, u_t = jax.grad(unknown, (0, 1))(x, t)
        return u_t + unknown(x, t) * u_x - DIFFUSION * highest(x, t)

    return jax.vmap(left)(z[:, 0], z[:, 1])


def directions(z: Any) -> tuple[Any, Any]:
    """The directions (n, 2) of x and of t at *z* (n, 2)."""
    import jax.numpy as jnp

    ones, zeros = jnp.ones_like(z[:, 0]), jnp.zeros_like(z[:, 0])
    return jnp.stack((ones, zeros), axis=-1), jnp.stack((zeros, ones), axis=-1)


def residual_forward(network: Network, z: Any, order: int) -> Any:
    """What is left of the equation at *z* (n, 2), by derivatives along one direction."""
    import jax

    def along(function: Network, direction: Any) -> Network:
        return lambda at: jax.jvp(function, (at,), (direction,))[1]

    in_x, in_t = directions(z)
    u_t = along(network, in_t)(z)
    u, u_x = jax.jvp(network, (z,), (in_x,))
    highest = network
    for _ in range(order):
        highest = along(highest, in_x)
    return u_t + u * u_x - DIFFUSION * highest(z)


def residual_series(network: Network, z: Any, order: int) -> Any:
    """What is left of the equation at *z* (n, 2), all derivatives in x from one Taylor series."""
    import jax
    import jax.numpy as jnp
    from jax.experimental.jet import jet

    in_x, in_t = directions(z)
    u_t = jax.jvp(network, (z,), (in_t,))[1]
    series = [in_x] + [jnp.zeros_like(z)] * (order - 1)
    u, derivatives = jet(network, (z,), (series,))
    return u_t + u * derivatives[0] - DIFFUSION * derivatives[-1]


RESIDUALS = {
    "jit": residual_backward,
    "jit_forward": residual_forward,
    "jit_taylor": residual_series,
}


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts of the training step over the batches of points."""
    import jax.numpy as jnp
    import optax

    residual = RESIDUALS[variant]
    *hidden, last = [name for name, _, _ in layers(size)]

    def unknown(p: Any, z: Any) -> Any:
        for name in hidden:
            z = jnp.tanh(dense(p, name, z))
        return dense(p, last, z)[..., 0]

    def left(p: Any, batch: Any) -> Any:
        return residual(lambda z: unknown(p, z), batch[0], size["order"])

    def loss(p: Any, batch: Any) -> Any:
        _, border, values = batch
        return jnp.mean(left(p, batch) ** 2) + jnp.mean((unknown(p, border) - values) ** 2)

    names = ("inside", "border", "values")
    return train_parts(
        parameters_of(arrays, runtime, names),
        batches_of(arrays, runtime, names),
        loss=loss,
        forward=left,
        optimizer=optax.adam(LEARNING_RATE),
        variant=f"{variant}, optax.adam, {residual.__name__}",
    )
