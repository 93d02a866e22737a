"""Parity: what agrees passes, and every way to differ, to lack or to spoil something fails."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.evidence import Evidence, Parity, Probe
from advisor.measure.parity import compare, parity_of, read_observation
from advisor.render.evidence_words import word_evidence
from tests.fakes import observations
from tests.fakes.kit import TOLERANCE
from tests.fakes.observations import SPOILT, observation


def worded(parity: Parity) -> Parity:
    [probe] = word_evidence(Evidence(probes=[Probe(id="fake", parity=parity)])).probes
    return probe.parity


def words(parity: Parity) -> str:
    reason = worded(parity).reason
    return reason.text if reason else ""


@pytest.fixture
def stored(tmp_path):
    observations.write_all(tmp_path)
    return lambda kind, role="full": read_observation(tmp_path / f"{kind}-{role}.npz")


def test_equal_modes_agree_and_the_differences_are_zero(stored):
    found = parity_of(
        {
            "pytorch.eager": stored("right"),
            "pytorch.compile": stored("right", "few"),
            "jax.jit": stored("right"),
        },
        TOLERANCE,
        "abc",
    )
    assert found.status == "ok"
    assert (found.forward_max_abs, found.grad_max_abs) == (0.0, 0.0)
    assert found.loss_curve_max_abs == 0.0
    assert found.parameters_equal is True
    assert found.inputs_sha256 == "abc"


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("side", ["pytorch.eager", "jax.jit"])
def test_whatever_one_side_spoils_is_found_on_either_side(stored, kind, side):
    shown = {"pytorch.eager": stored("right"), "jax.jit": stored("right"), side: stored(kind)}
    found = parity_of(shown, TOLERANCE, None)
    assert found.status == "failed"
    assert found.reason.id == "parity-failed"
    assert found.problems
    # Every way to differ has its words, and says whose it is.
    assert all(problem.text for problem in worded(found).problems.values())
    assert all(name in words(found) for name in found.problems)


def test_a_mode_that_shows_nothing_fails_even_where_two_others_agree(stored):
    shown = {
        "pytorch.eager": stored("right"),
        "pytorch.compile": stored("right", "few"),
        "jax.jit": None,
    }
    found = parity_of(shown, TOLERANCE, None)
    assert found.status == "failed"
    assert list(found.problems) == ["jax.jit"]


def test_without_the_modes_that_show_all_the_curve_decides(stored):
    """The eager mode may have crashed: what is left is compared by what it shows."""
    shown = {"pytorch.compile": stored("right", "few"), "jax.jit": stored("right")}
    assert parity_of(shown, TOLERANCE, None).status == "ok"
    shown["pytorch.compile"] = stored("wrong-curve", "few")
    assert parity_of(shown, TOLERANCE, None).status == "failed"
    shown["pytorch.compile"] = stored("without-curve", "few")
    assert parity_of(shown, TOLERANCE, None).status == "failed"


def test_a_loss_that_ignores_its_parameters_fails_even_where_both_agree(stored):
    shown = {"pytorch.eager": stored("dead-loss"), "jax.jit": stored("dead-loss")}
    found = parity_of(shown, TOLERANCE, None)
    assert found.status == "failed"
    assert "does not depend on the parameters" in words(found)


def test_integers_are_no_floats_of_the_same_width(stored):
    whole = {**stored("right"), "forward": np.ones((2, 2), np.float32)}
    other = {**whole, "forward": np.ones((2, 2), np.int32)}
    [difference] = compare(whole, other, TOLERANCE).differences
    assert (difference.case, difference.values["dtype"]) == ("dtype", "int32")


def test_one_mode_alone_is_not_checked(stored):
    assert parity_of({"jax.jit": stored("right")}, TOLERANCE, None).status == "not_checked"


def test_a_difference_within_the_tolerance_passes_and_beyond_it_fails():
    right = observation("right")
    scale = np.abs(right["forward"]).max()
    for factor, ok in ((0.9, True), (1.5, False)):
        other = {**right, "forward": right["forward"].copy()}
        other["forward"][0, 0] += np.float32(factor * 1e-4 * scale)
        assert (not compare(right, other, TOLERANCE).differences) is ok


def test_tolerances_are_relative_to_the_magnitude():
    right = observation("right")
    small = {k: v * v.dtype.type(1e-6) for k, v in right.items()}
    off = {**small, "grad.w": small["grad.w"] + np.float32(1e-7)}
    [difference] = compare(small, off, TOLERANCE).differences
    assert (difference.case, difference.values["piece"]) == ("too-far", "grad.w")


def test_files_that_are_no_archive_are_unreadable_and_not_an_error(tmp_path):
    for raw in (b"", b"\x93NUMPY", b"PK\x03\x04", b"not at all", bytes(1000)):
        path = tmp_path / "o.npz"
        path.write_bytes(raw)
        assert not read_observation(path)
    assert read_observation(tmp_path / "absent.npz") is None
    np.save(tmp_path / "lone.npy", np.zeros(3))
    assert read_observation(tmp_path / "lone.npy") is None


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "o.npz"
    np.savez(path, forward=np.array([{"a": 1}], dtype=object))
    assert read_observation(path) is None
