"""The user's file: run as Python would run it, and every mistake in it told with its line.

Knows sources, imports and tracebacks. It must not know what the file is for.
"""

from __future__ import annotations

import ast
import itertools
import os
import sys
import tokenize
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_EXECUTIONS = itertools.count()


class UserFileError(Exception):
    """Something in the user's file is wrong; the text begins with ``file:line``."""


@dataclass(frozen=True)
class UserFile:
    """A file that was run: its path, its module, and the lines of what it defines at the top."""

    path: str
    module: types.ModuleType
    lines: dict[str, int]

    def place(self, *names: Any) -> str:
        """``file:line`` of the first of *names* that the file defines: a name or a function."""
        for name in names:
            code = getattr(name, "__code__", None)
            if code is not None and self.owns(code.co_filename):
                return f"{code.co_filename}:{code.co_firstlineno}"
            if isinstance(name, str) and name in self.lines:
                return f"{self.path}:{self.lines[name]}"
        return f"{self.path}:1"

    def owns(self, filename: str) -> bool:
        """Whether *filename* is the file itself, or a helper below its directory."""
        directory = os.path.dirname(self.path) + os.sep
        helper = filename.startswith(directory) and "site-packages" not in filename
        return filename == self.path or helper

    def function(self, name: str) -> Callable[..., Any] | None:
        """The function called *name*, or None where the file has none.

        Raises:
            UserFileError: something else has that name.
        """
        found = getattr(self.module, name, None)
        if found is not None and not callable(found):
            raise UserFileError(f"{self.place(name)}: {name} is no function")
        return found

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What *function* returns; what it raises is told with the user's line.

        Raises:
            UserFileError: it raised, or ended the program.
        """
        return self.pointing(function, self.place(function))(*arguments, **named)

    def pointing(
        self,
        function: Callable[..., Any],
        place: str = "",
        check: Callable[[Any], None] = lambda _: None,
    ) -> Callable[..., Any]:
        """*function*, whose errors name the user's line; *check* looks at its first result.

        Errors without a line of the user's file name *place*.
        """
        unchecked = [check]

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                result = function(*arguments, **named)
            except (Exception, SystemExit) as error:
                raise self.error_in(error, place) from error
            if unchecked:
                unchecked.pop()(result)
            return result

        return call

    def error_in(self, error: BaseException, place: str = "") -> UserFileError:
        """*error* as the user's: his deepest line, or *place* where none of his has a part."""
        if isinstance(error, UserFileError):
            return error
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if self.owns(frame.filename)]
        where = f"{own[-1].filename}:{own[-1].lineno}" if own else place or f"{self.path}:1"
        if isinstance(error, SystemExit):
            by_argparse = any(frame.filename.endswith("argparse.py") for frame in frames)
            what = "argparse ends the program" if by_argparse else "the program is ended"
            return UserFileError(
                f"{where}: {what}: no arguments are given here; keep what is for the command line "
                'below if __name__ == "__main__":'
            )
        return UserFileError(f"{where}: {type(error).__name__}: {error}")


def run(path: str) -> UserFile:
    """Run the file at *path* as a module of its own, as ``python FILE`` would find its imports.

    Its directory is where Python looks for imports first, also for relative ones, and it is given
    no arguments. Every run makes a module anew.

    Raises:
        UserFileError: it cannot be read, or fails.
    """
    source = _source(path)
    try:
        # Without dont_inherit our own future imports would hold in the user's file too.
        code = compile(source, path, "exec", dont_inherit=True)
        lines = _lines(ast.parse(source))
    except SyntaxError as error:
        raise UserFileError(f"{path}:{error.lineno}:{error.offset}: {error.msg}") from error
    except ValueError as error:
        raise UserFileError(f"{path}: cannot be read: {error}") from error
    module = _module(path)
    file = UserFile(path, module, lines)
    file.call(lambda: exec(code, module.__dict__))  # noqa: S102  (the user's own file)
    return file


def _source(path: str) -> str:
    try:
        # Reads a byte order mark and a coding line as Python does.
        with tokenize.open(path) as file:
            return file.read()
    except SyntaxError as error:
        raise UserFileError(f"{path}:1: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise UserFileError(f"{path}: cannot be read: {error}") from error


def _lines(tree: ast.Module) -> dict[str, int]:
    """By name the line at which the file defines or assigns it at the top."""
    lines: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            lines[node.name] = node.lineno
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                lines[target.id] = node.lineno
    return lines


def _module(path: str) -> types.ModuleType:
    """An empty module for the file, in a package of its own whose place is the directory."""
    directory = os.path.dirname(path) or "."
    package = types.ModuleType(f"fw_advisor_user_workload_{next(_EXECUTIONS)}")
    package.__path__ = [directory]
    module = types.ModuleType(f"{package.__name__}.own")
    module.__file__ = path
    module.__package__ = package.__name__
    # torch.compile imports the module of a function that it inlines, by its name; dataclasses
    # look theirs up too.
    sys.modules[package.__name__] = package
    sys.modules[module.__name__] = module
    if directory not in sys.path:
        sys.path.insert(0, directory)
    sys.argv = [path]
    return module


def kind_of(found: Any) -> str:
    """What *found* is, in a word."""
    if found is None:
        return "None"
    # Under jit an array is a tracer, whose name helps nobody.
    return "an array" if hasattr(found, "dtype") else type(found).__name__
