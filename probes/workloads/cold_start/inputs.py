"""From nothing to a first result: import, build, compile, run once.

A small classifier is applied to one batch. What counts is not the time of a step but that of a
fresh process to its first result, inputs moved and the first call waited for; the interpreter's
own start and NumPy's import, which both share, are left out. The first launch compiles with empty
caches, later ones with what the first has left there.

Shapes: ``x`` (batch, width) float32; ``w1`` (width, width), ``w2`` (width, 10). The output
probabilities fold back into the next input, so that calls depend on each other.

Stands for: short scripts, tests, notebooks, serverless functions, restarts after preemption.
Limits: a small model; what a large model costs to compile is told by its own first call.

FLOP count: the two products.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload, normal

CLASSES = 10


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and one batch."""
    batch, d = size["batch"], size["width"]
    return {
        "w1": normal(rng, (d, d), (2 / d) ** 0.5),
        "w2": normal(rng, (d, CLASSES), d**-0.5),
        "x": normal(rng, (batch, d)),
    }


WORKLOAD = Workload(
    id="cold_start",
    title="Cold start",
    stands_for="short scripts, tests, notebooks, serverless functions, restarts",
    limits="a small model; a large one tells its compilation by its own first call",
    sizes={"small": {"batch": 32, "width": 256}},
    inputs=inputs,
    flops=lambda s: 2.0 * s["batch"] * s["width"] * (s["width"] + CLASSES),
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, curve=1e-4),
    one_off=True,
    own_process=True,
)
