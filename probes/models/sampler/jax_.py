"""The transition in JAX: the density of one chain, its gradient under vmap, ``lax.scan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.jax_step import batches_of, in_turn
from probes.models.sampler.inputs import UNROLLED, step_size
from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def slopes(places: Any, data: Any) -> tuple[Any, Any]:
    """Log densities (chains,), but for a constant, at *places* (chains, dimensions); gradients."""
    import jax

    def density(place: Any) -> Any:
        return -0.5 * (place**2).sum() + jax.nn.log_sigmoid(data @ place).sum()

    density_at, slope = jax.vmap(jax.value_and_grad(density))(places)
    return density_at, slope


def transition(state: Any, batch: Any, size: Size, unroll: int) -> tuple[Any, Any]:
    """Places, log densities and gradients after one transition; the densities again."""
    import jax
    import jax.numpy as jnp

    h = step_size(size)
    momenta, limits, data = batch
    places, density, slope = state

    def leapfrog(carry: Any, _: None) -> tuple[Any, None]:
        places, moving, _, slope = carry
        moving = moving + 0.5 * h * slope
        places = places + h * moving
        density_at, slope = slopes(places, data)
        return (places, moving + 0.5 * h * slope, density_at, slope), None

    first = (places, momenta, density, slope)
    steps = size["leapfrogs"]
    (places, moving, after, slope), _ = jax.lax.scan(
        leapfrog, first, None, length=steps, unroll=min(unroll, steps)
    )
    gained = after - density - 0.5 * (moving**2 - momenta**2).sum(-1)
    taken = limits < gained
    state = jax.tree.map(
        lambda now, old: jnp.where(taken if old.ndim == 1 else taken[:, None], now, old),
        (places, after, slope),
        state,
    )
    return state, (state[1],)


def build(arrays: Arrays, size: Size, runtime: JaxRuntime, variant: str) -> JaxParts:
    """Parts over the states of the chains, fed with draws."""
    import jax
    import jax.numpy as jnp

    unroll = UNROLLED if variant == "jit_unroll" else 1
    data, start = runtime.array(arrays["data"]), runtime.array(arrays["start"])

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        return transition(state, batch, size, unroll)

    def forward(state: Any, batches: Any) -> Any:
        density_at, slope = slopes(state[0], batches[0][2])
        return jnp.concatenate((density_at[:, None], slope), axis=1)

    return JaxParts(
        step=lambda state, batches: step(state, batches[0]),
        make_step=in_turn(step),
        state=(start, *jax.jit(slopes)(start, data)),
        inputs=[(*batch, data) for batch in batches_of(arrays, runtime, ("momenta", "limits"))],
        forward=forward,
        variant=f"{variant}, vmap of jax.value_and_grad, lax.scan with unroll={unroll}",
    )
