"""Ranking the criteria by swings: which would you lift first if all were at their worst?

Asked one rank at a time. Criteria that are lifted together are a tie. Direct importance ratings
are not asked for: they ignore how far apart worst and best lie (Fischer 1995, Organizational
Behavior and Human Decision Processes 62:252). It must not know how weights are made of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from advisor.answers import TIE, Value, ranks_of
from advisor.interview.asking import Asker, Frame, Menu, MenuOption, Turn
from advisor.interview.menu_words import label_of, tied
from advisor.knowledge.model import CriterionInfo, Fact

MAX_RANKS = 3

_NEXT = ("", "And second?", "And third?")
_NO_PREFERENCE = MenuOption(label="No preference", lone=True)
_REST = MenuOption(label="No preference among the rest", lone=True)
_NOT_SURE = MenuOption(label="Not sure", lone=True)

Ranks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Swings:
    """What a ranking asks about: the criteria to rank and what their two ends mean."""

    fact: Fact
    frame: Frame
    criteria: Mapping[str, CriterionInfo] = field(default_factory=dict)


def ask_ranking(swings: Swings, earlier: Value | Turn | None, asker: Asker) -> list[str] | Turn:
    """At most `MAX_RANKS` ranks; ties are joined as `answers.TIE` says.

    BACK takes the last rank back, and leaves the question where there is none. *earlier* is the
    reply that was taken back, which is proposed again rank by rank.
    """
    ranks: Ranks = ()
    before = ranks_of(earlier) if isinstance(earlier, list) else None
    while True:
        rest = [v for v in swings.fact.values if not any(v in rank for rank in ranks)]
        if len(ranks) == MAX_RANKS or len(rest) < 2:
            return _joined(ranks)
        proposed = _proposed(rest, ranks, before)
        if earlier is Turn.NOT_SURE and not ranks:
            proposed = (len(rest) + 1,)
        picked = asker.choose(_menu(swings, ranks, rest, proposed))
        if isinstance(picked, Turn):
            if not ranks:
                return Turn.BACK
            before, ranks = ranks, ranks[:-1]
        elif picked[0] > len(rest):
            return Turn.NOT_SURE
        elif picked[0] == len(rest):
            return _joined(ranks)
        else:
            ranks = (*ranks, tuple(rest[i] for i in picked))


def _joined(ranks: Ranks) -> list[str]:
    return [TIE.join(rank) for rank in ranks]


def _proposed(rest: Sequence[str], ranks: Ranks, before: Ranks | None) -> tuple[int, ...]:
    """The rows that were taken at this rank before; the row after the last where none was."""
    if before is None or before[: len(ranks)] != ranks:
        return ()
    if len(before) == len(ranks):
        return (len(rest),)
    return tuple(rest.index(value) for value in before[len(ranks)] if value in rest)


def _menu(swings: Swings, ranks: Ranks, rest: Sequence[str], proposed: tuple[int, ...]) -> Menu:
    frame = swings.frame
    if ranks:
        chosen = tuple(
            f"{place}. {tied(swings.fact, rank)}" for place, rank in enumerate(ranks, start=1)
        )
        trail = (*frame.trail, *chosen)
        frame = replace(frame, text=_NEXT[len(ranks)], trail=trail, can_go_back=True)
    rows = [_row(swings, value) for value in rest]
    rows += [_REST] if ranks else [_NO_PREFERENCE, _NOT_SURE]
    return Menu(
        frame=frame,
        options=tuple(rows),
        # Whoever has ranked something and goes on says that the rest is equal; before, nothing.
        pointed=proposed[0] if proposed else len(rest) if ranks else None,
        several=True,
        marked=proposed if len(proposed) > 1 else (),
        marks_mean="equals",
    )


def _row(swings: Swings, value: str) -> MenuOption:
    label = label_of(swings.fact, value)
    criterion = swings.criteria.get(value)
    if criterion is None:
        return MenuOption(label=label)
    return MenuOption(label=label, detail=f"worst: {criterion.worst}\nbest: {criterion.best}")
