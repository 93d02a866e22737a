"""What a decision keeps of a scan: where its answers stand, and what moving the code would take.

Knows the form of `advisor.code_reading`. It must not know rules.
"""

from __future__ import annotations

from typing import Any

from advisor.code_reading import MOST_LISTED
from advisor.scan.answers import Resolution
from advisor.scan.collected import Collected
from advisor.scan.document import scan_document

_MOST_PLACES = 5


def reading_of(collected: Collected, resolution: Resolution) -> dict[str, Any]:
    """The reading of a scan, as plain values."""
    document = scan_document(collected, resolution)
    migration = document["migration"]
    used = {to: migration["coverage"][f"to_{to}"]["times"] for to in ("jax", "pytorch")}
    most = max(used.values())
    # A framework that is named in passing is not what the code would be moved from.
    moves = [_move(migration, to) for to, times in used.items() if times and times >= most / 10]
    return {
        "files": document["files"]["read"],
        "places": {k: source["places"][:_MOST_PLACES] for k, source in document["sources"].items()},
        "moves": moves,
    }


def _move(migration: dict[str, Any], to: str) -> dict[str, Any]:
    key = f"to_{to}"
    effort, coverage = migration["effort"][key], migration["coverage"][key]
    without = [m for m in migration[key] if m["counterpart"] == "none" and m["fit"] == "none"]
    return {
        "to": to,
        "effort": effort["class"] if effort else "small",
        "means": effort["means"] if effort else "",
        "references": coverage["times"],
        "names": coverage["names"],
        "listed_references": coverage["listed_times"],
        "redesign": [
            {
                "title": part["title"],
                "times": part["times"],
                "text": part["text"],
                "first": part["places"][0] if part["places"] else "",
            }
            for part in migration["redesign"][key][:MOST_LISTED]
        ],
        "none": [{"name": m["name"], "times": m["times"]} for m in without[:MOST_LISTED]],
    }
