"""The model by itself: weights, values, fusion, options (T8, T10, T12, T14)."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decide.claims import Item, Member
from advisor.decide.draws import Draws
from advisor.decide.model import Case, Observation, fuse, simulate
from advisor.decide.weights import sample_weights
from advisor.decision import CRITERIA

BOTH = ("pytorch", "jax")


def item(framework: str, criterion: str, strength: float, sign: int = 1, group: str = "") -> Item:
    name = group or f"{framework}-{criterion}-{strength}-{sign}"
    return Item(name, framework, criterion, sign, False, (Member(strength, 0.8, name),))


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


finite = st.floats(-5, 5)
spread = st.floats(0.01, 3)


@given(m=finite, y=finite, se=spread, transfer=spread)
def test_fusion_lies_between_belief_and_measurement(
    m: float, y: float, se: float, transfer: float
) -> None:
    fused = fuse(m, Observation(y, se, transfer))
    assert min(m, y) - 1e-9 <= fused.mean <= max(m, y) + 1e-9
    assert 0 < fused.sd <= 1.0
    assert 0 < fused.share_measured < 1


@given(m=finite, y=finite)
def test_a_measurement_without_precision_changes_nothing(m: float, y: float) -> None:
    without = fuse(m, None)
    assert fuse(m, Observation(y, math.inf, 0.3)) == without
    assert fuse(m, Observation(y, 1e7, 0.3)).mean == pytest.approx(without.mean, abs=1e-9)


def test_beside_a_good_measurement_a_claim_of_one_unit_moves_less_than_a_fifth() -> None:
    seen = Observation(0.3, 0.03, math.log2(1.35))
    assert abs(fuse(1.0, seen).mean - fuse(0.0, seen).mean) < 0.2


def test_adding_an_option_never_changes_how_two_others_compare() -> None:
    dice = random.Random(5)
    for round_ in range(150):
        items = tuple(
            item(f, c, dice.choice((0.5, 1.0, 2.0)), dice.choice((-1, 1)), f"g{round_}{f}{c}")
            for f in (*BOTH, "third")
            for c in CRITERIA
            if dice.random() < 0.6
        )
        seen = Observation(dice.gauss(0, 1), 0.1, 0.4)
        draws = Draws(round_, 300)
        two = simulate(Case(BOTH, CRITERIA, items, seen=seen), draws)
        three = simulate(Case((*BOTH, "third"), CRITERIA, items, seen=seen), draws)
        for framework in BOTH:
            assert np.array_equal(two.utilities[framework], three.utilities[framework])


def test_equal_options_without_evidence_are_a_toss() -> None:
    sample = simulate(Case(BOTH, CRITERIA, ()), Draws(0, 10_000))
    ahead = sample.utilities["jax"] > sample.utilities["pytorch"]
    assert ahead.mean() == pytest.approx(0.5, abs=0.02)


def test_a_group_counts_its_strongest_member_that_holds() -> None:
    strong = Member(2.0, 0.6, "strong")
    weak = Member(0.5, 0.95, "weak")
    both = Item("g", "jax", "risk", 1, False, (weak, strong))
    assert both.mean == pytest.approx(2.0 * 0.6 + 0.5 * 0.35)
    assert both.rule == "strong"


def test_a_simulation_near_another_has_the_same_numbers() -> None:
    draws = Draws(2, 500)
    first = Case(BOTH, CRITERIA, (item("jax", "risk", 1.0), item("pytorch", "team", 2.0)))
    second = Case(BOTH, CRITERIA, (item("jax", "risk", 2.0), item("pytorch", "team", 2.0)))
    near = simulate(second, draws, simulate(first, draws))
    alone = simulate(second, draws)
    for framework in BOTH:
        assert np.array_equal(near.utilities[framework], alone.utilities[framework])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), strength=st.sampled_from((0.5, 1.0)))
def test_more_strength_never_hurts_in_any_sample(seed: int, strength: float) -> None:
    draws = Draws(seed, 400)

    def utility(amount: float) -> np.ndarray:
        case = Case(BOTH, CRITERIA, (item("jax", "risk", amount, group="same"),))
        return simulate(case, draws).utilities["jax"]

    assert np.all(utility(strength * 2) >= utility(strength))
