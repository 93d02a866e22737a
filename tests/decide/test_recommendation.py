"""Inside the winner: the mode follows from gain and cost; and what to take on a tie."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decide.deciding import decide
from advisor.decision import Decision
from tests.decide.making import (
    base_of,
    broad,
    comparison,
    evidence_with,
    inputs_for,
    probe,
    rule,
    work,
)


def mode_of(gain: float, compile_s: float, **values: Any) -> Decision:
    eager_s = 0.01
    compiled = {"a": "pytorch.compile", "b": "pytorch.eager", "time_ratio": gain,
                "ci": [gain * 0.99, gain * 1.01],
                "verdict": "a_faster" if gain > 1.05 else "equivalent"}  # fmt: skip
    entries = [
        {"framework": "pytorch", "mode": "pytorch.eager", "status": "ok", "median_s": eager_s},
        {"framework": "pytorch", "mode": "pytorch.compile", "status": "ok",
         "median_s": eager_s / gain, "compile_s": compile_s},
    ]  # fmt: skip
    evidence = evidence_with(probe("conv_train", compiled, entries=entries))
    return decide(inputs_for(base_of(*broad("pytorch")), {"task": "image", **values}, evidence))


@pytest.mark.parametrize(
    ("gain", "compile_s", "values", "mode"),
    [
        (2.0, 10.0, {"steps_per_run": 100_000}, "pytorch.compile"),
        (2.0, 10.0, {"steps_per_run": 1_000}, "pytorch.eager"),
        (2.0, 10.0, {}, "pytorch.compile"),
        (1.02, 0.1, {"steps_per_run": 100_000}, "pytorch.eager"),
    ],
)
def test_the_mode_follows_from_gain_and_cost(
    gain: float, compile_s: float, values: dict[str, Any], mode: str
) -> None:
    decision = mode_of(gain, compile_s, **values)
    assert decision.recommended.mode == mode
    if gain > 1.05:
        because = decision.recommended.mode_because
        assert because is not None
        assert because.break_even_steps == pytest.approx(2000)
        assert because.steps_assumed is ("steps_per_run" not in values)


@pytest.mark.parametrize(
    ("best", "tried", "mode", "kind", "compile_s"),
    [
        ("pytorch.compile+step", ("pytorch.eager",), "pytorch.compile", "fastest", 20.0),
        ("pytorch.eager+last", ("pytorch.compile",), "pytorch.eager", "fastest", None),
        ("pytorch.eager", (), "pytorch.eager", "unmeasured", None),
    ],
)
def test_the_measured_model_says_in_which_mode_to_begin(
    best: str, tried: tuple[str, ...], mode: str, kind: str, compile_s: float | None
) -> None:
    """Where eager and compiled ways to write it were both tried, and nothing else tells."""
    modes = [
        {"mode": best, "step_s": 0.01, "chosen": True, "compile_s": 20.0},
        {"mode": "jax.jit", "step_s": 0.02, "chosen": True},
        *({"mode": other, "step_s": 0.012, "chosen": False} for other in tried),
    ]
    evidence = evidence_with(works=[work(0.5, a=best, modes=modes)])
    decision = decide(inputs_for(base_of(*broad("pytorch")), {"task": "image"}, evidence))
    because = decision.recommended.mode_because
    assert because is not None
    assert decision.recommended.mode == mode
    assert (because.kind, because.compile_s) == (kind, compile_s)


def test_a_model_measured_on_other_hardware_says_nothing_of_the_mode_there() -> None:
    modes = [{"mode": m, "step_s": 0.01, "chosen": True} for m in ("pytorch.compile", "jax.jit")]
    modes.append({"mode": "pytorch.eager", "step_s": 0.02, "chosen": False})
    evidence = evidence_with(works=[work(0.5, a="pytorch.compile", modes=modes)])
    values = {"task": "image", "hardware.train": "nvidia"}
    decision = decide(inputs_for(base_of(*broad("pytorch")), values, evidence))
    because = decision.recommended.mode_because
    assert because is not None
    assert because.kind == "unmeasured"


@pytest.mark.parametrize(
    ("values", "framework", "because"),
    [
        ({"codebase": "jax"}, "jax", "codebase"),
        ({"team.jax": "some"}, "jax", "skill"),
        ({}, "pytorch", "convention"),
    ],
)
def test_a_tie_is_broken_by_what_is_easiest_to_keep(
    values: dict[str, Any], framework: str, because: str
) -> None:
    base = base_of(*broad("pytorch", "weak"), *broad("jax", "weak"), rule("claim.none"))
    decision = decide(inputs_for(base, {"task": "image", **values}))
    assert decision.status == "no_clear_winner"
    tie = decision.recommended
    assert (tie.tie_break, tie.tie_break_because) == (framework, because)


def test_jax_is_recommended_compiled_with_what_that_takes() -> None:
    entries = [{"framework": "jax", "mode": "jax.jit", "status": "ok", "compile_s": 1.5}]
    evidence = evidence_with(probe("conv_train", comparison(2.0), entries=entries))
    decision = decide(inputs_for(base_of(*broad("jax")), None, evidence))
    because = decision.recommended.mode_because
    assert decision.recommended.mode == "jax.jit"
    assert because is not None
    assert (because.kind, because.compile_s) == ("jit", 1.5)
