"""A verdict follows what was found: planted evidence turns the claims that it should turn."""

from __future__ import annotations

import pytest

from advisor.cli.claims import load_table
from advisor.decide.article import judge_claims
from tests.decide.claim_evidence import evidence, failed, seen_with, speed

TABLE = load_table()
HERE = ("confirmed here", "contradicted here")


def verdicts(*documents):
    return {one.claim.id: one.verdict for one in judge_claims(TABLE, documents)}


def one(claim, *documents):
    return next(j for j in judge_claims(TABLE, documents) if j.claim.id == claim)


def test_every_claim_has_a_verdict_and_none_is_here_without_evidence():
    found = verdicts()
    assert sorted(found) == [f"C-{n:02d}" for n in range(1, 56)]
    assert not set(found.values()) & set(HERE)


@pytest.mark.parametrize(
    ("claim", "before", "planted", "after"),
    [
        ("C-03", "depends", ("graph_capture", "pytorch", {"whole": False}), "confirmed here"),
        ("C-05", "confirmed here", ("value_branches", "pytorch", {"eager": False}),
         "contradicted here"),
        ("C-08", "contradicted here", ("value_branches", "jax", {"eager": False}),
         "confirmed here"),
        ("C-12", "confirmed here", ("graph_capture", "jax", {"whole": False}),
         "contradicted here"),
        ("C-13", "contradicted here", ("derivations", "pytorch", {"from_differences": 0.5}),
         "confirmed here"),
        ("C-16", "contradicted here", ("contents", "jax", {"loads_other": True}),
         "confirmed here"),
        ("C-23", "contradicted here", ("memory", "pytorch", {"work_bytes": 9e8}), "depends"),
        ("C-29", "depends", ("lengths", "jax", {"traces": 1}), "contradicted here"),
        ("C-40", "contradicted here", ("contents", "jax", {"loader": True}), "false by source"),
        ("C-46", "contradicted here", ("contents", "jax", {"tuners": 1}), "confirmed here"),
        ("C-55", "contradicted here", ("derivations", "pytorch", {"from_written": 0.0}),
         "confirmed here"),
    ],
)  # fmt: skip
def test_a_planted_finding_turns_its_claim(claim, before, planted, after):
    check, framework, changed = planted
    assert verdicts(evidence())[claim] == before
    assert verdicts(evidence(seen_with(check, framework, **changed)))[claim] == after


def test_curves_that_part_turn_no_claim_to_contradicted():
    apart = evidence(seen_with("training_curves", "jax", curve=[2.0, 1.0, 3.0]))
    assert one("C-13", apart).number == pytest.approx(2.5)
    assert verdicts(apart)["C-13"] == "not testable here"


def test_a_planted_order_of_speeds_turns_the_claim_about_it():
    works = ("matmul", "mlp_train", "ode_gradient")
    jax = evidence([], *(speed(work, 3.0) for work in works))
    torch = evidence([], *(speed(work, 0.4) for work in works))
    mixed = evidence([], speed("matmul", 3.0), speed("mlp_train", 0.4))
    small = evidence([], *(speed(work, 1.15) for work in works))
    found = [verdicts(document)["C-31"] for document in (jax, torch, mixed, small)]
    assert found == ["confirmed here", "contradicted here", "depends", "contradicted here"]


def test_a_crossover_by_size_is_found_and_the_number_is_a_geometric_mean():
    judged = one("C-31", evidence([], speed("matmul", 4.0), speed("matmul", 0.25, size="medium")))
    assert judged.verdict == "depends"
    assert judged.number == pytest.approx(1.0)
    assert len(judged.tally.changes) == 1


def test_what_was_measured_with_default_settings_or_a_failed_selftest_says_nothing():
    from dataclasses import replace

    default = replace(evidence([], speed("matmul", 3.0)), settings="default")
    assert verdicts(default)["C-31"] == "not testable here"


def test_a_failed_check_is_named_and_decides_nothing():
    judged = one("C-08", evidence(failed("value_branches")))
    assert judged.verdict == "not testable here"
    assert judged.failed[0].framework == "jax"


def test_equal_costs_give_the_crossover():
    assert one("C-29", evidence()).crossover == pytest.approx(40.0)


def test_the_order_of_evidence_files_changes_no_verdict():
    first, second = (
        evidence(seen_with()),
        evidence([], speed("matmul", 3.0), speed("conv_train", 0.5)),
    )
    assert verdicts(first, second) == verdicts(second, first)
