"""Feeding in JAX: ``jax.device_put`` in a Python loop around a jitted function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.data_feed.inputs import DEVIATION, KEEP, MEAN, batches

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the blend (batch, image, image, 3)."""
    import jax
    import jax.numpy as jnp

    def blend(state: Any, batch: Any) -> Any:
        x = (batch.astype(jnp.float32) / 255.0 - MEAN) / DEVIATION
        return KEEP * state + (1.0 - KEEP) * x

    def make_step(wrap: Callable[..., Any]) -> Callable[[Any, Any], tuple[Any, Any]]:
        update, pick = wrap(blend), batches(arrays, size)

        def step(state: Any, _: Any) -> tuple[Any, Any]:
            return update(state, jax.device_put(pick())), ()

        return step

    return JaxParts(
        make_step=make_step,
        state=runtime.array(arrays["state"]),
        inputs=runtime.array(batches(arrays, size)()),
        forward=blend,
        variant="jax.device_put, jitted from there",
    )
