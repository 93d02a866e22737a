"""Notebooks: the code of their cells as one Python text, with the lines of the file.

Knows the JSON of notebooks (version 4). Outputs are not looked at, magics are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.scan.manifests.dependencies import Place
from advisor.scan.manifests.shells import take_command
from advisor.scan.model import FileReport
from advisor.scan.python.reader import read_python
from advisor.scan.python.source import UnreadableError, parse
from advisor.scan.tables import Tables
from advisor.scan.text import SkippedError

_MAGIC = re.compile(r"^\s*[%!?]|^\s*\S+\?{1,2}\s*$")
_ASSIGNED = re.compile(r"^(\s*)[\w, ]+=\s*[%!]")
_MAX_CELLS = 5000
_MAX_LOOKS = 2_000_000


@dataclass(frozen=True, slots=True)
class _Cell:
    lines: list[str]
    file_lines: list[int]


def read_notebook(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the code cells of the notebook *text* say to *report*.

    Raises:
        SkippedError: it is no notebook.
    """
    cells = [_without_magics(cell, report, tables) for cell in _cells(text)]
    readable = [cell for cell in cells if _parses(cell)]
    lines = [line for cell in readable for line in cell.lines]
    file_lines = [number for cell in readable for number in cell.file_lines]
    read_python("\n".join(lines), report, tables, file_lines=file_lines)
    if cells and not readable:
        report.skipped = "syntax"


def _cells(text: str) -> Iterator[_Cell]:
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise SkippedError("nested") from error
    except ValueError as error:
        raise SkippedError("syntax") from error
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        raise SkippedError("syntax")
    finder = _Finder(text.split("\n"))
    for cell in cells[:_MAX_CELLS]:
        source = _source(cell)
        if source is not None:
            lines = source.split("\n")
            yield _Cell(lines, [finder.line_of(line) for line in lines])


def _source(cell: Any) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source")
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else None


class _Finder:
    """Finds the lines of cells in the notebook's file, going forward only."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at = 0
        self._left = _MAX_LOOKS

    def line_of(self, line: str) -> int:
        """The line of the file that holds the cell's *line*, or the last that was found."""
        if not line.strip():
            return self._at + 1
        spellings = {json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1]}
        for index in range(self._at, min(self._at + self._left, len(self._lines))):
            self._left -= 1
            if any(spelling in self._lines[index] for spelling in spellings):
                self._at = index
                break
        return self._at + 1


def _without_magics(cell: _Cell, report: FileReport, tables: Tables) -> _Cell:
    """*cell* with its magics as statements that do nothing; a cell of another language is empty."""
    if cell.lines and cell.lines[0].startswith("%%") and "time" not in cell.lines[0]:
        return _Cell([], [])
    lines: list[str] = []
    for line, number in zip(cell.lines, cell.file_lines, strict=True):
        if _MAGIC.match(line):
            take_command(Place(report, tables, number, line), line.strip().lstrip("%!"))
            lines.append(line[: len(line) - len(line.lstrip())] + "pass")
        elif _ASSIGNED.match(line):
            lines.append(line[: len(line) - len(line.lstrip())] + "pass")
        else:
            lines.append(line)
    return _Cell(lines, cell.file_lines)


def _parses(cell: _Cell) -> bool:
    try:
        parse("\n".join(cell.lines))
    except UnreadableError:
        return False
    return True
