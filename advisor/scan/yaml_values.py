"""The scalar values of a YAML text with their paths and lines, from its events only.

Nothing is built and no alias is followed, so that a small file cannot become a large one; tags are
not looked at, so that none can make anything. It must not know what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.cyaml import CParser
from ruamel.yaml.error import YAMLError

from advisor.scan.text import SkippedError

MAX_EVENTS = 100_000
MAX_DEPTH = 60

_INTEGER = re.compile(r"[-+]?\d[\d_]{0,17}")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "~", ""), None),
}


@dataclass(frozen=True, slots=True)
class YamlValue:
    """One scalar: the keys that lead to it (lists add none), what it is, and its line."""

    path: tuple[str, ...]
    value: Any
    line: int


def yaml_values(text: str) -> Iterator[YamlValue]:
    """The scalars of *text* that are values, in their order.

    Raises:
        SkippedError: it is no YAML, or too much or too deep to be a configuration.
    """
    # One entry an open collection: whether it is a mapping, and the key that waits for its value.
    stack: list[list[Any]] = []
    try:
        parser = CParser(text)
        for count in range(MAX_EVENTS):
            event = parser.get_event()
            if event is None:
                return
            value = _step(stack, event)
            if value is not None:
                yield value
            if len(stack) > MAX_DEPTH:
                raise SkippedError("nested")
            if count == MAX_EVENTS - 1:
                raise SkippedError("huge")
    except (YAMLError, ValueError, RecursionError) as error:
        raise SkippedError("syntax") from error


def _step(stack: list[list[Any]], event: Any) -> YamlValue | None:
    kind = type(event).__name__
    if kind in ("MappingStartEvent", "SequenceStartEvent"):
        stack.append([kind == "MappingStartEvent", None])
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        stack.pop()
        _consume(stack)
    elif kind == "AliasEvent":
        _consume(stack)
    elif kind == "ScalarEvent":
        if stack and stack[-1][0] and stack[-1][1] is None:
            stack[-1][1] = str(event.value)
            return None
        path = tuple(str(frame[1]) for frame in stack if frame[0] and frame[1] is not None)
        _consume(stack)
        value = event.value if event.style else _plain(event.value)
        return YamlValue(path, value, event.start_mark.line + 1)
    return None


def _consume(stack: list[list[Any]]) -> None:
    """The key that waited has its value now (a collection that ended, an alias, a scalar)."""
    if stack and stack[-1][0]:
        stack[-1][1] = None


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
