"""Fixtures that several tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakes.kit import Script, make_script

# Same inputs, same examples; and no deadline: nothing here may depend on how busy a machine is.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def own_lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A lock of this test process alone: files of tests run beside each other."""
    with pytest.MonkeyPatch.context() as patch:
        if "FW_ADVISOR_LOCK" not in os.environ:
            patch.setenv("FW_ADVISOR_LOCK", str(tmp_path_factory.mktemp("lock") / "lock"))
        yield


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A fake worker that does everything right."""
    return make_script(tmp_path)
