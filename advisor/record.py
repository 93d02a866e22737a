"""The record: a decision with everything it was made from, as one replayable document.

Knows how a decision is frozen and thawed. It must not decide, measure, ask or render, and has
no clock: dates are in its inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.answers import Answers
from advisor.decision import Decision
from advisor.evidence import Evidence
from advisor.knowledge.model import RuleBase


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything that a decision is a function of.

    `today` (ISO date) only decides what is stale. `created` is stamped on the decision and
    comes from the inputs' own dates, never from a clock.
    """

    answers: Answers
    evidence: tuple[Evidence, ...]
    base: RuleBase
    today: str
    created: str = ""
    seed: int = 0
    samples: int = 10_000
    tool_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A decision and what it was made from (evidence without its raw samples)."""

    inputs: Inputs
    decision: Decision
