"""Where one core and all cores name different winners: said once, in the evidence's notices.

Pure: reads finished probes. On one core a launch differs from the next by little, on several by
much more (threads wait for each other at barriers), and the two are different questions: what a
core does, and what a user gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_CALLED = ("a_faster", "b_faster", "equivalent")


def disagreements(probes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One notice per pair of modes whose verdict on one core is not that on all cores."""
    return [
        {
            "id": "cores-disagree",
            "severity": "info",
            "text": text,
            "hint": "the verdict on all cores is what a plain run gets; the one on one core is "
            "what several processes side by side would get",
        }
        for one in probes
        for other in probes
        if one["cores"] == 1 and other["cores"] > 1 and _key(one) == _key(other)
        for text in _texts(one, other)
    ]


def _key(probe: Mapping[str, Any]) -> tuple[Any, ...]:
    return probe["id"], probe["size_name"], probe["device"], probe["precision"]


def _texts(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Where the winners differ, or one of the two finds a difference that the other excludes."""
    verdicts = {(c["a"], c["b"]): c["verdict"] for c in other["comparisons"]}
    for compared in one["comparisons"]:
        pair = compared["a"], compared["b"]
        words = compared["verdict"], verdicts.get(pair)
        if words[0] == words[1] or not all(word in _CALLED for word in words):
            continue
        said = [_winner(pair, str(word)) for word in words]
        yield (
            f"{one['id']}/{one['size_name']}: {said[0]} on one core, "
            f"{said[1]} on {other['cores']} cores"
        )


def _winner(pair: tuple[str, str], word: str) -> str:
    if word == "equivalent":
        return f"no difference between {pair[0]} and {pair[1]}"
    first, second = pair if word == "a_faster" else (pair[1], pair[0])
    return f"{first} is faster than {second}"
