"""A measurement of the work itself replaces what was believed of its speed; others do not."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decide.valuation import Observation, fuse
from advisor.decision import Criterion, Decision
from advisor.render.decision_words import worded_record
from advisor.render.document import tables
from advisor.render.view import view_of
from tests.decide.making import base_of, broad, inputs_for, measured, rule

CLAIM = rule("claim.speed", ("jax", "performance", "for", "strong"), about="speed")
PLAIN = base_of(*broad("pytorch", "weak"))
BELIEVED = base_of(*broad("pytorch", "weak"), CLAIM)
HERE = {"task": "image", "hardware.train": "cpu", "hardware.same_as_here": True}
ELSEWHERE = {"task": "image", "hardware.train": "tpu", "hardware.same_as_here": False}


def decided(base: Any, values: dict[str, Any], *ratios: float) -> Decision:
    return decide(inputs_for(base, values, *(measured(ratio) for ratio in ratios)))


def speed_of(decision: Decision) -> Criterion:
    return next(c for c in decision.criteria if c.id == "performance")


@pytest.mark.parametrize("believed", [-2.0, 0.0, 2.0])
def test_what_is_measured_replaces_what_is_believed(believed: float) -> None:
    seen = Observation(0.4, 0.03, 0.5, replaces=True)
    assert fuse(believed, seen).mean == 0.4
    assert fuse(believed, seen).share_measured == 1.0
    assert fuse(believed, seen).sd > 0.5


@pytest.mark.parametrize("ratio", [0.55, 1.0, 1.9])
def test_no_claim_about_speed_moves_a_measured_decision(ratio: float) -> None:
    with_claim, without = decided(BELIEVED, HERE, ratio), decided(PLAIN, HERE, ratio)
    assert with_claim.options == without.options
    assert "claim.speed" not in {reason.rule for reason in with_claim.reasons}
    speed = speed_of(with_claim)
    assert (speed.from_, speed.measured, speed.rules) == ("measured", 1.0, [])


def test_the_faster_framework_has_the_higher_value_whatever_was_claimed() -> None:
    """Measured against a strong claim, the number is that of the measurement."""
    speed = speed_of(decided(BELIEVED, HERE, 1 / 1.87))
    assert speed.pytorch is not None
    assert speed.jax is not None
    assert speed.jax < speed.pytorch


def test_a_measurement_of_other_hardware_is_blended_and_says_so() -> None:
    inputs = inputs_for(BELIEVED, ELSEWHERE, measured(0.5))
    record = worded_record(inputs)
    speed = speed_of(record.decision)
    assert speed.measured is not None
    assert 0 < speed.measured < 1
    assert speed.rules == ["claim.speed"]
    (row,) = [
        row
        for row in tables(view_of(record).section("drivers"))["criteria"].rows
        if row.id and row.id.endswith("performance")
    ]
    assert "rest rules" in row.cells["based_on"].text


def test_without_a_measurement_claims_count() -> None:
    assert speed_of(decided(BELIEVED, HERE)).rules == ["claim.speed"]
    assert speed_of(decided(BELIEVED, HERE)).measured is None
