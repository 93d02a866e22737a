"""The pendulums in PyTorch: batched operations in a Python loop over the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.vectorized_simulation.inputs import (
    EPISODE,
    GRAVITY,
    MAX_TORQUE,
    STEPS,
    TIME_STEP_S,
)

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``(angle, speed, age)``, (environments,) each."""
    import torch

    del size
    first_angle, first_speed = runtime.tensor(arrays["angle"]), runtime.tensor(arrays["speed"])
    first_age, policy = runtime.tensor(arrays["age"]), runtime.tensor(arrays["policy"])

    def environment_step(angle: Any, speed: Any, age: Any) -> tuple[Any, Any, Any, Any]:
        sine = torch.sin(angle)
        torque = torch.clamp(policy[0] * sine + policy[1] * speed, -MAX_TORQUE, MAX_TORQUE)
        reward = -(angle**2 + 0.1 * speed**2 + 0.001 * torque**2)
        speed = speed + TIME_STEP_S * (torque - GRAVITY * sine)
        angle = angle + TIME_STEP_S * speed
        over = age + 1 >= EPISODE
        return (
            torch.where(over, first_angle, angle),
            torch.where(over, first_speed, speed),
            torch.where(over, 0, age + 1),
            reward,
        )

    def rollout(angle: Any, speed: Any, age: Any) -> tuple[Any, Any, Any, Any]:
        total = torch.zeros_like(angle)
        for _ in range(STEPS):
            angle, speed, age, reward = environment_step(angle, speed, age)
            total = total + reward
        return angle, speed, age, total.mean() / STEPS

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(rollout)
        # Copies: the first call would otherwise be compiled for arguments that are the same.
        state = (first_angle.clone(), first_speed.clone(), first_age)

        def step() -> Any:
            nonlocal state
            *state, reward = advance(*state)
            return reward

        return step

    def forward() -> Any:
        angle, speed, *_ = rollout(first_angle, first_speed, first_age)
        return torch.stack([angle, speed])

    return TorchParts(make_step=make_step, forward=forward, variant="Python loop over 8 steps")
