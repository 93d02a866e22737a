"""The rules of the room: nothing is run, only the walk touches the disk, text goes in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "advisor" / "scan"
DISK = {"walk.py", "scanning.py"}
RUNNING = {"subprocess", "importlib", "runpy", "code", "pickle", "marshal", "ctypes", "pkgutil"}
CALLS = {"exec", "eval", "compile", "__import__", "open", "input", "print"}


def files() -> list[Path]:
    found = sorted(ROOM.rglob("*.py"))
    assert len(found) > 30
    return found


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_reader_runs_nothing_and_opens_nothing(path):
    tops = {name.split(".", 1)[0] for name in imported(path)}
    assert not tops & RUNNING
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert not set(calls) & CALLS
    if path.name not in DISK:
        assert not tops & {"os", "io", "shutil", "tempfile", "socket"}
        assert not [call for call in calls if call.endswith((".read_text", ".read_bytes", ".open"))]


def test_the_room_knows_nothing_of_deciding_showing_or_measuring():
    above = (
        "advisor.cli",
        "advisor.decide",
        "advisor.render",
        "advisor.measure",
        "advisor.machine",
    )
    for path in files():
        assert not [name for name in imported(path) if name.startswith(above)], path.name


def test_files_stay_small():
    for path in files():
        assert len(path.read_text("utf-8").split("\n")) <= 400, path.name
