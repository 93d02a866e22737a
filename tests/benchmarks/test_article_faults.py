"""The faults of the article's code are real: each raises what is named, or shows it."""

from __future__ import annotations

import pytest

from tests.benchmarks.article_faults import FAULTS, happened

# Depends on how fast the machine is; told in the page, not asked of every machine.
TIMED = ("JX-19",)


@pytest.mark.frameworks
def test_every_fault_does_what_the_page_says() -> None:
    pytest.importorskip("jax")
    assert [fault.id for fault in FAULTS] == [f"JX-{n:02}" for n in range(1, 21)]
    for fault, (name, said, shown) in zip(FAULTS, happened(), strict=True):
        assert name == fault.error[0], (fault.id, name, said)
        assert said.startswith(fault.error[1]), (fault.id, said)
        assert fault.id in TIMED or shown == fault.shows, (fault.id, shown)
