"""Each fault of the article's code does what the page about it says, in the framework itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probes.article_faults import JAX_FAULTS, TORCH_FAULTS, expected, table

ROOT = Path(__file__).parents[2]
_LOOK = """
import json, sys
from tests.probes.article_faults import observed
print(json.dumps(observed(sys.argv[1])))
"""


@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("framework", "faults"), [("jax", JAX_FAULTS), ("pytorch", TORCH_FAULTS)], ids=["jax", "torch"]
)
def test_every_fault_does_what_is_said_of_it(framework, faults):
    ran = subprocess.run(
        [sys.executable, "-c", _LOOK, framework],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    seen = json.loads(ran.stdout)
    wrong = {f.id: seen[f.id] for f in faults if not expected(f, seen[f.id])}
    assert not wrong


def test_there_are_twenty_and_five_and_the_page_tells_them_all():
    assert [f.id for f in JAX_FAULTS] == [f"JX-{n:02}" for n in range(1, 21)]
    assert len(TORCH_FAULTS) == 5
    page = (ROOT / "docs" / "case-image-classification.md").read_text("utf-8")
    assert table(JAX_FAULTS) in page
    assert table(TORCH_FAULTS) in page
