"""The parts of what a step returns: nested tuples, lists, dicts and objects of them, by path.

The same rules as JAX's trees have, for results of PyTorch. Knows Python's containers only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def flattened(result: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every part of *result* that is no container, with its path; None is no part.

    Dicts are taken in the order of their keys, named tuples and dataclasses by their fields.
    """
    if result is None:
        return
    for name, value in _parts(result):
        yield from flattened(value, (*path, name))
    if not _is_container(result):
        yield path, result


def _is_container(result: Any) -> bool:
    return isinstance(result, (Mapping, list, tuple)) or _is_record(result)


def _is_record(result: Any) -> bool:
    return dataclasses.is_dataclass(result) and not isinstance(result, type)


def _parts(result: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(result, Mapping):
        yield from ((str(key), result[key]) for key in sorted(result, key=str))
    elif _is_record(result):
        yield from ((f.name, getattr(result, f.name)) for f in dataclasses.fields(result))
    elif isinstance(result, (list, tuple)):
        names = getattr(result, "_fields", None) or map(str, range(len(result)))
        yield from zip(names, result, strict=True)
