"""Random streams that are keyed by name, so that nothing depends on order or on company.

Every stream is a Philox counter keyed by the hash of the seed and a name. Whoever asks, in which
order, and how many others ask changes no number. Weights of criteria are drawn from what a ranking
by swings leaves open. It must not know what the criteria mean, or what else is drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Noise = NDArray[np.float32]

# Of 32 kB each at the usual depth; fewer than a decision goes through in turn would keep none.
_STREAMS_KEPT = 8192
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


def sample_weights(
    criteria: Sequence[str], ranks: Sequence[Sequence[str]], draws: Draws
) -> dict[str, Array]:
    """Weights that respect *ranks*, uniform over everything that the ranking leaves open.

    A uniform sample of the simplex is sorted and dealt out in the order of the ranks; ties and
    the unranked tail take their places at random. Without ties the means are the rank-order
    centroid weights (Barron and Barrett 1996).

    Args:
        criteria: All criteria.
        ranks: Ranks, most important first; each holds one criterion or several that are tied.
        draws: The random streams.

    Returns:
        One array of shape (n,) per criterion; they add up to 1 in every sample.
    """
    among = set(criteria)
    cleaned = tuple(tuple(sorted(set(rank) & among)) for rank in ranks)
    return _sampled(tuple(sorted(among)), cleaned, draws.seed, draws.n, draws.depth)


@lru_cache(maxsize=16)
def _sampled(
    criteria: tuple[str, ...], ranks: tuple[tuple[str, ...], ...], seed: int, n: int, depth: int
) -> dict[str, Array]:
    draws = Draws(seed, n, depth)
    place: dict[str, int] = {}
    for position, rank in enumerate(ranks):
        for criterion in rank:
            place.setdefault(criterion, position)
    spacings = np.stack(
        [-np.log1p(-draws.of(f"weight|{c}")[0].astype(np.float64)) for c in criteria], axis=1
    )
    simplex = spacings / spacings.sum(axis=1, keepdims=True)
    if not place:
        return {c: simplex[:, k].copy() for k, c in enumerate(criteria)}
    shares = -np.sort(-simplex, axis=1)
    # The integer part is the rank, the fraction breaks ties: sorting by both deals out the places.
    order = np.stack([place.get(c, len(ranks)) + draws.of(f"tie|{c}")[0] for c in criteria], axis=1)
    places = np.argsort(np.argsort(order, axis=1), axis=1)
    dealt = np.take_along_axis(shares, places, axis=1)
    return {c: dealt[:, k].copy() for k, c in enumerate(criteria)}
