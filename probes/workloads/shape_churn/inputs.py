"""A stream of sequences of few or many lengths: what new shapes cost.

One call works through 32 sequences, one after the other: a dense layer pair over each, the mean
over its tokens folded into a state. Sizes differ in how many distinct lengths occur: eight, 32,
and one in ``small_one``. The first call of a fresh process is the price of meeting them all
(traces, compilations); later calls cost what a round costs once everything is known. A stream of
100 rounds is told as a whole, and the counters tell traces and graphs.

PyTorch takes every sequence as it is (``torch.compile`` turns to dynamic shapes by itself at the
second length). JAX pads to the next power of two and masks, as its users do; with ``padded`` 0,
as in ``medium_exact``, it traces every length.

Shapes: ``tokens`` (sum of lengths, width) float32, ``lengths`` (32,) int64, ``w1`` (width,
2 * width), ``w2`` (2 * width, width), ``state`` (width,).

Stands for: language and speech with unequal lengths, services fed by users. Limits: one dimension
varies; padding is done before the clock starts; batches of sequences are not packed.

FLOP count: the two products over the real tokens, 8 * width^2 a token; padding is waste.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probes.workload import Arrays, Size, Tolerance, Workload, normal

SEQUENCES = 32
SHORTEST, LONGEST = 8, 128


def lengths_of(size: Size) -> NDArray[np.int64]:
    """The lengths of the round, (32,): evenly spread, in an order that mixes them."""
    distinct = np.linspace(SHORTEST, LONGEST, size["lengths"] + 1).round()[1:].astype(np.int64)
    return distinct[(np.arange(SEQUENCES) * 13) % len(distinct)]


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Weights, a zero state, and the tokens of all sequences in one array."""
    d, lengths = size["width"], lengths_of(size)
    return {
        "w1": normal(rng, (d, 2 * d), d**-0.5),
        "w2": normal(rng, (2 * d, d), (2 * d) ** -0.5),
        "state": np.zeros(d, np.float32),
        "tokens": normal(rng, (int(lengths.sum()), d)),
        "lengths": lengths,
    }


def sequences(arrays: Arrays) -> list[NDArray[np.float32]]:
    """The sequences of the round, each (length, width)."""
    return np.split(arrays["tokens"], np.cumsum(arrays["lengths"])[:-1])


WORKLOAD = Workload(
    id="shape_churn",
    title="Sequences of many lengths",
    stands_for="language and speech with unequal lengths, services fed by users",
    limits="one dimension varies; padding happens before the clock starts",
    sizes={
        "small": {"lengths": 8, "width": 64, "padded": 1},
        "medium": {"lengths": 32, "width": 64, "padded": 1},
        "large": {"lengths": 32, "width": 256, "padded": 1},
        "small_one": {"lengths": 1, "width": 64, "padded": 1},
        "medium_exact": {"lengths": 32, "width": 64, "padded": 0},
    },
    beside=frozenset({"small_one", "medium_exact"}),
    inputs=inputs,
    flops=lambda s: 8.0 * s["width"] ** 2 * float(lengths_of(s).sum()),
    samples_per_step=lambda size: float(lengths_of(size).sum()),
    tolerance=Tolerance(forward=1e-4, curve=1e-4),
    stream_calls=100,
)
