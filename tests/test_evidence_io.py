"""The border of the evidence: what is written is read back, what cannot be is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from advisor.errors import UserError
from advisor.evidence import (
    SCHEMA,
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
        ({"verdict": "inconclusive", "ci": [2.1, 2.5]}, "outside its own interval"),
        ({"time_ratio": 0.5, "ci": [0.4, 1.1], "verdict": "b_faster"}, "reaches 1 or above"),
        ({"time_ratio": float("inf")}, "finite"),
        ({"level": 1.5}, "less than 1"),
        ({"verdict": "certainly"}, "a_faster"),
    ],
)
def test_a_comparison_that_cannot_be_is_void_with_its_reason(
    changes: dict[str, Any], words: str
) -> None:
    document = evidence_from(with_comparison(**changes), name="mine.json")
    [compared] = document.probes[0].comparisons
    assert (compared.verdict, compared.time_ratio, compared.ci) == ("invalid", None, None)
    assert compared.reason is not None
    assert compared.reason.id == "void-part"
    assert words in str(compared.reason.values)


@pytest.mark.parametrize("value", [-1.0, float("nan"), 1e7, "fast"])
def test_a_time_that_cannot_be_is_void_and_the_other_modes_stay(value: Any) -> None:
    entries = [
        {"framework": "jax", "mode": "jax.jit", "status": "ok", "median_s": value},
        {"framework": "pytorch", "mode": "pytorch.eager", "status": "ok", "median_s": 0.1},
    ]
    probe = {"id": "x", "entries": entries, "comparisons": [CALLED]}
    document = evidence_from({"schema": SCHEMA, "probes": [probe]}, name="x")
    bad, good = document.probes[0].entries
    assert (bad.status, bad.median_s) == ("invalid", None)
    assert good.median_s == 0.1
    assert document.probes[0].comparisons[0].verdict == "invalid"


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"machine": {"cores_usable": "many", "cpu": "Some CPU"}}, 1),
        ({"probes": [{"id": "x", "flops": -1}, {"id": "y"}]}, 1),
        ({"attributions": [{"kind": "cores"}], "probes": [{"id": "y"}]}, 1),
        ({"spent_s": {"warm": -3}, "probes": [{"id": "y"}]}, 1),
    ],
)
def test_other_parts_that_cannot_be_are_left_out_with_a_notice(
    changes: dict[str, Any], kept: int
) -> None:
    document = evidence_from({"schema": SCHEMA, "probes": [{"id": "y"}], **changes}, name="x")
    assert len(document.probes) == kept
    assert [n.id for n in document.notices] == ["void-part"]


@pytest.mark.parametrize(
    "changes",
    [
        {"modes": [{"mode": "jax.jit", "step_s": 0.1, "ci": [1e-9, 1e9]}]},
        {"time_ratio": 2.0, "ci": [-2.0, 3.0]},
        {"level": 7},
        {"carry_over": 3},
        {"usual": {"a": "x"}},
    ],
)
def test_a_model_that_cannot_be_predicts_nothing_and_the_rest_stands(changes: Any) -> None:
    work = {"model": "mlp", "name": "asked", "size": {"batch": 8}, **changes}
    good = {"model": "resnet", "verdict": "invalid"}
    data = {"schema": SCHEMA, "works": [work, good], "probes": [{"id": "y"}]}
    document = evidence_from(data, name="x")
    bad, kept = document.works
    assert (bad.model, bad.size, bad.verdict) == ("mlp", {"batch": 8}, "invalid")
    assert bad.reason is not None
    assert bad.reason.id == "void-part"
    assert (kept.model, len(document.probes)) == ("resnet", 1)


def test_a_model_without_its_name_is_left_out_with_a_notice() -> None:
    data = {"schema": SCHEMA, "works": [{"model": 3}], "probes": [{"id": "y"}]}
    document = evidence_from(data, name="x")
    assert (document.works, [n.id for n in document.notices]) == ([], ["void-part"])


def test_without_a_self_test_that_can_be_believed_no_verdict_can() -> None:
    document = evidence_from({"schema": SCHEMA, "selftest": {"status": "maybe"}}, name="x")
    assert document.selftest is not None
    assert document.selftest.status == "failed"


def test_parts_that_cannot_be_told_apart_are_refused_with_their_place() -> None:
    with pytest.raises(UserError) as refused:
        evidence_from({"schema": SCHEMA, "probes": "none"}, name="mine.json")
    assert "probes" in str(refused.value)
    assert refused.value.where == "mine.json"


def test_the_schema_bounds_what_reading_bounds() -> None:
    schema = evidence_schema()
    assert schema["properties"]["schema"]["const"] == "fw-advisor/evidence@1"
    ratio = schema["$defs"]["Comparison"]["properties"]["time_ratio"]["anyOf"][0]
    assert (ratio["exclusiveMinimum"], ratio["type"]) == (1e-9, "number")
