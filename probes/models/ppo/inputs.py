"""One update of proximal policy optimisation, environments, policy and learner in one program.

The policy acts in ``environments`` cart-poles (Barto et al., 1983) for ``horizon`` steps; a pole
that falls, or stands for 500 steps, starts anew. Then generalised advantages, and ``epochs``
passes over all samples in ``minibatches`` parts: the clipped objective, the clipped loss of the
values, an entropy bonus; Adam at 2.5e-4, the gradient's norm clipped at 0.5 (Schulman et al.,
2017). Actor and critic are separate networks of two hidden layers of ``width`` with tanh.

All draws are inputs, so that both frameworks act alike: Gumbel noise of the actions, states to
start from, and the order of the samples.

Shapes: ``noise`` (batches, horizon, environments, 2) and ``resets`` (batches, horizon,
environments, 4) float32; ``orders`` (batches, epochs, environments * horizon) int64; ``states``
(environments, 4) float32 to begin with; weights (in, out) float32, biases zero.

Stands for: reinforcement learning whose environment runs on the device. Limits: float32, a small
environment, two discrete actions, observations of four numbers, no frames, draws made outside.

FLOP count: 2 multiply-adds per weight and sample, once when acting and three times per epoch. The
environment is not counted.
"""

from __future__ import annotations

import math

import numpy as np

from probes.model import BATCHES, COMPILE_STEP, Key, Model, Preset, Size, Variant, normal
from probes.workload import Arrays, Tolerance

LEARNING_RATE = 2.5e-4
ADAM_EPSILON = 1e-5
CLIP = 0.5
DISCOUNT, SMOOTHING = 0.99, 0.95
RATIO_CLIP, VALUE_WEIGHT, ENTROPY_WEIGHT = 0.2, 0.5, 0.01

# Of gymnasium's CartPole-v1: https://gymnasium.farama.org/environments/classic_control/cart_pole
GRAVITY, CART_MASS, POLE_MASS, HALF_LENGTH = 9.8, 1.0, 0.1, 0.5
FORCE, TIME_STEP_S = 10.0, 0.02
FARTHEST, STEEPEST, LONGEST = 2.4, 12 * math.pi / 180, 500
OBSERVED, ACTIONS = 4, 2
# Steps of a scan that are written one after the other in the unrolled variant.
UNROLLED = 8

KEYS = (
    Key("environments", "environments side by side", 4, 1, 1_000_000),
    Key("horizon", "steps between updates", 128, 1, 8192),
    Key("width", "features after hidden layers", 64, 1, 4096),
    Key("epochs", "passes over the samples", 4, 1, 64),
    Key("minibatches", "parts of a pass", 4, 1, 4096),
)

PRESETS = (
    Preset(
        "cartpole",
        "PPO on CartPole, as CleanRL and PureJaxRL have it",
        {},
        "https://github.com/luchris429/purejaxrl/blob/main/purejaxrl/ppo.py",
        "2024-05",
        "no annealing of the learning rate",
    ),
    Preset(
        "many_environments",
        "thousands of environments on one device",
        {"environments": 4096, "horizon": 16, "width": 128, "minibatches": 2},
        "https://github.com/isaac-sim/IsaacGymEnvs/blob/main/isaacgymenvs/cfg/train/AntPPO.yaml",
        "2021-11",
        "cart-poles instead of an ant, two layers of 128 instead of 256, 128 and 64",
    ),
)


def networks(size: Size) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of all dense layers."""
    width = size["width"]
    rows = []
    for network, outputs in (("actor", ACTIONS), ("critic", 1)):
        pairs = ((OBSERVED, width), (width, width), (width, outputs))
        rows += [(f"{network}.{n}", n_in, n_out) for n, (n_in, n_out) in enumerate(pairs)]
    return rows


def fits(size: Size) -> str | None:
    """All minibatches are of one size."""
    samples = size["environments"] * size["horizon"]
    if samples % size["minibatches"] or samples < 2 * size["minibatches"]:
        return f"minibatches is {size['minibatches']}; it has to divide {samples} samples"
    return None


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, states to begin with, and all draws of several updates."""
    arrays: Arrays = {}
    for name, n_in, n_out in networks(size):
        # The first policy hardly prefers an action.
        gain = 0.01 if n_out == ACTIONS else 1.0
        arrays[f"{name}.weight"] = normal(rng, (n_in, n_out), gain * n_in**-0.5)
        arrays[f"{name}.bias"] = np.zeros(n_out, np.float32)
    environments, horizon = size["environments"], size["horizon"]
    steps = (BATCHES, horizon, environments)
    uniform = rng.random((*steps, ACTIONS), dtype=np.float32)
    arrays["noise"] = -np.log(-np.log(uniform * np.float32(1 - 2e-6) + np.float32(1e-6)))
    arrays["resets"] = (rng.random((*steps, OBSERVED), dtype=np.float32) - 0.5) / 10
    arrays["states"] = (rng.random((environments, OBSERVED), dtype=np.float32) - 0.5) / 10
    arrays["orders"] = np.stack(
        [
            [rng.permutation(environments * horizon) for _ in range(size["epochs"])]
            for _ in range(BATCHES)
        ]
    )
    return arrays


def flops(size: Size) -> float:
    """Floating-point operations of one update, products only."""
    counts = [(name, n_in * n_out) for name, n_in, n_out in networks(size)]
    weights = sum(count for _, count in counts)
    critic = sum(count for name, count in counts if name.startswith("critic"))
    passes = size["horizon"] * (1 + 3 * size["epochs"])
    return float(2 * size["environments"] * (passes * weights + critic))


MODEL = Model(
    id="ppo",
    title="Proximal policy optimisation, one update",
    stands_for="reinforcement learning whose environment runs on the device",
    limits="float32, a small environment, two actions, draws made outside of the step",
    keys=KEYS,
    depth="epochs",
    presets=PRESETS,
    tiny={"environments": 3, "horizon": 6, "width": 8, "epochs": 2, "minibatches": 2},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["environments"] * size["horizon"]),
    sample="step of an environment",
    fits=fits,
    pytorch=(
        Variant("eager", "pytorch.eager", "Python loops, eager, fused optimizer"),
        Variant("compile", "pytorch.compile", "one step and the loss compiled, Python loops"),
        Variant(
            "compile_loop",
            "pytorch.compile",
            "all steps and the advantages compiled as one, which writes them out",
            at_most={"horizon": 32},
            rewrite=True,
        ),
        COMPILE_STEP,
    ),
    jax=(
        Variant("jit", "jax.jit", "the whole update in one program, lax.scan"),
        Variant("jit_unroll", "jax.jit", f"the same, {UNROLLED} steps written out"),
    ),
    tolerance=Tolerance(forward=1e-4, grad=1e-3, curve=2e-3),
    branches=True,
)
