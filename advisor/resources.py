"""Where the shipped rules/, templates/, probes/ and words lie: in a wheel or beside the package."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
PACKED_WORDS = "wording.json"
"""The catalogue inside an exported file, beside the module that reads it: a node reads no TOML."""


def resource_dir(name: str) -> Path:
    """The directory called *name*: inside the package when installed, at the root in a checkout.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for candidate in (_HERE / "_data" / name, _HERE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"fw-advisor is missing its {name}/ directory; reinstall it")


def words_of(language: str = "en") -> Mapping[str, Any]:
    """The catalogue of a language: messages by dotted key, from all files of its directory.

    Raises:
        FileNotFoundError: the language is not shipped.
    """
    try:
        packed = pkgutil.get_data("advisor", PACKED_WORDS)
    except OSError:
        packed = None
    if packed is not None:
        messages: Mapping[str, Any] = json.loads(packed)
        return messages
    return read_words(resource_dir("templates") / "wording" / language)


def read_words(place: Path) -> dict[str, Any]:
    """The messages in the TOML files of *place*; each top-level table stands in one file alone.

    Raises:
        ValueError: two files hold one table.
    """
    import tomllib  # noqa: PLC0415  (absent before Python 3.11, where the words come packed)

    merged: dict[str, Any] = {}
    for path in sorted(place.glob("*.toml")):
        for key, table in tomllib.loads(path.read_text("utf-8")).items():
            if key in merged:
                raise ValueError(f"{path.name}: the table {key!r} stands in another file already")
            merged[key] = table
    return merged
