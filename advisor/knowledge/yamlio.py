"""Strict YAML: plain data with positions, and nothing that a file could use to surprise its reader.

What is read are mappings with text keys, lists, text, numbers, true, false and null. Duplicate
keys, anchors, aliases, tags, merge keys, several documents, control characters and absurd sizes
or depths are refused with their position. Dates stay text, and so does ``no``. It must not know
what any document means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISREG
from typing import Any

from advisor.errors import UserError
from advisor.knowledge.yaml_events import Builder, Part, Path_, Place, Position, place_of

MAX_BYTES = 1 << 20
"""What a single file may hold unless the caller says otherwise."""

_SMALL_NODES = 200_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

_WAY_OUT = "give the path of a YAML file that can be read"


@dataclass(frozen=True)
class Document:
    """One document: its plain data, and where in its file each part of it stands.

    `items` holds the positions of the mappings in lists directly below the top, which a reader
    may want for every entry. All others are found by reading the text again, once, when the first
    mistake asks for one; in a huge file (`small` is false) the entry's own position has to do.
    """

    data: Any
    name: str
    text: str = field(default="", repr=False)
    items: dict[Path_, Position] = field(default_factory=dict, repr=False)
    small: bool = True

    @cached_property
    def _positions(self) -> dict[Place, Position]:
        if not (self.text and self.small):
            return {}
        return Builder(self.name, positions={}).run(self.text).positions or {}

    def where(self, *path: str | int) -> str:
        """``file:line:col`` of the value at *path*, or of the nearest part around it."""
        for end in range(len(path), -1, -1):
            position = self._position("value", path[:end])
            if position is not None:
                return f"{self.name}:{position[0]}:{position[1]}"
        return self.name

    def where_key(self, *path: str | int) -> str:
        """``file:line:col`` of the key that *path* ends with."""
        position = self._position("key", path)
        return f"{self.name}:{position[0]}:{position[1]}" if position else self.where(*path)

    def _position(self, part: Part, path: Path_) -> Position | None:
        if part == "value" and path in self.items:
            return self.items[path]
        return self._positions.get((part, path))


def read_yaml(path: Path, *, max_bytes: int = MAX_BYTES, name: str | None = None) -> Document:
    """The document in *path*; errors call it *name* (its path unless given).

    Raises:
        UserError: the file cannot be read, is too large, or is not the YAML described above.
    """
    shown = name or str(path)
    return parse_yaml(_text_of(_bytes_of(path, max_bytes, shown), shown), name=shown)


def parse_yaml(text: str, *, name: str, max_bytes: int = MAX_BYTES * 16) -> Document:
    """The document in *text*; *name* is what errors call it.

    Raises:
        UserError: it is not the YAML described above; says where.
    """
    if len(text) > max_bytes:
        raise UserError(f"has {len(text):,} characters; at most {max_bytes:,} are read", where=name)
    control = _CONTROL.search(text)
    if control is not None:
        raise UserError(
            f"holds the control character U+{ord(control.group()):04X}",
            hint="save it as plain UTF-8 text",
            where=place_of(name, text, control.start()),
        )
    builder = Builder(name).run(text)
    return Document(builder.root, name, text, builder.items, builder.count <= _SMALL_NODES)


def _bytes_of(path: Path, max_bytes: int, name: str) -> bytes:
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            raise UserError("is not a regular file", hint=_WAY_OUT, where=name)
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot be read: {reason}", hint=_WAY_OUT, where=name) from error
    if len(raw) > max_bytes:
        raise UserError(
            f"the file is larger than {max_bytes:,} bytes, which is more than is read",
            hint="split it into several files",
            where=name,
        )
    return raw


def _text_of(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError("is UTF-16 text", hint="save it as UTF-8", where=f"{name}:1:1")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        raise UserError(
            f"is not UTF-8 text: byte 0x{raw[error.start]:02x}",
            hint="save it as UTF-8",
            where=place_of(name, before, len(before)),
        ) from error
