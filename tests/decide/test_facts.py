"""The measured facts that rules may speak of come from the numbers that decide."""

from __future__ import annotations

import math

import pytest

from tests.decide.making import comparison, evidence_with, facts_in, probe, work


def test_measured_facts_come_from_the_same_numbers() -> None:
    compiled = {"a": "pytorch.compile", "b": "pytorch.eager", "time_ratio": 1.5,
                "ci": [1.4, 1.6], "verdict": "a_faster"}  # fmt: skip
    entries = [
        {"framework": "jax", "mode": "jax.jit", "status": "ok", "compile_s": 1.5},
        {"framework": "pytorch", "mode": "pytorch.compile", "status": "ok", "compile_s": 20.0},
    ]
    evidence = evidence_with(
        probe("conv_train", comparison(2.0, mode="pytorch.compile"), compiled, entries=entries),
        works=[work(2.0)],
    )
    facts = facts_in(evidence)
    assert facts["measured.jax_speedup"] == pytest.approx(2.0)
    assert facts["measured.jax_speedup.conv_train"] == pytest.approx(2.0)
    assert facts["measured.compile_gain"] == pytest.approx(1.5)
    assert facts["measured.compile_s.pytorch"] == 20.0
    assert facts["measured.compile_s.jax"] == 1.5
    assert math.isfinite(facts["measured.jax_speedup"])


@pytest.mark.parametrize("verdict", ["inconclusive", "invalid"])
def test_what_was_not_called_is_no_fact(verdict: str) -> None:
    unsure = work(8.0, verdict=verdict, ci=[0.01, 2.0], time_ratio=0.125)
    evidence = evidence_with(probe("conv_train", comparison(8.0, verdict=verdict)), works=[unsure])
    assert "measured.jax_speedup" not in facts_in(evidence)
