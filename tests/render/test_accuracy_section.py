"""Training to an accuracy in the report: a table of its own, and no part of any verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.accuracy import AccuracyRun, Look, Mean, TimeToAccuracy
from advisor.decide.deciding import decide
from advisor.evidence import Evidence, Reason, to_data
from advisor.evidence_io import evidence_from
from advisor.record import Record
from advisor.render.evidence_text import evidence_lines
from advisor.render.evidence_words import word_evidence
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.terminal import render_terminal
from advisor.render.view import view_of
from tests.render.records import record

RUN = AccuracyRun(
    seed=0,
    imported_s=1.0,
    first_step_s=1.5,
    reached_epoch=2,
    reached_s=1.7,
    peak_memory_bytes=2**28,
    looks=[Look(1.6, 0.9), Look(1.7, 0.96)],
)


def trained(**more: object) -> Evidence:
    made = {
        "goal": 0.95, "epochs": 2, "framework": "jax", "version": "0.10.2", "mode": "jax.jit",
        "code_lines": 34, "reached_s": Mean(mean=1.7, ci=(1.6, 1.8)),
        "reached_epoch": Mean(mean=2.0), "accuracy": Mean(mean=0.96, ci=(0.95, 0.97)),
        "runs": [RUN],
    }  # fmt: skip
    return Evidence(time_to_accuracy=[TimeToAccuracy(**{**made, **more})])


def with_evidence(made: Record, *documents: Evidence) -> Record:
    return replace(made, inputs=replace(made.inputs, evidence=(*made.inputs.evidence, *documents)))


def words(made: Record) -> str:
    return render_markdown(made, full=True, draw=lambda *_: "")[0]


def test_the_section_is_there_with_evidence_only():
    assert all(s.id != "accuracy" for s in view_of(record()).sections)
    made = with_evidence(record(), trained())
    text = words(made)
    for shown in (
        "From cold start to an accuracy",
        "JAX 0.10.2, jax.jit",
        "1 of 1",
        "1.70 s (1.60 s to 1.80 s)",
        "96 % (95 % to 97 %)",
        "no part in the verdict",
        "nothing follows for larger models",
    ):
        assert shown in text
    assert "From cold start to an accuracy" in render_html(made, full=True)


def test_what_failed_is_said_instead_of_figures():
    reason = Reason("framework-error", values={"kind": "RuntimeError", "text": "no memory"})
    failed = trained(
        status="failed", reason=reason, runs=[], reached_s=None, reached_epoch=None, accuracy=None
    )
    worded = word_evidence(failed)
    assert "RuntimeError: no memory" in words(with_evidence(record(), worded))
    assert any("RuntimeError: no memory" in line for line in evidence_lines(worded))


def test_a_goal_that_no_run_reached_is_named():
    never = replace(RUN, looks=[Look(1.6, 0.5)], reached_epoch=None, reached_s=None)
    evidence = trained(runs=[never], reached_s=None, reached_epoch=None)
    assert "  no run reached 95 % within 2 epochs" in evidence_lines(evidence)
    assert "0 of 1" in words(with_evidence(record(), evidence))


@pytest.mark.parametrize(
    "changed",
    [
        {"reached_s": 1.6, "reached_epoch": 1},
        {"reached_s": None, "reached_epoch": None},
        {"looks": [Look(1.7, 0.9), Look(1.6, 0.96)]},
    ],
)
def test_a_run_whose_own_looks_deny_what_it_says_is_left_out(changed):
    document = to_data(trained(runs=[replace(RUN, **changed)]))
    left = evidence_from(document, name="the evidence")
    assert left.time_to_accuracy == []
    assert [n.id for n in left.notices] == ["void-part"]


def test_no_decision_reads_it():
    inputs = record().inputs
    rows = trained().time_to_accuracy
    alike = replace(
        inputs, evidence=tuple(replace(e, time_to_accuracy=list(rows)) for e in inputs.evidence)
    )
    before, after = decide(inputs).to_dict(), decide(alike).to_dict()
    for document in (before, after):
        document["replay"].pop("evidence_sha256", None)
    assert before == after


def test_evidence_without_any_comparison_has_a_page_and_a_summary():
    made = record()
    alone = replace(made, inputs=replace(made.inputs, evidence=(trained(),)))
    alone = replace(alone, decision=decide(alone.inputs))
    assert "From cold start to an accuracy" in words(alone)
    assert render_terminal(alone, width=80, colour=False)
