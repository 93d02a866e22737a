"""Weights of the criteria, sampled from what a ranking by swings leaves open.

Knows the simplex and rankings with ties. It must not know what the criteria mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from advisor.decide.draws import Array, Draws


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
    known = set(criteria)
    cleaned = tuple(tuple(sorted(set(rank) & known)) for rank in ranks)
    return _sampled(tuple(sorted(known)), cleaned, draws.seed, draws.n, draws.depth)


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
