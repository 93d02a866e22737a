"""Several places where one model has to run: decided for all of them together, and for each alone.

Together, whatever a rule says of one of the places holds. Alone, only that place counts, so that
a reader sees which of them pulls where. It must not know words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge
from advisor.decide.places import PLACE, PLACES, places_in
from advisor.decision import TargetPart


def targets_of(now: Judgement, draws: Draws) -> list[TargetPart]:
    """The decision for each place alone, in the order named; empty where there is one only."""
    values = now.situation.values
    places = places_in(values)
    if len(places) < 2:
        return []
    others = {key: value for key, value in values.items() if key not in (PLACE, PLACES)}
    return [_alone(place, others, now, draws) for place in places]


def _alone(place: str, others: Mapping[str, Any], now: Judgement, draws: Draws) -> TargetPart:
    then = judge(replace(now.situation, values={**others, PLACE: place}), draws, now)
    return TargetPart(
        target=place,
        status=then.status,
        framework=then.framework,
        leader=then.leader,
        p_clear=round(then.p_clear[then.leader], 3) if then.leader else 0.0,
    )
