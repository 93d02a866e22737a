"""The border of the evidence: what is written is read back, what cannot be is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from advisor.errors import UserError
from advisor.evidence import (
    Block,
    Comparison,
    Entry,
    Evidence,
    Gate,
    Launch,
    Notice,
    Probe,
    Reason,
    Selftest,
    to_data,
)
from advisor.evidence_io import evidence_from, evidence_schema

CALLED = {"a": "pytorch.eager", "b": "jax.jit", "verdict": "a_faster", "time_ratio": 2.0,
          "ci": [1.5, 2.5]}  # fmt: skip


def whole() -> Evidence:
    block = Block(round=1, samples_s=[0.001, 0.002], wall_s=0.01, kept=False, dropped_by=["x"])
    entry = Entry(
        framework="jax",
        mode="jax.jit",
        status="ok",
        median_s=0.001,
        launches=[Launch(index=0, blocks=[block])],
    )
    compared = Comparison(
        a="pytorch.eager",
        b="jax.jit",
        verdict="inconclusive",
        level=0.971,
        reason=Reason("interval-spans-margin", values={"needed": 9}),
        certificate=[Gate("others-were-busy", "passed", values={"noisy": 0})],
    )
    return Evidence(
        probes=[Probe(id="matmul", entries=[entry], comparisons=[compared])],
        selftest=Selftest(status="passed", aa_log_sd=0.01),
        notices=[Notice("budget-spent", values={"budget_s": 60})],
    )


def test_what_is_written_is_read_back_whole() -> None:
    evidence = whole()
    assert evidence_from(json.loads(json.dumps(to_data(evidence))), name="x") == evidence


def test_keys_of_a_later_minor_version_are_left_out() -> None:
    data = to_data(whole())
    data["probes"][0]["later"] = 1
    assert evidence_from(data, name="x") == whole()


def with_comparison(**changes: Any) -> dict[str, Any]:
    probe = {"id": "matmul", "comparisons": [{**CALLED, **changes}]}
    return {"schema": "fw-advisor/evidence@1", "probes": [probe]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ci": None}, "needs time_ratio and ci"),
        ({"ci": [0.9, 2.5]}, "reaches 1 or below"),
        ({"ci": [2.1, 2.5]}, "outside its own interval"),
        ({"time_ratio": 0.5, "ci": [0.4, 1.1], "verdict": "b_faster"}, "reaches 1 or above"),
        ({"time_ratio": float("inf")}, "comparisons.0.time_ratio"),
        ({"level": 1.5}, "comparisons.0.level"),
        ({"verdict": "certainly"}, "comparisons.0.verdict"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_with_its_place(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as refused:
        evidence_from(with_comparison(**changes), name="mine.json")
    assert words in str(refused.value)
    assert refused.value.where == "mine.json"


@pytest.mark.parametrize("value", [-1.0, float("nan"), 1e7, "fast"])
def test_a_time_that_cannot_be_is_refused(value: Any) -> None:
    entry = {"framework": "jax", "mode": "jax.jit", "status": "ok", "median_s": value}
    data = {"schema": "fw-advisor/evidence@1", "probes": [{"id": "x", "entries": [entry]}]}
    with pytest.raises(UserError):
        evidence_from(data, name="x")


def test_the_schema_bounds_what_reading_bounds() -> None:
    schema = evidence_schema()
    assert schema["properties"]["schema"]["const"] == "fw-advisor/evidence@1"
    ratio = schema["$defs"]["Comparison"]["properties"]["time_ratio"]["anyOf"][0]
    assert (ratio["exclusiveMinimum"], ratio["type"]) == (1e-9, "number")
