"""A model taken out of Python: can it be exported, with a batch size left open, and run again?

The transformer of `transformer_train` is exported with a symbolic batch, serialised, read back
and run at a batch size that the export did not see. Its counters are the result: ``exported``,
``symbolic_batch``, ``serialised`` (and the error where one is false: JAX needs the package
flatbuffers to serialise), ``export_s``, ``artifact_bytes``. The timed step runs what came back,
else what was exported, else the model. PyTorch's artifact holds the weights, JAX's takes them
as arguments.

Shapes: float32 weights as in `transformer_train`; ``tokens`` (batch, length) int64; the
tokens of the next call are the most likely ones of the last.

Stands for: deployment without the training code. Limits: one model, no dynamic length, no
quantisation; whether a runtime on the target takes the artifact is not tried.

FLOP count: a forward pass of `transformer_train`.
"""

from __future__ import annotations

import numpy as np

from probes.workload import Arrays, Size, Tolerance, Workload
from probes.workloads.transformer_train.inputs import flops, weights


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights and one batch of random tokens."""
    arrays = weights(rng, size)
    arrays["tokens"] = rng.integers(0, size["vocabulary"], (size["batch"], size["length"]))
    return arrays


def error_text(error: BaseException) -> str:
    """The first line of what went wrong, for the counters."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]


WORKLOAD = Workload(
    id="export",
    title="Export with an open batch size",
    stands_for="deployment without the training code",
    limits="one model, fixed length; whether a runtime on the target takes it is not tried",
    sizes={"small": {"batch": 4, "length": 32, "width": 64, "blocks": 2, "vocabulary": 256}},
    inputs=inputs,
    flops=lambda size: flops(size) / 3,
    samples_per_step=lambda size: float(size["batch"] * size["length"]),
    tolerance=Tolerance(forward=1e-4, curve=1e-3),
    modes=("pytorch.eager", "jax.jit"),
    one_off=True,
)
