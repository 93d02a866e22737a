"""From a parser's events to plain data, without recursion, refusing what could surprise a reader.

Knows YAML's events, their limits and what is not read (anchors, aliases, tags, merge keys). It must
not know files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Literal

from ruamel.yaml.cyaml import CParser
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from advisor.errors import UserError
from advisor.text import inert

MAX_DEPTH = 40
MAX_NODES = 1_000_000
MAX_ENTRIES = 20_000
"""In all lists directly below the top of a document: its rules, facts, sources."""

MAX_ENTRY_NODES = 2000
"""In one such entry, or in all before the first. What is larger is no rule but a bomb."""

_MAX_DIGITS = 18

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]{1,4})?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC_START = frozenset("0123456789+-.")
_HINTS = {
    "found character that cannot start any token": "indent with spaces, and put text that begins "
    "with @, %, ` or a tab into quotes",
    "mapping values are not allowed in this context": "put text that contains a colon into quotes, "
    "and check the indentation",
    "could not find expected ':'": "write key: value, and check the indentation",
    "did not find expected key": "check the indentation of this line against the one above",
    "did not find expected node content": "a bracket or a brace may be left open above",
    "did not find expected ',' or ']'": "a list [ is left open, or text with ? : , needs quotes",
    "did not find expected ',' or '}'": "a mapping { is left open, or text with ? : , needs quotes",
}

Path_ = tuple[str | int, ...]
Part = Literal["key", "value"]
Place = tuple[Part, Path_]
Position = tuple[int, int]


def place_of(name: str, text: str, offset: int) -> str:
    """``file:line:col`` of the character at *offset* of *text*."""
    line = text.count("\n", 0, offset) + 1
    return f"{name}:{line}:{offset - text.rfind(chr(10), 0, offset)}"


class _Frame:
    """A mapping or a list that is still open; `key` is what the next value belongs to."""

    __slots__ = ("key", "lines", "node", "path")

    def __init__(self, node: Any, path: Path_) -> None:
        self.node = node
        self.path = path
        self.key: str | None = None
        self.lines: dict[str, int] = {}


class Builder:
    """Makes plain data from the parser's events, without recursion."""

    def __init__(self, name: str, positions: dict[Place, Position] | None = None) -> None:
        self.name = name
        self.root: Any = None
        self.count = 0
        self._entries = 0
        self._entry_start = 0
        self.items: dict[Path_, Position] = {}
        self.positions = positions
        self._stack: list[_Frame] = []

    def run(self, text: str) -> Builder:
        """Build the one document in *text*; returns itself.

        Raises:
            UserError: the text is not YAML, or YAML that is refused.
        """
        documents = 0
        for event in self._events(text):
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._stack.pop()
            elif kind is MappingStartEvent:
                self._open(event, {})
            elif kind is SequenceStartEvent:
                self._open(event, [])
            elif kind is AliasEvent:
                self._fail(event, "aliases (*name) are not read", "write the value out")
            elif kind.__name__ == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._fail(event, "holds a second document", "keep one document in each file")
        return self

    def _events(self, text: str) -> Iterator[Any]:
        try:
            parser = CParser(text)
            while (event := parser.get_event()) is not None:
                self.count += 1
                self._limit(event)
                yield event
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark else self.name
            problem = error.problem or "unreadable"
            raise UserError(
                f"is not valid YAML: {problem}", hint=_HINTS.get(problem, ""), where=where
            ) from error
        except YAMLError as error:
            place = place_of(self.name, text, int(getattr(error, "position", 0)))
            reason = getattr(error, "reason", None) or "unreadable"
            raise UserError(
                f"is not valid YAML: {reason}", hint="save it as plain UTF-8 text", where=place
            ) from error

    def _limit(self, event: Any) -> None:
        if self.count - self._entry_start > MAX_ENTRY_NODES:
            self._fail(
                event,
                f"holds more than {MAX_ENTRY_NODES:,} values in one entry",
                "make the entry smaller",
            )
        if self.count > MAX_NODES:
            self._fail(event, f"holds more than {MAX_NODES:,} values", "split the file")
        if self._entries > MAX_ENTRIES:
            self._fail(event, f"holds more than {MAX_ENTRIES:,} entries", "split the file")

    def _scalar(self, event: Any) -> None:
        if event.tag is not None or event.anchor is not None:
            self._refuse_marks(event)
        frame = self._stack[-1] if self._stack else None
        plain = event.implicit[0] and not event.style
        if frame is not None and frame.key is None and type(frame.node) is dict:
            self._key(frame, event, plain)
            return
        value = event.value
        self._add(event, self._resolve(event, value) if plain else value)

    def _key(self, frame: _Frame, event: Any, plain: bool) -> None:  # noqa: FBT001
        key: str = event.value
        line = event.start_mark.line + 1
        if plain and key == "<<":
            self._fail(event, "merge keys (<<) are not read", "write the keys out")
        if plain and not key:
            self._fail(event, "a key is missing before the colon", "write key: value")
        if key in frame.node:
            first = frame.lines[key]
            shown = inert(key, limit=60)
            self._fail(
                event,
                f"the key {shown!r} stands twice; first in line {first}",
                "keep one of the two",
            )
        frame.key = key
        frame.lines[key] = line
        if self.positions is not None:
            self.positions["key", (*frame.path, key)] = (line, event.start_mark.column + 1)

    def _open(self, event: Any, node: Any) -> None:
        if event.tag is not None or event.anchor is not None:
            self._refuse_marks(event)
        if len(self._stack) >= MAX_DEPTH:
            self._fail(event, f"is nested more than {MAX_DEPTH} deep", "write it flatter")
        path = self._add(event, node)
        if len(path) == 2 and type(node) is dict:
            self.items[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        self._stack.append(_Frame(node, path))

    def _add(self, event: Any, value: Any) -> Path_:
        """Put *value* where it belongs; returns its path."""
        if not self._stack:
            self.root = value
            path: Path_ = ()
        else:
            frame = self._stack[-1]
            if type(frame.node) is list:
                path = (*frame.path, len(frame.node))
                frame.node.append(value)
                if len(path) == 2:
                    self._entries += 1
                    self._entry_start = self.count
            elif frame.key is None:
                self._fail(event, "a key has to be text", "write the key as one word")
            else:
                path = (*frame.path, frame.key)
                frame.node[frame.key] = value
                frame.key = None
        if self.positions is not None:
            self.positions["value", path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        return path

    def _resolve(self, event: Any, text: str) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC_START:
            return text
        if _INTEGER.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                self._fail(
                    event, f"a number of {len(text):,} digits is not read", "write fewer digits"
                )
            return int(text)
        if any(c.isdigit() for c in text[:3]) and _NUMBER.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                self._fail(event, "the number is beyond the range of a double", "write it smaller")
            return number
        return text

    def _refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self._fail(event, "anchors (&name) are not read", "write the value where it is used")
        self._fail(event, "tags (!name) are not read", "put text that begins with ! into quotes")

    def _fail(self, event: Any, message: str, hint: str) -> None:
        mark = event.start_mark
        raise UserError(message, hint=hint, where=f"{self.name}:{mark.line + 1}:{mark.column + 1}")
