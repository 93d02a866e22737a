"""Random streams that are keyed by name, so that nothing depends on order or on company.

Every stream is a Philox counter keyed by the hash of the seed and a name. Whoever asks, in which
order, and how many others ask changes no number. It knows nothing of what the numbers are for.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Noise = NDArray[np.float32]

_STREAMS_KEPT = 1024
_SHARES = 4096
_LOW = np.uint64(2**24 - 1)
_TOP = np.uint64(64 - 12)


@lru_cache(maxsize=1)
def _quantiles() -> Noise:
    """The standard normal as equally likely values: quantiles in the middle of equal shares."""
    normal = NormalDist()
    upper = [normal.inv_cdf((k + 0.5) / _SHARES) for k in range(_SHARES // 2, _SHARES)]
    return np.array([*(-z for z in reversed(upper)), *upper], dtype=np.float32)


@lru_cache(maxsize=_STREAMS_KEPT)
def _pair(seed: int, name: str, depth: int) -> tuple[Noise, Noise]:
    digest = hashlib.sha256(f"{seed}|{name}".encode()).digest()
    words = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(depth)
    # Raw words are the same in every version of NumPy, which its distributions need not be.
    uniform = (words & _LOW).astype(np.float32) * np.float32(2.0**-24)
    normal = _quantiles()[(words >> _TOP).astype(np.intp)]
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
