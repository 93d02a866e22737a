"""What the names of a file refer to: imports and aliases resolved to dotted names.

Knows import statements and assignments of modules to names. It must not know what a dotted name
means.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeGuard

_BODIES = ("body", "orelse", "finalbody")
_HOLDING = frozenset((
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While,
    ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match,
))  # fmt: skip
"""Statements that hold others; most hold none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported module (or a name in it), with the line of its statement.

    `optional` imports can fail without harm, or serve type checkers only.
    """

    module: str
    line: int
    optional: bool = False


@dataclass(slots=True)
class Names:
    """The aliases of one file: local name to dotted name, of modules that matter only."""

    aliases: dict[str, str] = field(default_factory=dict)
    imported: list[Imported] = field(default_factory=list)
    _optional: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, tree: ast.Module, modules: frozenset[str]) -> Names:
        """The names that *tree* imports from *modules* (top modules), anywhere in it."""
        names = cls()
        for statement in statements(tree.body):
            if isinstance(statement, ast.Import):
                names._take_import(statement, modules)
            elif isinstance(statement, ast.ImportFrom):
                names._take_from(statement, modules)
            elif _may_fail(statement):
                names._optional.update(id(inner) for inner in statements(statement.body))
        return names

    def _take_import(self, statement: ast.Import, modules: frozenset[str]) -> None:
        for alias in statement.names:
            top = alias.name.split(".", 1)[0]
            if top in modules:
                self._record(alias.name, statement)
                self.aliases[alias.asname or top] = alias.name if alias.asname else top

    def _take_from(self, statement: ast.ImportFrom, modules: frozenset[str]) -> None:
        module = statement.module or ""
        if statement.level or module.split(".", 1)[0] not in modules:
            return
        for alias in statement.names:
            if alias.name == "*":
                self._record(module, statement)
            else:
                dotted = f"{module}.{alias.name}"
                self._record(dotted, statement)
                self.aliases[alias.asname or alias.name] = dotted

    def _record(self, module: str, statement: ast.stmt) -> None:
        optional = id(statement) in self._optional
        self.imported.append(Imported(module, statement.lineno, optional))


def _may_fail(statement: ast.stmt) -> TypeGuard[ast.Try | ast.If]:
    """Whether the imports inside are tried, or made for type checkers."""
    if isinstance(statement, ast.Try):
        caught = " ".join(ast.unparse(h.type) for h in statement.handlers if h.type is not None)
        return "ImportError" in caught or "ModuleNotFound" in caught or "Exception" in caught
    return isinstance(statement, ast.If) and "TYPE_CHECKING" in last_name(statement.test)


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name; empty where *node* is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement in *body* and below, in the order of the text, without recursion."""
    stack: list[ast.stmt] = body[::-1]
    while stack:
        statement = stack.pop()
        yield statement
        if type(statement) not in _HOLDING:
            continue
        inner: list[ast.stmt] = []
        for name in _BODIES:
            inner += getattr(statement, name, ())
        for handler in getattr(statement, "handlers", ()):
            inner += handler.body
        for case in getattr(statement, "cases", ()):
            inner += case.body
        stack += inner[::-1]
