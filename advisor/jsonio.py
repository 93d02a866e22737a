"""Strict JSON: what we write every reader accepts, and what we read cannot lie.

Duplicate keys, NaN, infinities, absurd sizes and depths are refused; the standard library
takes them all. Standard library only: a bare node uses this too.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

from advisor.errors import UserError

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
"""Documents of ours are a dozen deep, and Python's own limit is met somewhere in the middle."""
_HALF = b"\\ud"
"""How the halves of a character are written in JSON; two of them in the right order are whole."""
LONG = re.compile(rb"[0-9]{309}")
"""Digits of a whole number that a double may not hold: few files have any."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_WAY_OUT = "give the file as it was written: nothing cut off, nothing changed by hand"


def dumps(data: Any, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """*data* as JSON text with a final newline; NaN and infinities are a bug and raise."""
    return json.dumps(data, indent=indent, ensure_ascii=ascii_only, allow_nan=False) + "\n"


def canonical_bytes(data: Any) -> bytes:
    """The one byte form of *data* that hashes are taken of (sorted keys, no spaces, ASCII)."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def copied(data: Any) -> Any:
    """*data*, values of JSON, with dictionaries and lists of its own."""
    if isinstance(data, dict):
        return {key: copied(value) for key, value in data.items()}
    if isinstance(data, list):
        return [copied(value) for value in data]
    return data


def sha256_of(data: Any) -> str:
    """Hex SHA-256 of the canonical form of *data*."""
    return hashlib.sha256(canonical_bytes(data)).hexdigest()


def read_json(path: Path) -> Any:
    """The document in *path*.

    Raises:
        UserError: the file is absent, too large, not UTF-8, or not strict JSON.
    """
    try:
        with path.open("rb") as file:
            # A device or a pipe has no size and may have no end.
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(
            f"cannot be read: {error.strerror or error}",
            hint="give the path of a file that fw-advisor wrote",
            where=str(path),
        ) from error
    return parse_json(raw, name=str(path))


def parse_json(raw: bytes, *, name: str) -> Any:
    """The document in *raw*; *name* is what errors call it.

    Raises:
        UserError: not UTF-8, not JSON, or JSON that means different things to different readers.
    """
    if len(raw) > MAX_BYTES:
        raise UserError(
            f"is too large: at most {MAX_BYTES:,} bytes are read",
            hint="give the file that fw-advisor wrote, not a log or an archive",
            where=name,
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"is not UTF-8 text (byte {error.start})", hint=_WAY_OUT, where=name
        ) from error
    if _is_deep(raw):
        raise UserError(
            f"is not usable JSON: nested more than {MAX_DEPTH} deep", hint=_WAY_OUT, where=name
        )
    try:
        data = json.loads(
            text,
            object_pairs_hook=_unique_pairs,
            parse_constant=_refuse_constant,
            parse_float=finite,
            parse_int=whole if LONG.search(raw) else None,
        )
        return whole_characters(data) if _HALF in raw.lower() else data
    except json.JSONDecodeError as error:
        raise UserError(
            f"is not JSON: {error.msg}", hint=_WAY_OUT, where=f"{name}:{error.lineno}:{error.colno}"
        ) from error
    except ValueError as error:
        # Python tells its programmers how to lift its limit on whole numbers.
        why = "a whole number has too many digits" if "digits" in str(error) else str(error)
        raise UserError(f"is not usable JSON: {why}", hint=_WAY_OUT, where=name) from error


def _is_deep(raw: bytes) -> bool:
    """Whether *raw* is nested deeper than documents are; brackets inside text do not count."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for byte in _TEXT.sub(b"", raw).translate(None, _OTHERS):
        depth += 1 if byte in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def whole_characters(data: Any) -> Any:
    """*data* with a mark for every half of a character, which no file can hold."""
    if isinstance(data, str):
        return data.encode("utf-8", "replace").decode("utf-8")
    if isinstance(data, list):
        return [whole_characters(item) for item in data]
    if isinstance(data, dict):
        return {whole_characters(k): whole_characters(v) for k, v in data.items()}
    return data


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return result


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number that JSON allows")


def whole(text: str) -> int:
    """The whole number that *text* stands for.

    Raises:
        ValueError: no double comes near it.
    """
    finite(text)
    return int(text)


def finite(text: str) -> float:
    """The number that *text* stands for.

    Raises:
        ValueError: a double cannot hold it.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is beyond the range of a double")
    return value
