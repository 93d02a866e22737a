"""Reasons add up to the difference, and each carries its chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.answers import Answers
from advisor.decide.deciding import decide
from tests.decide.test_flips import VALUES, made


def test_reasons_add_up_to_the_difference_and_carry_their_chain() -> None:
    inputs = replace(made(), answers=Answers(values=VALUES, sources={"task": "typed"}))
    decision = decide(inputs)
    signed = sum(
        r.contribution if r.favours == "jax" else -r.contribution for r in decision.reasons
    )
    by_criteria = sum(c.contribution for c in decision.criteria)
    assert signed == pytest.approx(by_criteria, abs=0.02)
    best = decision.reasons[0]
    assert best.rule is not None
    assert best.source is not None
    assert best.source.text == "A source"
    assert best.age_days == 23
    assert [(b.kind, b.ref, b.value) for b in best.because] == [("answer", "task", "image")]
    assert any(r.probe == "model:resnet" and r.source.kind == "measured" for r in decision.reasons
               if r.source)  # fmt: skip


def test_a_measured_reason_holds_what_it_is_made_of() -> None:
    [reason] = [r for r in decide(made(speed=1.5)).reasons if r.rule is None]
    assert reason.text == ""
    part, conv = reason.because
    assert (part.ref, conv.ref) == ("model:resnet", "conv_train")
    assert "weight" in conv.value
    assert (part.value["ratio"], conv.value["weight"]) == (1.5, 1.0)
    assert part.value["ci"][0] < 1.5 < part.value["ci"][1]
