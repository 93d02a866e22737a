"""Where a model runs: one place, or several that every rule about a place sees at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACE, PLACES = "deployment", "targets"


def places_in(values: Mapping[str, Any]) -> list[str]:
    """The places that *values* name, each once, the one of ``deployment`` first."""
    first, more = values.get(PLACE), values.get(PLACES)
    named = [first] if isinstance(first, str) else []
    if isinstance(more, (list, tuple)):
        named += [str(place) for place in more]
    return list(dict.fromkeys(place for place in named if place != "unknown"))


def place_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fact ``deployment`` where ``targets`` name places: all of them, or the only one."""
    places = places_in(facts)
    if not facts.get(PLACES) or not places:
        return {}
    return {PLACE: places if len(places) > 1 else places[0]}
