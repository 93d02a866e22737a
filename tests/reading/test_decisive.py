"""Which comparison of a probe counts as that of JAX with PyTorch."""

from __future__ import annotations

import pytest

from advisor.evidence_io import evidence_from
from advisor.reading.called import decisive
from tests.render.records import COMPILED, EAGER, JIT, compared, entry, probe


@pytest.mark.parametrize(
    "eager",
    [compared(EAGER, JIT, 0.9, "inconclusive"), compared(EAGER, JIT, None, "invalid")],
)
def test_an_advantage_over_a_slower_mode_is_not_one_over_pytorch(eager):
    entries = [entry(EAGER, 1.0e-3), entry(COMPILED, 1.4e-3), entry(JIT, 0.9e-3)]
    comparisons = [eager, compared(COMPILED, JIT, 0.64, "b_faster")]
    document = evidence_from(
        {
            "schema": "fw-advisor/evidence@1",
            "probes": [probe("rnn_train", entries=entries, comparisons=comparisons)],
        },
        name="evidence",
    )
    chosen = decisive(document.probes[0])
    assert (chosen.a, chosen.verdict) == (EAGER, eager["verdict"])
