"""One transition of Hamiltonian Monte Carlo for several chains of a logistic regression.

``leapfrogs`` steps along the gradient of the log density of ``dimensions`` coefficients given
``observations`` binary outcomes, with a normal prior; then every chain keeps its new place or its
old one (Neal, 2011). The momenta and the draws that decide are inputs. The gradient at the place
that a chain keeps is kept with it, so that a transition takes one gradient per step.

Shapes: ``data`` (observations, dimensions) float32, already multiplied by -1 or 1 as the outcome
says; ``start`` (chains, dimensions) float32; ``momenta`` (batches, chains, dimensions) and
``limits`` (batches, chains) float32, logarithms of uniform numbers. The output is the log density
(chains,).

Stands for: sampling from posteriors whose density is a program. Limits: float32, a fixed number of
steps of fixed length (NUTS chooses them), a simple model, no adaptation, draws made outside.

FLOP count: 4 per observation, dimension, chain and leapfrog step: the linear predictor and the
gradient through it.
"""

from __future__ import annotations

import numpy as np

from probes.model import BATCHES, Key, Model, Preset, Size, Variant, normal
from probes.workload import Arrays, Tolerance

# Steps of a scan that are written one after the other in the unrolled variant.
UNROLLED = 5

KEYS = (
    Key("chains", "chains side by side", 4, 1, 1_000_000),
    Key("dimensions", "unknowns of the density", 25, 1, 65536),
    Key("observations", "observations", 1000, 1, 100_000_000),
    Key("leapfrogs", "steps of a transition", 10, 1, 4096),
)

PRESETS = (
    Preset(
        "german_credit",
        "logistic regression of German credit data",
        {},
        "Hoffman and Gelman, The No-U-Turn Sampler, arXiv 1111.4246",
        "2011-11",
        "ten steps of fixed length",
    ),
    Preset(
        "covertype",
        "logistic regression of forest cover types",
        {"chains": 1, "dimensions": 55, "observations": 581012},
        "Phan et al., Composable Effects for Flexible and Accelerated Inference, arXiv 1912.11554",
        "2019-12",
        "ten steps of fixed length",
    ),
)


def step_size(size: Size) -> float:
    """A length of steps at which some transitions are refused."""
    narrowest = (1 + size["observations"] / 4) ** -0.5
    return float(1.2 * narrowest * size["dimensions"] ** -0.25)


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Data drawn from the model, a start for every chain, and the draws of several transitions."""
    chains, dimensions = size["chains"], size["dimensions"]
    data = normal(rng, (size["observations"], dimensions))
    truth = normal(rng, (dimensions,), dimensions**-0.5)
    chances = 1 / (1 + np.exp(-(data @ truth)))
    positive = rng.random(size["observations"]) < chances
    return {
        "data": data * np.where(positive, 1, -1).astype(np.float32)[:, None],
        "start": normal(rng, (chains, dimensions), 0.1),
        "momenta": normal(rng, (BATCHES, chains, dimensions)),
        "limits": np.log1p(-rng.random((BATCHES, chains), dtype=np.float32)),
    }


def flops(size: Size) -> float:
    """Floating-point operations of one transition, products only."""
    per_step = 4.0 * size["chains"] * size["observations"] * size["dimensions"]
    return float(size["leapfrogs"] * per_step)


MODEL = Model(
    id="sampler",
    title="Hamiltonian Monte Carlo, one transition",
    stands_for="sampling from posteriors whose density is a program",
    limits="float32, steps of fixed number and length, no adaptation, draws made outside",
    keys=KEYS,
    depth="leapfrogs",
    depth_step=UNROLLED,
    presets=PRESETS,
    tiny={"chains": 16, "dimensions": 12, "observations": 20, "leapfrogs": 4},
    inputs=inputs,
    flops=flops,
    samples_per_step=lambda size: float(size["chains"] * size["leapfrogs"]),
    sample="leapfrog step",
    pytorch=(
        Variant("eager", "pytorch.eager", "a Python loop, torch.autograd.grad"),
        Variant("compile", "pytorch.compile", "a Python loop, one step compiled"),
        Variant(
            "compile_loop",
            "pytorch.compile",
            "the whole transition compiled, which writes all of its steps out",
            at_most={"leapfrogs": 64},
            rewrite=True,
        ),
    ),
    jax=(
        Variant("jit", "jax.jit", "the density of one chain under vmap, lax.scan"),
        Variant("jit_unroll", "jax.jit", f"the same, {UNROLLED} steps written out"),
    ),
    tolerance=Tolerance(forward=1e-4, curve=2e-3),
    trains=False,
)
