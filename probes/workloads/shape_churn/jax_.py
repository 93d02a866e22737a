"""The stream in JAX: padded to powers of two and masked; the work on one sequence is jitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.shape_churn.inputs import sequences

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over the state (width,)."""
    import jax
    import jax.numpy as jnp

    def padded(x: Any) -> Any:
        missing = (1 << (len(x) - 1).bit_length()) - len(x) if size["padded"] else 0
        return np.pad(x, ((0, missing), (0, 0)))

    def fold(state: Any, x: Any, length: Any, weights: Any) -> Any:
        w1, w2 = weights
        y = jax.nn.gelu((x + state) @ w1) @ w2
        real = jnp.arange(x.shape[0]) < length
        return jnp.tanh(jnp.where(real[:, None], y, 0.0).sum(0) / length)

    def make_step(wrap: Callable[..., Any]) -> Callable[[Any, Any], tuple[Any, Any]]:
        advance = wrap(fold)

        def step(state: Any, inputs: Any) -> tuple[Any, Any]:
            stream, *weights = inputs
            for x, length in stream:
                state = advance(state, x, length, weights)
            return state, ()

        return step

    def forward(state: Any, inputs: Any) -> Any:
        stream, *weights = inputs
        for x, length in stream:
            state = fold(state, x, length, weights)
        return state

    stream = [(runtime.array(padded(x)), jnp.int32(len(x))) for x in sequences(arrays)]
    return JaxParts(
        make_step=make_step,
        state=runtime.array(arrays["state"]),
        inputs=(stream, runtime.array(arrays["w1"]), runtime.array(arrays["w2"])),
        forward=forward,
        variant="padded to powers of two, masked" if size["padded"] else "every length traced",
    )
