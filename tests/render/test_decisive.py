"""Which comparison of a probe the ratio chart and its words speak of."""

from __future__ import annotations

import pytest

from advisor.evidence import Evidence
from advisor.render.view.cases import cases_of
from tests.render.records import COMPILED, EAGER, JIT, compared, entry, probe


def _decisive(eager: dict[str, object], compiled: dict[str, object]) -> object:
    entries = [entry(EAGER, 1.0e-3), entry(COMPILED, 1.4e-3), entry(JIT, 0.9e-3)]
    document = Evidence.model_validate(
        {
            "schema": "fw-advisor/evidence@1",
            "probes": [probe("rnn_train", entries=entries, comparisons=[eager, compiled])],
        }
    )
    return cases_of((document,))[0].decisive()


@pytest.mark.parametrize(
    "eager",
    [compared(EAGER, JIT, 0.9, "inconclusive"), compared(EAGER, JIT, None, "invalid")],
)
def test_an_advantage_over_a_slower_mode_is_not_shown_as_one_over_pytorch(
    eager: dict[str, object],
) -> None:
    found = _decisive(eager, compared(COMPILED, JIT, 0.64, "b_faster"))
    assert (found.a, found.verdict) == (EAGER, eager["verdict"])
