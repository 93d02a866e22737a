"""Reads one Python text into a report: the way in to this room.

Knows in which order the parts look at a file. It must not know files: text comes in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from advisor.scan.model import FileReport
from advisor.scan.python.imports import frameworks_of, take_imports
from advisor.scan.python.names import Names
from advisor.scan.python.reading import Reading
from advisor.scan.python.source import UnreadableError, parse
from advisor.scan.python.walking import Walker
from advisor.scan.sizes import KEYS
from advisor.scan.tables import Tables

_X64 = "JAX_ENABLE_X64"
_NUMPY = frozenset({"numpy", "scipy"})
_CONFIGURATION = re.compile(r"config|params|args|settings", re.IGNORECASE)


def how_to_read(text: str, tables: Tables, path: str) -> Literal["whole", "imports", "not"]:
    """How much of *text* says anything: what it imports decides, or that it configures a model.

    Reading NumPy's users whole would take half of the time in many code bases, for nothing but the
    one line that imports it.
    """
    modules = {match.group(1) for match in _IMPORT.finditer(text)} & tables.modules
    if modules - _NUMPY or _X64 in text or _configures(text, path):
        return "whole"
    return "imports" if modules else "not"


def _configures(text: str, path: str) -> bool:
    """Whether *text* names several sizes of models, or one in a file of configuration."""
    sizes = sum(name in text for name in KEYS)
    return sizes > 1 or (sizes == 1 and _CONFIGURATION.search(path) is not None)


def _take_numpy(text: str, report: FileReport, file_lines: Sequence[int] | None) -> None:
    """The first import outside of a text in triple quotes."""
    for match in _IMPORT.finditer(text):
        before = text[: match.start()]
        quoted = before.count('"""') % 2 or before.count("'''") % 2
        if match.group(1) in _NUMPY and not quoted:
            number = before.count("\n") + 1
            line = file_lines[number - 1] if file_lines is not None else number
            written = text[match.start() :].split("\n", 1)[0]
            report.add("codebase", "numpy", line, written, "likely")
            return


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
    reading = how_to_read(text, tables, report.file)
    if reading == "imports":
        _take_numpy(text, report, file_lines)
    elif reading == "whole":
        _read_whole(text, report, tables, file_lines)


def _read_whole(
    text: str, report: FileReport, tables: Tables, file_lines: Sequence[int] | None
) -> None:
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
