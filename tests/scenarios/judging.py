"""What the product says of a scenario, from rules alone, beside what the people did.

Outcome and reasons are counted apart: a right answer for other reasons, and the right reasons for
another answer, are different mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

from advisor.answers import Answers
from advisor.decide.draws import Draws
from advisor.decide.judging import judge, situation_of
from advisor.decide.reasons import Explained, reasons_of
from advisor.decision import Decision, Recommended
from advisor.inputs import Inputs
from advisor.knowledge.model import RuleBase
from advisor.pair import FRAMEWORKS
from tests.scenarios.cases import GivenReason, Scenario, topics

TODAY = "2026-11-26"
TOP = 3
"""As many reasons as the head of a report shows."""

_SIDED = ("recommend", "lean", "forced")
_OPEN = ("no_clear_winner", "insufficient_evidence")
Agreement = Literal["agrees", "undecided", "other"]


@dataclass(frozen=True)
class Judged:
    """A scenario and what became of it.

    Attributes:
        outcome: The framework that is recommended, or else the status.
        agreement: ``undecided`` where people chose and the product does not; ``other`` where it
            says something else.
        same_side: Whether the framework that is ahead is the one that was taken; None where it was
            no single one.
        found: The reasons of the people that are among the first three for what they chose.
        lost: Those that are not.
        unsayable: Those of `lost` that no rule says at all.
    """

    scenario: Scenario
    decision: Decision
    outcome: str
    agreement: Agreement
    same_side: bool | None
    found: tuple[GivenReason, ...]
    lost: tuple[GivenReason, ...]
    unsayable: tuple[GivenReason, ...]


def decision_for(answers: Answers, base: RuleBase) -> Decision:
    """The decision from *answers* and rules alone, as far as it is counted here.

    Without what would change it and what to find out, which take most of the time.
    """
    inputs = Inputs(answers=answers, evidence=(), base=base, today=TODAY)
    now = judge(situation_of(inputs), Draws(inputs.seed, inputs.samples))
    return Decision.model_construct(
        status=now.status,
        recommended=Recommended(framework=now.framework),
        leader=now.leader,
        reasons=reasons_of(Explained(now, inputs.today, answers.sources)),
        rules_fired=[o.rule.id for o in now.outcomes if o.fires],
    )


def judged(scenario: Scenario, base: RuleBase) -> Judged:
    """*scenario* decided from rules alone, and compared with what was decided."""
    decision = decision_for(scenario.answers_in(base), base)
    top = rules_for(decision, scenario.decided)
    found = tuple(r for r in scenario.reasons_for if said_by(r, top))
    lost = tuple(r for r in scenario.reasons_for if r not in found)
    every = [rule.id for rule in base.rules]
    return Judged(
        scenario=scenario,
        decision=decision,
        outcome=outcome_of(decision),
        agreement=agreement_of(decision, scenario),
        same_side=decision.leader == scenario.decided if scenario.decided in FRAMEWORKS else None,
        found=found,
        lost=lost,
        unsayable=tuple(r for r in lost if not said_by(r, every)),
    )


def rules_for(decision: Decision, framework: str) -> list[str]:
    """The rules of the first three reasons for *framework*, the weightiest first.

    A rule that speaks to several criteria is one reason, as in the head of a report.
    """
    mine = [r.rule or "" for r in decision.reasons if r.favours == framework]
    return [rule for rule in list(dict.fromkeys(mine))[:TOP] if rule]


def said_by(reason: GivenReason, rules: Iterable[str]) -> bool:
    """Whether one of *rules* says what *reason* says."""
    patterns = topics()[reason.topic].rules
    return any(fnmatch(rule, pattern) for rule in rules for pattern in patterns)


def outcome_of(decision: Decision) -> str:
    """What a team would do: take one framework, or what the status says instead."""
    framework = decision.recommended.framework
    return framework if framework and decision.status in _SIDED else decision.status


def agreement_of(decision: Decision, scenario: Scenario) -> Agreement:
    """Whether the product says what the people did. Two open statuses fit where both were kept."""
    outcome = outcome_of(decision)
    wanted = _OPEN if scenario.decided == "either" else (scenario.decided,)
    if outcome in wanted:
        return "agrees"
    return "undecided" if outcome in _OPEN else "other"


@dataclass(frozen=True)
class Tally:
    """Counts over scenarios: outcomes that agree, and reasons that are among the first three.

    `same_side` counts, of the `sided` scenarios in which people took one framework, those in which
    that one is ahead, whatever the product makes of it; `undecided_ahead` those of them that are
    left open.
    """

    scenarios: int
    agree: int
    undecided: int
    undecided_ahead: int
    other: int
    sided: int
    same_side: int
    reasons: int
    found: int
    unsayable: int

    @property
    def outcome_share(self) -> float:
        """The share of scenarios in which the outcome agrees."""
        return self.agree / self.scenarios

    @property
    def reason_share(self) -> float:
        """The share of given reasons that are among the first three."""
        return self.found / self.reasons


def tally(results: Sequence[Judged]) -> Tally:
    """*results* counted."""
    agreements = [r.agreement for r in results]
    return Tally(
        scenarios=len(results),
        agree=agreements.count("agrees"),
        undecided=agreements.count("undecided"),
        undecided_ahead=sum(r.agreement == "undecided" and r.same_side is True for r in results),
        other=agreements.count("other"),
        sided=sum(r.same_side is not None for r in results),
        same_side=sum(r.same_side is True for r in results),
        reasons=sum(len(r.found) + len(r.lost) for r in results),
        found=sum(len(r.found) for r in results),
        unsayable=sum(len(r.unsayable) for r in results),
    )
