"""From the text of a Python file to its syntax tree, refusing what could hurt its reader.

Knows the parser's limits. It must not know what the code does.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

_SEPARATORS = ",([{=.:+-*/\n"
MAX_SEPARATORS = 250_000
"""Signs that stand between names in one text; a tree of more would take hundreds of megabytes."""


class UnreadableError(Exception):
    """Why a text is not read, in a word that can be counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed text: its tree, and its lines as they stand."""

    tree: ast.Module
    lines: list[str]


def parse(text: str) -> Source:
    """The syntax tree of *text*; the parser itself refuses what is nested too deeply for it.

    Raises:
        UnreadableError: it is not Python 3, or nested so deeply or so dense that no tree is made.
    """
    if len(text) > MAX_SEPARATORS and sum(map(text.count, _SEPARATORS)) > MAX_SEPARATORS:
        raise UnreadableError("dense")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        deep = "nested" in (error.msg or "")
        raise UnreadableError("nested" if deep else "syntax") from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError("nested") from error
    except (ValueError, OverflowError) as error:
        raise UnreadableError("syntax") from error
    return Source(tree, text.split("\n"))
