"""Batches from host memory to the device: picked by NumPy, handed over, normalised there.

One call picks the next batch of a shuffled order (uint8 images), gives it to the framework,
scales it to unit range, standardises it, and blends it into the last ones, so that calls depend
on each other. No reduction: how those compare is another question.

Shapes: ``images`` (samples, image, image, 3) uint8; ``order`` (samples,) int64; ``state``
(batch, image, image, 3) float32, the blend.

Stands for: the last metre of an input pipeline. Limits: no decoding, no augmentation, no worker
processes, which cost the same whatever trains; on a CPU the hand-over may copy nothing.

Bytes: the batch read by the pick, written, and read again on the device, a byte a value; the
blend read and written, four bytes a value each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from probes.workload import Arrays, Size, Tolerance, Workload

MEAN, DEVIATION = 0.45, 0.25
KEEP = 0.9


def inputs(rng: np.random.Generator, size: Size) -> Arrays:
    """Random images, an order, and a blend of nothing."""
    samples, image, batch = size["samples"], size["image"], size["batch"]
    return {
        "images": rng.integers(0, 256, (samples, image, image, 3), dtype=np.uint8),
        "order": rng.permutation(samples),
        "state": np.zeros((batch, image, image, 3), np.float32),
    }


def batches(arrays: Arrays, size: Size) -> Callable[[], NDArray[np.uint8]]:
    """A call that picks the next batch, from the start again after the last whole one."""
    images, order, batch = arrays["images"], arrays["order"], size["batch"]
    last = len(order) // batch * batch
    place = 0

    def pick() -> NDArray[np.uint8]:
        nonlocal place
        chosen: NDArray[np.uint8] = images[order[place : place + batch]]
        place = (place + batch) % last
        return chosen

    return pick


WORKLOAD = Workload(
    id="data_feed",
    title="Feeding batches",
    stands_for="the last metre of an input pipeline, from host memory to the device",
    limits="no decoding, no augmentation, no worker processes",
    sizes={
        "small": {"samples": 4096, "image": 32, "batch": 256},
        "medium": {"samples": 1024, "image": 96, "batch": 128},
        "large": {"samples": 1024, "image": 224, "batch": 128},
    },
    inputs=inputs,
    bytes_moved=lambda s: 11.0 * s["batch"] * s["image"] ** 2 * 3,
    samples_per_step=lambda size: float(size["batch"]),
    tolerance=Tolerance(forward=1e-4, curve=1e-4),
)
