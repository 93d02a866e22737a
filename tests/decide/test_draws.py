"""Weights that respect a ranking and are uniform over what it leaves open."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.decide.draws import Draws, sample_weights
from advisor.decision import CRITERIA


def test_weights_without_a_ranking_are_uniform_on_the_simplex() -> None:
    weights = sample_weights(CRITERIA, (), Draws(0, 10_000))
    total = sum(weights.values())
    assert np.allclose(total, 1.0)
    for criterion in CRITERIA:
        assert weights[criterion].mean() == pytest.approx(1 / 7, abs=0.01)
        assert weights[criterion].var() == pytest.approx(6 / (49 * 8), rel=0.1)


def test_a_full_ranking_has_the_rank_order_centroid_as_its_mean() -> None:
    ranks = tuple((c,) for c in reversed(CRITERIA))
    weights = sample_weights(CRITERIA, ranks, Draws(3, 10_000))
    for place, criterion in enumerate(reversed(CRITERIA)):
        centroid = sum(1 / k for k in range(place + 1, 8)) / 7
        assert weights[criterion].mean() == pytest.approx(centroid, abs=0.01)


def test_ranked_criteria_outweigh_the_rest_in_every_sample_and_ties_are_fair() -> None:
    weights = sample_weights(CRITERIA, (("team", "risk"), ("platform",)), Draws(1, 5000))
    assert np.all(np.minimum(weights["team"], weights["risk"]) >= weights["platform"])
    for other in ("ecosystem", "performance", "iteration", "deployment"):
        assert np.all(weights["platform"] >= weights[other])
    assert (weights["team"] > weights["risk"]).mean() == pytest.approx(0.5, abs=0.03)
