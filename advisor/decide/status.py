"""When a decision may be called what it is called. Numbers in, one word out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from advisor.decision import Status

RECOMMEND_FROM = 0.80
LEAN_FROM = 0.65
TIE_ABOVE = 0.50
UNEVIDENCED_ABOVE = 0.50
UNANSWERED_ABOVE = 0.50
NOTHING_SAID_ABOVE = 0.65
VETO_CHANCE_FROM = 0.25


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What the status depends on.

    Attributes:
        feasible: How many frameworks no veto rules out.
        p_clear: How often the leader is clearly ahead.
        tie_mass: How often neither is.
        share_without_evidence: Weight of the criteria that nothing speaks to.
        share_unanswered: Unanswered part of what the rules ask for, by importance.
        veto_chance: How likely a veto on the leader is that waits for an answer.
    """

    feasible: int
    p_clear: float
    tie_mass: float
    samples: int
    share_without_evidence: float
    share_unanswered: float
    veto_chance: float


def classify(numbers: Numbers) -> tuple[Status, tuple[str, ...]]:
    """The status, and why the evidence is insufficient, or thin, where it is.

    A share within two Monte Carlo errors of a bound takes the lower class. Where more than half of
    what the rules ask for is open, but not nearly all of it, what is known may still lean one way;
    it is no recommendation then, whatever its share.
    """
    if numbers.feasible == 0:
        return "no_feasible_option", ()
    if numbers.feasible == 1:
        return "forced", ()
    why = _lacks(numbers)
    p = numbers.p_clear
    safe = p - 2.0 * math.sqrt(p * (1.0 - p) / numbers.samples)
    leans = numbers.tie_mass <= TIE_ABOVE and safe >= LEAN_FROM
    if why == ("answers",) and leans and numbers.share_unanswered <= NOTHING_SAID_ABOVE:
        return "lean", why
    if why:
        return "insufficient_evidence", why
    if not leans:
        return "no_clear_winner", ()
    return ("recommend" if safe >= RECOMMEND_FROM else "lean"), ()


def _lacks(numbers: Numbers) -> tuple[str, ...]:
    kinds = []
    if numbers.share_without_evidence > UNEVIDENCED_ABOVE:
        kinds.append("criteria")
    if numbers.share_unanswered > UNANSWERED_ABOVE:
        kinds.append("answers")
    if numbers.veto_chance >= VETO_CHANCE_FROM:
        kinds.append("veto")
    return tuple(kinds)
