"""The pendulums in JAX: one environment step over all of them, in ``lax.scan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.vectorized_simulation.inputs import (
    EPISODE,
    GRAVITY,
    MAX_TORQUE,
    STEPS,
    TIME_STEP_S,
)

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts over ``(angle, speed, age)``, (environments,) each."""
    import jax
    import jax.numpy as jnp

    del size

    def environment_step(state: Any, inputs: Any) -> tuple[Any, Any]:
        angle, speed, age = state
        first_angle, first_speed, policy = inputs
        sine = jnp.sin(angle)
        torque = jnp.clip(policy[0] * sine + policy[1] * speed, -MAX_TORQUE, MAX_TORQUE)
        reward = -(angle**2 + 0.1 * speed**2 + 0.001 * torque**2)
        speed = speed + TIME_STEP_S * (torque - GRAVITY * sine)
        angle = angle + TIME_STEP_S * speed
        over = age + 1 >= EPISODE
        state = (
            jnp.where(over, first_angle, angle),
            jnp.where(over, first_speed, speed),
            jnp.where(over, 0, age + 1),
        )
        return state, reward

    def rollout(state: Any, inputs: Any) -> tuple[Any, Any]:
        def body(carry: Any, _: None) -> tuple[Any, None]:
            state, total = carry
            state, reward = environment_step(state, inputs)
            return (state, total + reward), None

        start = (state, jnp.zeros_like(state[0]))
        (state, total), _ = jax.lax.scan(body, start, None, length=STEPS)
        return state, total.mean() / STEPS

    angle, speed = runtime.array(arrays["angle"]), runtime.array(arrays["speed"])
    return JaxParts(
        step=rollout,
        state=(angle, speed, runtime.array(arrays["age"])),
        inputs=(angle, speed, runtime.array(arrays["policy"])),
        forward=lambda state, inputs: jnp.stack(rollout(state, inputs)[0][:2]),
        variant="lax.scan over 8 steps",
    )
