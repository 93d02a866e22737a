"""Scaling in the report: beside the verdict, never in it, and suggested where it is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.decide.deciding import decide
from advisor.evidence import Accelerator, Evidence, Reason
from advisor.inputs import slim
from advisor.measure.scaling_projection import Beyond, Link, with_projections
from advisor.record import Record
from advisor.render.document import ReportSection
from advisor.render.evidence_words import word_evidence
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.view import view_of
from advisor.scaling import Scaling, ScalingParity, ScalingPoint, scaling_offer
from tests.render.records import record

EQUAL = ScalingParity(status="ok", grad_max_relative=2e-7, devices=2, batch=32)


def point(kind: str, **more: object) -> ScalingPoint:
    devices = 1 if kind == "single" else 2
    made = {
        "devices": devices, "kind": kind, "batch": 32 * devices, "batch_per_device": 32,
        "parity": None if devices == 1 else EQUAL, "step_s": 1e-3, "step_ci": (0.9e-3, 1.1e-3),
    }  # fmt: skip
    return ScalingPoint(**{**made, **more})


def scaled(*points: ScalingPoint, **more: object) -> Evidence:
    listed = points or (
        point("single"),
        point("weak", efficiency=0.8, efficiency_ci=(0.7, 0.9), overhead_s=2e-4,
              overhead_ci=(1e-4, 3e-4), memory_per_device_bytes=2**20, memory_counts="planned"),
    )  # fmt: skip
    one = Scaling(
        model="mlp", title="Dense network", devices=2, framework="jax", way="mesh",
        points=list(listed), **more,
    )  # fmt: skip
    return Evidence(scaling=[one])


def with_evidence(made: Record, *documents: Evidence, **answers: str) -> Record:
    values = {**made.inputs.answers.values, **answers}
    inputs = replace(
        made.inputs,
        evidence=(*made.inputs.evidence, *documents),
        answers=replace(made.inputs.answers, values=values),
    )
    return replace(made, inputs=inputs)


def section(made: Record) -> ReportSection | None:
    return next((s for s in view_of(made).sections if s.id == "scaling"), None)


def words(made: Record) -> str:
    return render_markdown(made, full=True, draw=lambda *_: "")[0]


def test_the_section_is_there_with_evidence_only():
    plain = with_evidence(record(), **{"hardware.train": "cpu"})
    assert section(plain) is None
    made = with_evidence(plain, scaled())
    text = words(made)
    for shown in (
        "Over several devices",
        "Gradients of 2 devices equal those of one",
        "efficiency 80 % (70 % to 90 % at 95 %)",
        "planned by the compiler",
        "nor which framework is faster",
    ):
        assert shown in text
    assert "Over several devices" in render_html(made, full=True)


def test_gradients_that_differ_are_said_and_no_figure_is_shown():
    reason = Reason("scaling-gradients", text="gradients differ by 0.1")
    failed = replace(EQUAL, status="failed", grad_max_relative=0.1, reason=reason)
    bad = point("weak", parity=failed, status="invalid", reason=reason, step_s=None, step_ci=None)
    made = with_evidence(record(), scaled(point("single"), bad))
    text = words(made)
    assert "Void: gradients differ by 0.1" in text
    assert "efficiency" not in text.partition("## Over several devices")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("hardware", "device"), [("nvidia_multi", "gpu"), ("nvidia_cluster", "gpu"), ("tpu_pod", "tpu")]
)
def test_hardware_of_several_devices_is_told_what_would_measure_it(hardware, device):
    made = with_evidence(record(), **{"hardware.train": hardware, "model": "decoder"})
    command = f"fw-advisor probe --model decoder --device {device} --devices N"
    assert command in words(made)
    elsewhere = with_evidence(record(), **{"hardware.train": hardware, "model": "graph"})
    assert f"--model FAMILY --device {device}" in words(elsewhere)
    on_the_cpu = with_evidence(made, scaled())
    assert command in words(on_the_cpu)


def projected() -> Evidence:
    (one,) = scaled(gradient_bytes=4_000_000).scaling
    made = with_projections(one, Beyond((Link(1e9, 1e-5),), (16,)))
    return word_evidence(Evidence(scaling=[made]))


def test_a_projection_is_labelled_and_stands_beside_what_was_measured():
    text = words(with_evidence(record(), projected()))
    for shown in (
        "Projection, not measured, over a link of 1.00 GB/s and 10.0 µs",
        "16 devices (8 machines)",
        "overlap is not known here",
        "as you stated",
    ):
        assert shown in text
    section_of = section(with_evidence(record(), projected()))
    tags = [
        {tag.kind for tag in item.tags}
        for block in section_of.blocks
        for item in getattr(block, "items", ())
        if "rojection" in item.text
    ]
    assert tags
    assert all(kinds == {"computed"} for kinds in tags)


@pytest.mark.parametrize(
    ("kind", "count", "shown"),
    [
        ("nvidia", 8, "--device gpu --devices 8` (offered"),
        ("nvidia", 1, "One such device was found where this was measured"),
        ("amd", 8, "No such devices were found where this was measured"),
    ],
)
def test_what_is_suggested_is_possible_where_it_was_measured(kind, count, shown):
    made = with_evidence(record(), **{"hardware.train": "nvidia_multi", "model": "decoder"})
    gpu = Accelerator(kind=kind, name="A", count=count)
    evidence = tuple(
        replace(e, machine=replace(e.machine, accelerators=[gpu])) for e in made.inputs.evidence
    )
    text = words(replace(made, inputs=replace(made.inputs, evidence=evidence)))
    assert shown.replace("`", "") in text.replace("`", "")
    assert ("--devices N" in text) == (count == 1 or kind == "amd")


def test_where_nothing_was_measured_nothing_was_looked_for():
    made = with_evidence(record(), **{"hardware.train": "nvidia_multi", "model": "decoder"})
    text = words(replace(made, inputs=replace(made.inputs, evidence=())))
    assert "is measured on such a machine by" in text
    assert "found where this was measured" not in text


def test_hardware_of_one_device_is_offered_no_scaling():
    assert scaling_offer("nvidia", "decoder", [("nvidia", 8)]) is None
    assert scaling_offer(None, None, []) is None


def test_no_decision_reads_it():
    inputs = record().inputs
    scaling = projected().scaling
    assert scaling[0].projections
    alike = replace(
        inputs, evidence=tuple(replace(e, scaling=list(scaling)) for e in inputs.evidence)
    )
    before, after = decide(inputs).to_dict(), decide(alike).to_dict()
    for document in (before, after):
        document["replay"].pop("evidence_sha256", None)
    assert before == after


def test_a_record_from_before_projections_keeps_the_hash_of_its_evidence():
    document = slim(
        Evidence(scaling=[Scaling(model="mlp", framework="jax", way="mesh", devices=2)])
    )
    (element,) = document["scaling"]
    assert not {"gradient_bytes", "projections", "projection_reason"} & element.keys()
    assert "time_to_accuracy" not in document
