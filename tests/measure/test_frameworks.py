"""Real workers, PyTorch against JAX: honest work is measured, and nine tricks are refused.

One run of one launch for all of it, since starting the frameworks is what takes the time.
"""

from __future__ import annotations

import pytest

from advisor.evidence import Probe
from advisor.measure.run import RunResult
from tests.fakes import kit, saboteur, tricks

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return tricks.measure(tmp_path_factory.mktemp("frameworks"))


def probe(measured: RunResult, name: str) -> Probe:
    [found] = [p for p in measured.probes if p.id == name]
    return found


@pytest.mark.parametrize("name", ["mlp_train", "matmul"])
def test_honest_work_is_measured_and_agrees(measured, name):
    found = probe(measured, name)
    assert found.parity.status == "ok", found.parity.reason
    for mode, entry in kit.entries(found).items():
        assert (entry.status, entry.reason) == ("ok", None)
        # A 0.1 to 0.3 GFLOP step takes neither a microsecond nor ten seconds.
        assert 1e-6 < entry.median_s < 10
        assert entry.first_call_s > 0
        assert entry.import_s > 0
        assert entry.peak_memory_bytes > 1 << 20
        assert len(entry.launches[0].blocks) >= tricks.BRIEF.rounds, mode
    failed = {line.id for line in found.gates if line.status == "failed"}
    # The saboteur's cache keeps what the peak was measured with: the same product as this one.
    assert failed <= ({"cold-compile-warm"} if name == "matmul" else set())
    [compared] = found.comparisons
    # One launch is never enough for a word.
    assert (compared.verdict, compared.reason.id) == ("inconclusive", "too-few-launches")


def test_training_agrees_step_by_step(measured):
    parity = probe(measured, "mlp_train").parity
    assert parity.parameters_equal is True
    for key in ("forward_max_abs", "grad_max_abs", "loss_curve_max_abs"):
        assert 0 < getattr(parity, key) < 1e-2


def test_the_best_honest_variant_is_measured_and_named(measured):
    entries = kit.entries(probe(measured, "mlp_train"))
    assert "fused=True" in entries["pytorch.eager"].variant
    assert "donated" in entries["jax.jit"].variant


@pytest.mark.parametrize(("trick", "reason"), sorted(tricks.REFUSED_AS.items()))
def test_a_trick_is_refused(measured, trick, reason):
    [compared] = probe(measured, f"sabotage_{trick}").comparisons
    assert compared.verdict == "invalid"
    assert compared.time_ratio is None
    assert compared.reason.id == reason, compared.reason
    assert compared.reason.hint


def test_a_cached_compilation_is_never_called_a_cold_one(measured):
    """The step of this one was compiled, and stored, for the first honest workload."""
    cold = kit.entries(probe(measured, "mlp_train"))["jax.jit"]
    warm = kit.entries(probe(measured, "sabotage_warm_cache"))["jax.jit"]
    assert cold.counters["cache_hits"] == 0
    assert cold.compile_s > 0
    assert warm.counters["cache_hits"] > 0
    assert warm.compile_s is None
    gates = {g.id: g for g in probe(measured, "sabotage_warm_cache").gates}
    assert gates["cold-compile-warm"].status == "failed"
    assert gates["cold-compile-warm"].modes == ["jax.jit"]
    assert "cold-compile-warm" not in {g.id for g in probe(measured, "mlp_train").gates}


def test_every_trick_is_accounted_for():
    assert {*tricks.REFUSED_AS, tricks.REFUSED_COLD} == set(saboteur.TRICKS)
    assert len(saboteur.TRICKS) == 9
