"""A planted repository with a known truth over all kinds: what is found, and nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.scan.answers import resolve
from advisor.scan.collected import Collected
from advisor.scan.scanning import scan_code
from tests.scan.planted import Truth, plant

Place = tuple[str, str, str, int]


@pytest.fixture(scope="module")
def planted(tmp_path_factory, knowledge) -> tuple[Truth, Collected]:
    root = tmp_path_factory.mktemp("planted")
    truth = plant(root)
    return truth, scan_code(root, knowledge)


def found_in(collected: Collected) -> set[Place]:
    return {
        (finding.key, str(finding.value), finding.file, finding.line)
        for group in collected.all()
        for finding in group.findings
    }


def test_at_least_95_of_100_planted_things_are_found(planted):
    truth, collected = planted
    missed = sorted(truth - found_in(collected))
    assert len(truth) >= 170
    assert len(missed) <= 0.05 * len(truth), missed


def test_at_least_95_of_100_findings_are_planted(planted):
    truth, collected = planted
    found = found_in(collected)
    invented = sorted(found - truth)
    assert len(invented) <= 0.05 * len(found), invented


def test_every_kind_is_planted_and_found(planted):
    """The kinds that the report speaks of: none may be missing from the truth or from the scan."""
    truth, collected = planted
    kinds = {
        "codebase", "must_use", "transforms", "control_flow", "shapes", "float64", "deployment",
        "hardware.train", "hardware.os", "pretrained", "environment_kind", "python",
        "version.torch", "version.jax", "code.transform", "code.compile", "code.complex",
        "code.in_place", "code.view", "code.custom_autograd", "code.kernel", "code.distributed",
        "code.device", "code.dynamic_shape", "code.padding", "code.export", "code.serving",
        "model.size.layers", "model.size.width", "model.size.heads", "model.size.vocabulary",
    }  # fmt: skip
    assert kinds <= {key for key, *_ in truth}
    assert kinds <= {key for key, *_ in found_in(collected)}


@pytest.mark.parametrize("kernel", ["cuda", "cpp", "triton", "pallas", "custom_op"])
def test_every_kind_of_kernel_is_told_apart(planted, kernel):
    _, collected = planted
    assert kernel in {group.value for group in collected.of("code.kernel")}


def test_lines_that_only_look_like_it_give_nothing(planted):
    """Names in texts and comments, NumPy's arrays, functions of the same name: all silent."""
    _, collected = planted
    silent = {"tools/plain.py", "csrc/plain.cpp", "data/rows.json"}
    assert not {place for place in found_in(collected) if place[2] in silent}
    decoys = {place[0] for place in found_in(collected) if place[2] == "tools/decoys.py"}
    assert decoys == {"codebase"}


def test_the_planted_answers_follow(planted, base):
    """What is clear becomes an answer; what contradicts itself is said and left open."""
    _, collected = planted
    resolution = resolve(collected, base.facts)
    answers = {answer.key: answer.value for answer in resolution.answered}
    assert answers["control_flow"] is True
    assert answers["float64"] is True
    assert answers["codebase"] == "pytorch"
    assert answers["python"] == "3.11"
    assert set(answers["transforms"]) >= {"higher_order_grad", "per_sample_grad", "long_scan"}
    assert {"transformers", "vllm", "timm"} <= set(answers["must_use"])
    assert "flax" not in answers["must_use"]
    assert answers["shapes"] == "bucketed"  # certain once, against two that are likely
    conflicts = {entry.key for entry in resolution.open if entry.reason == "conflict"}
    assert {"deployment", "pretrained"} <= conflicts
    assert not conflicts & set(answers)


def test_a_scan_is_the_same_twice(planted, tmp_path: Path, knowledge):
    """In one process or in two: same findings, same counts."""
    _, collected = planted
    plant(tmp_path / "again")
    again = scan_code(tmp_path / "again", knowledge, processes=2)
    assert found_in(again) == found_in(collected)
    assert {n: u.times for n, u in again.names.items()} == {
        n: u.times for n, u in collected.names.items()
    }
