"""What it takes this team to change to a framework, and to leave it again: person-weeks, in parts.

A function of the code (a scan's class, else the size that was told), of how far the other
framework has its counterpart, and of the people. Claims weigh the class; the report shows the
weeks. It must not know weights or words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.code_reading import EFFORTS, NOT_READ
from advisor.decision import SwitchingPart, SwitchingStep
from advisor.knowledge.model import RuleBase
from advisor.knowledge.switching import SwitchingCost
from advisor.pair import FRAMEWORKS, rival_of

SIZE, COUNTERPART = "code_size", "counterpart"
NOT_KNOWN = "not_known"
OF_CODE = frozenset({SIZE, COUNTERPART, "migration.to_jax", "migration.to_pytorch"})
"""The answers from which the class is derived."""
_OWN_CODE = frozenset(FRAMEWORKS)


def effort_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """The derived facts ``switching.to_FRAMEWORK``: the class of moving the code there.

    Only where there is code of the other framework; other code is written anew in either.
    """
    code = facts.get("codebase")
    if code not in _OWN_CODE:
        return {}
    target = rival_of(code)
    return {f"switching.to_{target}": _effort(target, facts)}


def _effort(target: str, facts: Mapping[str, Any]) -> str:
    read = facts.get(f"migration.to_{target}", NOT_READ)
    effort = str(facts.get(SIZE, NOT_KNOWN)) if read == NOT_READ else str(read)
    if effort in EFFORTS and facts.get(COUNTERPART) == "whole":
        return EFFORTS[max(EFFORTS.index(effort) - 1, 0)]
    return effort


@dataclass(frozen=True)
class _Step:
    what: str
    cost: SwitchingCost


def switching_of(base: RuleBase, facts: Mapping[str, Any]) -> list[SwitchingPart]:
    """What changing to each framework takes now, and what leaving it for the other later takes."""
    table = {entry.id: entry for entry in base.switching}
    if not table:
        return []
    return [
        SwitchingPart(
            to=framework,
            **_weeks(steps := _steps(table, framework, facts)),
            steps=[
                SwitchingStep(
                    what=step.what,
                    low_weeks=step.cost.low_weeks,
                    high_weeks=step.cost.high_weeks,
                    source=step.cost.source,
                    date=step.cost.date,
                )
                for step in steps
            ],
            leaving=_rounded(_leaving(table, framework, facts)),
        )
        for framework in FRAMEWORKS
    ]


def _steps(
    table: Mapping[str, SwitchingCost], framework: str, facts: Mapping[str, Any]
) -> list[_Step]:
    steps: list[tuple[str, str]] = []
    effort = facts.get(f"switching.to_{framework}")
    if effort is not None:
        steps += [("port", f"port.{effort}"), ("prove", "prove")]
    skill = facts.get(f"team.{framework}")
    if skill in ("none", "some"):
        steps.append(("learn", f"learn.{skill}"))
    return [_Step(what, table[entry]) for what, entry in steps if entry in table]


def _weeks(steps: Sequence[_Step]) -> dict[str, float]:
    low, high = _rounded(
        (
            math.fsum(step.cost.low_weeks for step in steps),
            math.fsum(step.cost.high_weeks for step in steps),
        )
    )
    return {"low_weeks": low, "high_weeks": high}


def _leaving(
    table: Mapping[str, SwitchingCost], framework: str, facts: Mapping[str, Any]
) -> tuple[float, float]:
    """What being wrong about *framework* costs: the code as it will be, moved to the other one.

    Code that is there today counts at its class, and at least as what a first version becomes.
    """
    rival = rival_of(framework)
    effort = str(facts.get(f"switching.to_{rival}", NOT_KNOWN))
    if effort == "small":
        effort = "medium"
    skill = str(facts.get(f"team.{rival}", "none"))
    entries = [f"port.{effort}", "prove", f"learn.{skill}"]
    costs = [table[entry] for entry in entries if entry in table]
    return (
        math.fsum(cost.low_weeks for cost in costs),
        math.fsum(cost.high_weeks for cost in costs),
    )


def _rounded(weeks: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(f"{amount:.2g}") for amount in weeks)
    return low, high
