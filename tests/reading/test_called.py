"""Which comparisons may speak about speed, and why others are left out."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.evidence import Evidence
from advisor.reading.called import read_speeds
from tests.decide.making import comparison, evidence_with, probe


def reasons(*evidence: Evidence) -> dict[str, str]:
    return {x.workload: x.reason for x in read_speeds(evidence).left_out}


def test_either_order_of_the_modes_means_the_same() -> None:
    turned = {"a": "jax.jit", "b": "pytorch.eager", "time_ratio": 2.0, "ci": [1.9, 2.1],
              "verdict": "a_faster"}  # fmt: skip
    for one in (turned, comparison(2.0)):
        [called] = read_speeds([evidence_with(probe("conv_train", one))]).comparisons
        assert called.speedup.value == pytest.approx(2.0)
        assert called.verdict == "jax_faster"


def test_jax_is_compared_with_the_best_mode_of_pytorch() -> None:
    evidence = evidence_with(
        probe("conv_train", comparison(2.0), comparison(1.2, mode="pytorch.compile"))
    )
    [called] = read_speeds([evidence]).comparisons
    assert called.speedup.value == pytest.approx(1.2)
    assert called.torch_mode == "pytorch.compile"


@pytest.mark.parametrize("verdict", ["inconclusive", "invalid"])
def test_what_was_not_called_is_no_evidence(verdict: str) -> None:
    evidence = evidence_with(probe("conv_train", comparison(8.0, verdict=verdict)))
    assert read_speeds([evidence]).comparisons == ()
    assert reasons(evidence)["conv_train"] == verdict


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"selftest": {"status": "failed"}}, "selftest-failed"),
        ({"settings": "default"}, "default-settings"),
    ],
)
def test_evidence_that_says_it_cannot_be_trusted_is_not(more: dict[str, Any], reason: str) -> None:
    evidence = evidence_with(probe("conv_train", comparison(3.0)), **more)
    assert read_speeds([evidence]).comparisons == ()
    assert reasons(evidence)["conv_train"] == reason


def test_different_results_are_no_evidence_whatever_the_verdict_says() -> None:
    evidence = evidence_with(probe("conv_train", comparison(3.0), parity={"status": "failed"}))
    assert reasons(evidence)["conv_train"] == "parity-failed"


def test_an_advantage_over_eager_is_none_while_compile_may_be_faster() -> None:
    entries = [
        {"framework": "pytorch", "mode": m, "status": "ok"}
        for m in ("pytorch.eager", "pytorch.compile")
    ]
    unsure = comparison(1.0, mode="pytorch.compile", verdict="inconclusive")
    faster = evidence_with(probe("conv_train", comparison(2.0), unsure, entries=entries))
    assert read_speeds([faster]).comparisons == ()
    assert reasons(faster)["conv_train"] == "best-mode-not-called"
    slower = evidence_with(probe("conv_train", comparison(0.5), unsure, entries=entries))
    assert read_speeds([slower]).comparisons[0].speedup.value == pytest.approx(0.5)


def test_a_mode_without_times_says_which_and_why() -> None:
    broken = {"framework": "jax", "mode": "jax.jit", "status": "failed",
              "reason": {"id": "worker-crashed", "text": "killed by SIGSEGV"}}  # fmt: skip
    [left] = read_speeds([evidence_with(probe("conv_train", entries=[broken]))]).left_out
    assert left.reason == "mode-without-times"
    assert dict(left.values) == {
        "mode": "jax.jit", "because": "killed by SIGSEGV", "status": "failed",
    }  # fmt: skip
