"""setup.py: what ``setup(...)`` declares, as far as it is spelled out.

Knows the arguments of setuptools. It must not run the file, as installing would.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from advisor.scan.manifests.dependencies import Place, take_python, take_requirement
from advisor.scan.model import FileReport
from advisor.scan.python.source import UnreadableError, parse
from advisor.scan.tables import Tables

_LISTS = re.compile(r"requir|depend|deps", re.IGNORECASE)


def read_setup(text: str, report: FileReport, tables: Tables) -> None:
    """Add the dependencies that the setup.py *text* spells out to *report*."""
    try:
        source = parse(text)
    except UnreadableError:
        return
    for node in ast.walk(source.tree):
        for value, optional in _declared(node):
            for text_node in _texts(value):
                line = text_node.lineno
                place = Place(report, tables, line, source.lines[line - 1])
                take_requirement(place, str(text_node.value), optional=optional)
        requires = node.value if isinstance(node, ast.keyword) else None
        if isinstance(requires, ast.Constant) and getattr(node, "arg", "") == "python_requires":
            line = requires.lineno
            take_python(Place(report, tables, line, source.lines[line - 1]), str(requires.value))


def _declared(node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """Lists of requirements in *node*, and whether they are for extras."""
    if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require"):
        yield node.value, node.arg == "extras_require"
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        if _LISTS.search(name):
            optional = re.search(r"extra|dev|test|optional", name, re.IGNORECASE) is not None
            yield node.value, optional


def _texts(node: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for element in node.elts:
            if isinstance(element, ast.Constant) and isinstance(element.value, str):
                yield element
