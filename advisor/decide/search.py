"""The search for flips around one decision: quick looks, full judgements, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from advisor.decide.alternatives import Change
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, Situation, judge
from advisor.decide.words import TITLES
from advisor.decision import Flip

QUICK = 1000


class Search:
    """The search for flips around one judgement.

    Args:
        now: The decision's own judgement, in full.
        draws: Its draws.
    """

    def __init__(self, now: Judgement, draws: Draws) -> None:
        self.now = now
        self.draws = draws
        self.quick = draws.head(QUICK)
        self.rough = judge(now.situation, self.quick)

    @property
    def others(self) -> tuple[str, ...]:
        """The frameworks that are not recommended."""
        return tuple(f for f in sorted(TITLES) if f != self.now.framework)

    def look(self, situation: Situation) -> Judgement:
        """A quick look at *situation*."""
        return judge(situation, self.quick, self.rough)

    def flips(self, situation: Situation) -> Judgement | None:
        """The full judgement of *situation* if it recommends something else, or None."""
        then = judge(situation, self.draws)
        return None if then.framework == self.now.framework else then

    def with_changes(self, changes: Sequence[Change]) -> Situation:
        """The situation with some answers changed."""
        values = {**self.now.situation.values, **{c.fact: c.value for c in changes}}
        return replace(self.now.situation, values=values)

    def told(self, change: dict[str, Any], text: str, then: Judgement) -> Flip:
        """A verified flip."""
        return Flip(
            change=change,
            then=then.framework or then.status,
            then_status=then.status,
            text=f"{text}: {outcome_text(then)}",
        )


def outcome_text(then: Judgement) -> str:
    """What a counterfactual would end in, as the end of a sentence."""
    name = TITLES.get(then.framework or "", "")
    return {
        "recommend": f"{name} would be recommended",
        "lean": f"it would lean towards {name}",
        "forced": f"only {name} would be left",
        "no_clear_winner": "there would be no clear winner",
        "insufficient_evidence": "too little would be known to recommend either",
        "no_feasible_option": "no option would be left",
    }[then.status]
