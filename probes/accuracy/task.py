"""What is trained, for both frameworks alike: images, first weights and the order of the batches.

The images are the 1,797 handwritten digits of 8 by 8 pixels from the test part of "Optical
Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998, UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, CC BY 4.0), as they ship with scikit-learn.
"""

from __future__ import annotations

import hashlib
import io
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.workload import normal

CLASSES = 10
RATE = 2e-3
"""Adam's, the rest of which is as both frameworks have it."""


@dataclass(frozen=True)
class Task:
    """Arrays to train on and to test with; `batches` are rows, by epoch and step."""

    images: NDArray[np.float32]
    labels: NDArray[np.int32]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int32]
    weights: Mapping[str, NDArray[np.float32]]
    batches: NDArray[np.int32]

    @property
    def sha256(self) -> str:
        """The hash of everything that a run starts from."""
        digest = hashlib.sha256()
        for array in self._arrays():
            digest.update(repr((array.dtype.str, array.shape)).encode("ascii"))
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _arrays(self) -> Iterator[NDArray[Any]]:
        yield from (self.images, self.labels, self.test_images, self.test_labels, self.batches)
        yield from (self.weights[name] for name in sorted(self.weights))


def make_task(seed: int, *, epochs: int, hidden: int, batch: int) -> Task:
    """The task with what *seed* draws: first weights, and an order of the batches per epoch.

    Four fifths of the images are trained on, split once for all; the last partial batch of an
    epoch is left out.
    """
    stored = pkgutil.get_data("probes.accuracy", "digits.npz")
    assert stored is not None
    with np.load(io.BytesIO(stored), allow_pickle=False) as kept:
        images, labels = kept["images"], kept["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    flat = (images[order].reshape(len(order), -1) / 16).astype(np.float32)
    answers = labels[order].astype(np.int32)
    cut = len(order) * 4 // 5
    rng = np.random.default_rng(seed)
    weights = {
        "w1": normal(rng, (flat.shape[1], hidden), (2 / flat.shape[1]) ** 0.5),
        "b1": np.zeros(hidden, np.float32),
        "w2": normal(rng, (hidden, CLASSES), (2 / hidden) ** 0.5),
        "b2": np.zeros(CLASSES, np.float32),
    }
    steps = cut // batch
    rows = [rng.permutation(cut)[: steps * batch].reshape(steps, batch) for _ in range(epochs)]
    batches = np.stack(rows).astype(np.int32)
    return Task(flat[:cut], answers[:cut], flat[cut:], answers[cut:], weights, batches)
