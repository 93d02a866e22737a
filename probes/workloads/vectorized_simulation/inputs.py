"""Many small environments stepped together: pendulums under a linear policy, restarted in turn.

One call is 8 environment steps of all of them: the policy's clipped torque, half a dozen
operations of physics (semi-implicit Euler, 0.05 s), a reward, and a restart after 200 steps.
The ages differ, so that some restart in every step and no value ever dies out.

Shapes: ``angle``, ``speed`` (environments,) float32, also the restart values; ``age``
(environments,) int32; ``policy`` (2,) float32. PyTorch runs the 8 steps in a Python loop, JAX
in ``lax.scan``. The output is the mean reward of the call.

Stands for: reinforcement learning with environments on the device, Monte-Carlo simulation.
Limits: no neural policy, no contacts, no data-dependent length; environments outside the
program (robots, games in C++) cost the same in both.

FLOP count: 22 per environment step, each elementary function counted as one. Bytes: state in
and out once per call, which is what a fused program needs at least.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload

STEPS = 8
EPISODE = 200
TIME_STEP_S = 0.05
GRAVITY = 10.0
MAX_TORQUE = 2.0


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Start values within 1 rad and 1 rad/s, ages spread over the episode."""
    n = size["environments"]
    return {
        "angle": rng.uniform(-1, 1, n).astype(np.float32),
        "speed": rng.uniform(-1, 1, n).astype(np.float32),
        "age": rng.integers(0, EPISODE, n).astype(np.int32),
        "policy": np.array([0.3, -0.1], np.float32),
    }


WORKLOAD = Workload(
    id="vectorized_simulation",
    title="Vectorized simulation",
    stands_for="reinforcement learning with environments on the device, Monte-Carlo simulation",
    limits="no neural policy, no contacts; environments outside the program cost both the same",
    sizes={
        "small": {"environments": 4096},
        "medium": {"environments": 65536},
        "large": {"environments": 1048576},
    },
    inputs=inputs,
    flops=lambda size: 22.0 * STEPS * size["environments"],
    bytes_moved=lambda size: 8.0 * 4 * size["environments"],
    samples_per_step=lambda size: float(STEPS * size["environments"]),
    tolerance=Tolerance(forward=1e-4, curve=1e-3),
)
