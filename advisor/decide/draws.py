"""Random streams that are keyed by name, so that nothing depends on order or on company.

Every stream is a Philox counter keyed by the hash of the seed and a name. Whoever asks, in which
order, and how many others ask changes no number. It knows nothing of what the numbers are for.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Noise = NDArray[np.float32]

_STREAMS_KEPT = 1024


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}|{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


@lru_cache(maxsize=_STREAMS_KEPT)
def _pair(seed: int, name: str, depth: int) -> tuple[Noise, Noise]:
    generator = _generator(seed, name)
    # Single precision is drawn twice as fast, kept in half the space, and finer than what it blurs.
    uniform = generator.random(depth, dtype=np.float32)
    normal = generator.standard_normal(depth, dtype=np.float32)
    uniform.flags.writeable = normal.flags.writeable = False
    return uniform, normal


class Draws:
    """The streams of one seed, each *n* numbers long.

    Args:
        seed: The decision's seed.
        n: How many samples every stream has.
        depth: How many are drawn and kept; a quick look at the first *n* of a full run's numbers
            costs no new ones.
    """

    def __init__(self, seed: int, n: int, depth: int | None = None) -> None:
        self.seed = seed
        self.n = n
        self.depth = max(n, depth or n)

    def head(self, n: int) -> Draws:
        """The first *n* samples of the same streams."""
        return Draws(self.seed, min(n, self.n), self.depth)

    def of(self, name: str) -> tuple[Noise, Noise]:
        """Uniform numbers in [0, 1) and standard normal ones, each of shape (n,), read only."""
        uniform, normal = _pair(self.seed, name, self.depth)
        return uniform[: self.n], normal[: self.n]
