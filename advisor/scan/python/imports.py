"""What the imports of a file say: its framework, its libraries, where it is served.

Knows the tables' lookups by module. It must not know how the imported names are used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from advisor.knowledge.code_signals import Confidence
from advisor.scan.python.reading import Reading
from advisor.scan.tables import CODE_BASE_MODULES, FRAMEWORK_MODULES

Sign = tuple[str, Any, Confidence]


def take_imports(reading: Reading) -> None:
    """Take down what each import speaks for, once a file."""
    taken: set[tuple[str, str]] = set()
    for imported in reading.names.imported:
        place = ast.Pass(lineno=imported.line, col_offset=0)
        for key, value, confidence in _signs(reading, imported.module):
            if (key, str(value)) not in taken:
                taken.add((key, str(value)))
                sure: Confidence = "possible" if imported.optional else confidence
                reading.note(place, key, value, sure)


def frameworks_of(reading: Reading) -> Iterator[str]:
    """The frameworks that the file imports, itself or through a library of theirs."""
    for imported in reading.names.imported:
        top = imported.module.split(".", 1)[0]
        if top in FRAMEWORK_MODULES:
            yield FRAMEWORK_MODULES[top]
        library = reading.tables.library_of_import(imported.module)
        if library is not None and library.framework != "both":
            yield library.framework


def _signs(reading: Reading, module: str) -> Iterator[Sign]:
    base = CODE_BASE_MODULES.get(module.split(".", 1)[0])
    if base is not None:
        yield "codebase", base, "certain" if base != "numpy" else "likely"
    library = reading.tables.library_of_import(module)
    if library is not None and library.framework != "both":
        yield "must_use", library.package, "certain"
    for signal in reading.tables.signals_of_import(module):
        yield signal.key, signal.value, signal.confidence
