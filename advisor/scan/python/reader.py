"""Reads one Python text into a report: the way in to this room.

Knows in which order the parts look at a file. It must not know files: text comes in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.scan.model import FileReport
from advisor.scan.python.imports import frameworks_of, take_imports
from advisor.scan.python.names import Names
from advisor.scan.python.reading import Reading
from advisor.scan.python.source import UnreadableError, parse
from advisor.scan.python.walking import Walker
from advisor.scan.sizes import KEYS
from advisor.scan.tables import Tables

_X64 = "JAX_ENABLE_X64"
_SIZES = re.compile(r"\b(?:" + "|".join(sorted(KEYS, key=len, reverse=True)) + r")\b")
_CONFIGURATION = re.compile(r"config|params|args|settings", re.IGNORECASE)


def worth_reading(text: str, tables: Tables, path: str = "") -> bool:
    """Whether *text* imports anything that the tables know, or is a model's configuration."""
    if any(match.group(1) in tables.modules for match in _IMPORT.finditer(text)) or _X64 in text:
        return True
    sizes = {match.group() for match in _SIZES.finditer(text)}
    return len(sizes) > 1 or (len(sizes) == 1 and _CONFIGURATION.search(path) is not None)


_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


def read_python(
    text: str, report: FileReport, tables: Tables, *, file_lines: Sequence[int] | None = None
) -> None:
    """Add what *text* says to *report*.

    Args:
        text: Python source with plain newlines.
        report: Where findings and uses go; its `skipped` is set where the text is not read.
        tables: What names mean.
        file_lines: The line in the file of each line of the text, where the two differ.
    """
    report.python = True
    if not worth_reading(text, tables, report.file):
        return
    try:
        source = parse(text)
        names = Names.of(source.tree, tables.modules)
        reading = Reading(tables, report, source.lines, names, file_lines=file_lines)
        frameworks = frozenset(frameworks_of(reading))
        reading.torch = "pytorch" in frameworks
        reading.jax = "jax" in frameworks
        report.frameworks = frameworks
        take_imports(reading)
        Walker(reading).run(source.tree)
    except UnreadableError as error:
        report.skipped = error.reason
    except RecursionError:
        report.forget()
        report.skipped = "nested"
