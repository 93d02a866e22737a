"""Fixtures of the scan: the vocabulary, the tables, and a way to read one text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.knowledge.counterparts import CounterpartTables, load_counterparts
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from advisor.scan.kinds import kind_of
from advisor.scan.model import FileReport
from advisor.scan.reading import read_file
from advisor.scan.tables import Tables

Said = set[tuple[str, Any, int]]


@pytest.fixture(scope="session")
def base() -> RuleBase:
    return load_rule_base()


@pytest.fixture(scope="session")
def knowledge(base: RuleBase) -> CounterpartTables:
    return load_counterparts(base.facts)


@pytest.fixture(scope="session")
def tables(knowledge: CounterpartTables) -> Tables:
    return Tables(knowledge)


@pytest.fixture(scope="session")
def read(tables: Tables) -> Callable[..., FileReport]:
    """Reads one text as the file of that name."""

    def reader(text: str | bytes, name: str = "code.py") -> FileReport:
        kind = kind_of(name)
        assert kind is not None, name
        data = text.encode("utf-8") if isinstance(text, str) else text
        return read_file(name, kind, data, tables)

    return reader


@pytest.fixture(scope="session")
def said(read: Callable[..., FileReport]) -> Callable[..., Said]:
    """What one text says: key, value and line, without what every import says."""

    def reader(text: str | bytes, name: str = "code.py") -> Said:
        report = read(text, name)
        return {
            (f.key, f.value if not isinstance(f.value, list) else tuple(f.value), f.line)
            for f in report.findings
            if f.key not in ("codebase", "must_use")
        }

    return reader


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Path]:
    """Writes files below a directory of their own."""

    def writer(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "code"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
        root.mkdir(exist_ok=True)
        return root

    return writer
