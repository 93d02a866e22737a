"""What answers keep of a code base that was read: places of answers, and what moving it would take.

One form for the answers file and the record, checked where a file is read. Plain values only; it
must not know how code is read, nor what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EFFORTS = ("small", "medium", "large", "very_large")
NOT_READ = "not_read"
"""The effort of moving code that nobody had read."""
MOST_LISTED = 20
_FRAMEWORKS = ("pytorch", "jax")
_MOST_PLACES = 10
_MOST_KEYS = 100
_LONGEST = 500
_COUNTS = ("references", "names", "listed_references")


def efforts(reading: Mapping[str, Any]) -> dict[str, str]:
    """The facts ``migration.to_jax`` and ``migration.to_pytorch``, as far as code was read."""
    moves = reading.get("moves") or ()
    return {f"migration.to_{move['to']}": move["effort"] for move in moves}


def checked_reading(data: Any) -> dict[str, Any]:
    """*data* as a reading.

    Raises:
        ValueError: it is none; the text says which part is not.
    """
    if not isinstance(data, dict) or set(data) - {"files", "places", "moves"}:
        raise ValueError("it has to hold files, places and moves only")
    places, moves = data.get("places", {}), data.get("moves", [])
    if not isinstance(places, dict) or len(places) > _MOST_KEYS:
        raise ValueError("places has to name the places of each answer")
    if not isinstance(moves, list) or len(moves) > len(_FRAMEWORKS):
        raise ValueError("moves has to be a list of one or two")
    checked_moves = [_move(move) for move in moves]
    if len({move["to"] for move in checked_moves}) < len(checked_moves):
        raise ValueError("moves names one framework twice")
    return {
        "files": _count(data.get("files", 0), "files"),
        "places": {_text(k, "places"): _texts(v, f"places.{k}") for k, v in places.items()},
        "moves": checked_moves,
    }


def _move(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("a move has to be a mapping")  # noqa: TRY004  (one kind for all of it)
    if data.get("to") not in _FRAMEWORKS or data.get("effort") not in EFFORTS:
        raise ValueError(f"a move goes to pytorch or jax with an effort of {', '.join(EFFORTS)}")
    return {
        "to": data["to"],
        "effort": data["effort"],
        "means": _text(data.get("means", ""), "means"),
        **{key: _count(data.get(key, 0), key) for key in _COUNTS},
        "redesign": [
            {
                "title": _text(part.get("title", ""), "title"),
                "times": _count(part.get("times", 0), "times"),
                "text": _text(part.get("text", ""), "text"),
                "first": _text(part.get("first", ""), "first"),
            }
            for part in _parts(data, "redesign")
        ],
        "none": [
            {
                "name": _text(part.get("name", ""), "name"),
                "times": _count(part.get("times", 0), "times"),
            }
            for part in _parts(data, "none")
        ],
    }


def _parts(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    parts: Any = data.get(key, [])
    usual = isinstance(parts, list) and len(parts) <= MOST_LISTED
    if not usual or not all(isinstance(part, dict) for part in parts):
        raise ValueError(f"{key} has to be a list of at most {MOST_LISTED}")
    return list(parts)


def _texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST_PLACES:
        raise ValueError(f"{name} has to be a list of at most {_MOST_PLACES}")
    return [_text(text, name) for text in value]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(f"{name} has to be text of at most {_LONGEST} characters")
    return value


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**9:
        raise ValueError(f"{name} has to be a count")
    return value
