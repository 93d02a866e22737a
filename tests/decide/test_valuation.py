"""The model by itself: values, and how a claim and a measurement meet (T10, T12, T14)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decide.claims import Item, Member
from advisor.decide.draws import Draws
from advisor.decide.valuation import Observation, SimulationInput, fuse, logistic, simulate
from advisor.pair import FRAMEWORKS


def item(framework: str, criterion: str, strength: float, sign: int = 1, group: str = "") -> Item:
    name = group or f"{framework}-{criterion}-{strength}-{sign}"
    return Item(name, framework, criterion, sign, False, (Member(strength, 0.8, name),))


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


def test_equal_options_without_evidence_are_a_toss() -> None:
    sample = simulate(SimulationInput(()), Draws(0, 10_000))
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
    first = SimulationInput((item("jax", "risk", 1.0), item("pytorch", "team", 2.0)))
    second = SimulationInput((item("jax", "risk", 2.0), item("pytorch", "team", 2.0)))
    near = simulate(second, draws, simulate(first, draws))
    alone = simulate(second, draws)
    for framework in FRAMEWORKS:
        assert np.array_equal(near.utilities[framework], alone.utilities[framework])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), strength=st.sampled_from((0.5, 1.0)))
def test_more_strength_never_hurts_in_any_sample(seed: int, strength: float) -> None:
    draws = Draws(seed, 400)

    def utility(amount: float) -> np.ndarray:
        case = SimulationInput((item("jax", "risk", amount, group="same"),))
        return simulate(case, draws).utilities["jax"]

    assert np.all(utility(strength * 2) >= utility(strength))


def test_any_amount_of_evidence_has_a_value() -> None:
    with np.errstate(over="raise"):
        low, middle, high = logistic(np.array([-5000.0, 0.0, 5000.0]))
    assert (middle, high) == (0.5, 1.0)
    assert 0 <= low < 1e-300
