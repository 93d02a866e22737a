from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase


@pytest.fixture(scope="session")
def base() -> RuleBase:
    return load_rule_base()


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """An interview that is stopped changes what Ctrl-C does; the tests' own stays as it was."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Interviews of tests are kept apart from the user's own."""
    monkeypatch.setenv("FW_ADVISOR_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"
