"""Fixtures that several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakes.kit import Script, make_script

# Same inputs, same examples; and no deadline: nothing here may depend on how busy a machine is.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A fake worker that does everything right."""
    return make_script(tmp_path)
