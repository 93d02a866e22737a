"""What the readers of one Python file share: its lines, its names, the tables, the report.

Knows how a finding is taken down. It must not know what a finding means.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.knowledge.code_signals import Confidence
from advisor.scan.model import FileReport
from advisor.scan.python.names import Names
from advisor.scan.tables import Tables


@dataclass(slots=True)
class Reading:
    """One Python text while it is read.

    `file_lines` gives the line in the file of each line of the text, where the two differ (the
    cells of a notebook). `torch` and `jax` say whether the text imports them or what belongs to
    them. `traced` names the functions that are compiled or transformed by name.
    """

    tables: Tables
    report: FileReport
    lines: Sequence[str]
    names: Names
    torch: bool = False
    jax: bool = False
    file_lines: Sequence[int] | None = None
    traced: set[str] = field(default_factory=set)
    accelerators: set[str] = field(default_factory=set)

    def line_of(self, line: int) -> int:
        """The line in the file of the line *line* of the text."""
        if self.file_lines is None or not 0 < line <= len(self.file_lines):
            return line
        return self.file_lines[line - 1]

    def text_of(self, line: int) -> str:
        """The line *line* of the text as it stands."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def note(self, node: ast.AST, key: str, value: Any, confidence: Confidence) -> None:
        """Take down that *node* says that *key* is *value*."""
        line: int = getattr(node, "lineno", 1)
        self.report.add(key, value, self.line_of(line), self.text_of(line), confidence)

    def use(self, node: ast.AST, name: str) -> None:
        """Count a reference to the framework name *name*."""
        self.report.use(name, self.line_of(getattr(node, "lineno", 1)))
