"""Fixtures that several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kit import Script, make_script


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A fake worker that does everything right."""
    return make_script(tmp_path)
