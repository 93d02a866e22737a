from __future__ import annotations

from pathlib import Path

import pytest

from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase


@pytest.fixture(scope="session")
def base() -> RuleBase:
    return load_rule_base()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Interviews of tests are kept apart from the user's own."""
    monkeypatch.setenv("FW_ADVISOR_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"
