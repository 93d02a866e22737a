"""A projection: more link never makes it slower, and it starts at the step that was measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.evidence import Evidence, to_data
from advisor.evidence_io import evidence_from
from advisor.measure.scaling_projection import (
    Beyond,
    Link,
    projected_step_s,
    ring_all_reduce_s,
    with_projections,
)
from advisor.render.evidence_text import evidence_lines
from advisor.render.evidence_words import word_evidence
from advisor.scaling import Scaling, ScalingParity, ScalingPoint

EQUAL = ScalingParity(status="ok", grad_max_relative=0.0, devices=2, batch=8)
sizes = st.integers(1, 10**12)
machines = st.integers(1, 4096)
bandwidths = st.floats(1e6, 1e13)
latencies = st.floats(0, 1e-2)
steps = st.floats(1e-6, 1e2)


def measured(step_s: float = 1e-2, **more: object) -> Scaling:
    weak = {"devices": 2, "kind": "weak", "batch": 16, "batch_per_device": 8, "parity": EQUAL}
    points = [
        ScalingPoint(devices=1, kind="single", batch=8, batch_per_device=8, step_s=step_s / 1.25),
        ScalingPoint(**weak, step_s=step_s, efficiency=0.8),
    ]
    made = {
        "model": "mlp", "devices": 2, "framework": "jax", "way": "mesh", "points": points,
        "gradient_bytes": 400_000_000,
    }  # fmt: skip
    return Scaling(**{**made, **more})


BEYOND = Beyond((Link(50e9, 5e-6),), (4, 16))


@given(size=sizes, n=machines, low=bandwidths, more=st.floats(1, 1e3), latency=latencies)
def test_more_bandwidth_is_never_slower_and_more_latency_never_faster(size, n, low, more, latency):
    slow = ring_all_reduce_s(size, n, Link(low, latency))
    assert ring_all_reduce_s(size, n, Link(low * more, latency)) <= slow
    assert ring_all_reduce_s(size, n, Link(low, latency * more)) >= slow
    assert ring_all_reduce_s(size, n + 1, Link(low, latency)) >= slow * (1 - 1e-12)


@given(size=sizes, bandwidth=bandwidths, n=st.integers(2, 4096))
def test_without_latency_it_is_the_least_that_so_many_links_allow(size, bandwidth, n):
    assert ring_all_reduce_s(size, n, Link(bandwidth, 0.0)) == pytest.approx(
        size / bandwidth * 2 * (n - 1) / n
    )


@given(step=steps, size=sizes, n=machines, bandwidth=bandwidths, latency=latencies)
def test_the_range_is_ordered_and_starts_at_what_was_measured(step, size, n, bandwidth, latency):
    link = Link(bandwidth, latency)
    least, most = projected_step_s(step, ring_all_reduce_s(size, n, link))
    assert step <= least <= most
    at_hand = projected_step_s(step, ring_all_reduce_s(size, 1, link))
    assert at_hand == (step, step)


def test_the_machine_at_hand_is_projected_as_it_was_measured():
    one = with_projections(measured(), Beyond((Link(1e9, 1e-3),), (2, 4)))
    (at_hand, beyond) = one.projections[0].points
    assert at_hand.step_s == (1e-2, 1e-2)
    assert at_hand.efficiency == pytest.approx((0.8, 0.8))
    # Two machines: twice 1 ms and twice half of 400 MB at 1 GB/s.
    assert beyond.exchange_s == pytest.approx(0.402)
    assert beyond.step_s == pytest.approx((0.402, 0.412))
    assert beyond.efficiency == pytest.approx((0.8 * 1e-2 / 0.412, 0.8 * 1e-2 / 0.402))


def test_every_assumption_stands_in_the_document_and_in_the_terminal():
    worded = word_evidence(Evidence(scaling=[with_projections(measured(), BEYOND)]))
    read = evidence_from(to_data(worded), name="the evidence")
    (projection,) = read.scaling[0].projections
    assert projection.label == "projection"
    texts = [part.text for part in projection.assumptions]
    assert len(texts) == 7
    assert all(texts)
    shown = "\n".join(evidence_lines(read))
    assert "PROJECTION, not measured and outside of any verdict" in shown
    assert "16 devices (8 machines)" in shown
    for text in texts:
        assert text in shown
    for word in ("50.0 GB/s", "5.00 µs", "overlap is not known", "381 MiB", "as you stated"):
        assert word in shown


@pytest.mark.parametrize(
    ("change", "case"),
    [
        ({"way": "fsdp"}, "sharded"),
        ({"gradient_bytes": None}, "unmeasured"),
        ({"points": []}, "unmeasured"),
    ],
)
def test_what_cannot_be_projected_says_why(change, case):
    one = with_projections(measured(**change), BEYOND)
    assert not one.projections
    assert one.projection_reason.case == case
    assert "no projection: " in "\n".join(evidence_lines(word_evidence(Evidence(scaling=[one]))))


def test_nothing_is_projected_unless_it_was_asked_for():
    assert with_projections(measured(), Beyond()) == measured()
    assert not with_projections(measured(status="failed"), BEYOND).projections


@pytest.mark.parametrize(
    ("place", "value"),
    [("step_s", [0.02, 0.01]), ("step_s", [1e-4, 0.02]), ("devices", 5)],
)
def test_a_projection_that_cannot_be_is_void_when_read(place, value):
    document = to_data(word_evidence(Evidence(scaling=[with_projections(measured(), BEYOND)])))
    document["scaling"][0]["projections"][0]["points"][0][place] = value
    again = evidence_from(document, name="the evidence")
    assert not again.scaling
    assert any(n.id == "void-part" for n in again.notices)


def test_a_projection_from_a_step_that_was_not_measured_is_void_when_read():
    document = to_data(word_evidence(Evidence(scaling=[with_projections(measured(), BEYOND)])))
    document["scaling"][0]["points"][1]["step_s"] = 0.5
    again = evidence_from(document, name="the evidence")
    assert not again.scaling
