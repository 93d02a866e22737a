"""Everything that a decision is a function of, and the hashes that name it.

Plain values. It must not know how a decision is made, frozen or shown, and has no clock: dates
are inputs like the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.answers import Answers
from advisor.evidence import Block, Evidence, to_data
from advisor.jsonio import sha256_of
from advisor.knowledge.model import RuleBase
from advisor.knowledge.package_rules import FACT as PACKAGES_FACT
from advisor.knowledge.package_rules import WISH as PACKAGES_WISH
from advisor.knowledge.package_rules import with_package_rules
from advisor.knowledge.serialise import rules_sha256
from advisor.prices import Price


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Everything that a decision is a function of.

    `evidence` was measured for this decision; `library` on other machines, and counts where none of
    the evidence does. `prices` are what an hour of a kind of machine costs the team, by a value of
    ``hardware.train`` or the label of a machine (empty: of the one that will train).

    `today` (ISO date) only decides what is stale. `created` is stamped on the decision and
    comes from the inputs' own dates, never from a clock. `base` gains rules for the packages that
    were named and that no rule names.
    """

    answers: Answers
    evidence: tuple[Evidence, ...]
    base: RuleBase
    library: tuple[Evidence, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    today: str
    created: str = ""
    seed: int = 0
    samples: int = 10_000
    tool_version: str = ""

    def __post_init__(self) -> None:
        base = with_package_rules(
            self.base,
            packages_named(self.answers, PACKAGES_FACT) or _usual(self.base),
            packages_named(self.answers, PACKAGES_WISH),
        )
        object.__setattr__(self, "base", base)


def packages_named(answers: Answers, *facts: str) -> tuple[str, ...]:
    """The packages that were answered to *facts* (needed and liked), as they were written."""
    every = [answers.values.get(fact) for fact in facts or (PACKAGES_FACT, PACKAGES_WISH)]
    lists = [names for names in every if isinstance(names, (list, tuple))]
    return tuple(str(name) for names in lists for name in names)


def _usual(base: RuleBase) -> tuple[str, ...]:
    """The packages that are needed most often: what not knowing whether they are may hide."""
    fact = base.facts.get(PACKAGES_FACT)
    return tuple(str(name) for value, _ in (fact.prior if fact else ()) for name in value)


_SINCE_OF_SCALING = ("gradient_bytes", "projections", "projection_reason")


def slim(evidence: Evidence) -> dict[str, Any]:
    """The evidence document without its raw blocks: what a record keeps and a decision reads."""
    document: dict[str, Any] = to_data(without_blocks(evidence))
    # Records that were written before these parts were known keep their hash.
    if not evidence.time_to_accuracy:
        del document["time_to_accuracy"]
    for scaling in document["scaling"]:
        for name in _SINCE_OF_SCALING:
            if not scaling[name]:
                del scaling[name]
    return document


def without_blocks(evidence: Evidence) -> Evidence:
    """*evidence* with the times of its launches, and without the samples that they come from."""
    no_blocks: list[Block] = []
    return replace(
        evidence,
        probes=[
            replace(
                probe,
                entries=[
                    replace(entry, launches=[replace(x, blocks=no_blocks) for x in entry.launches])
                    for entry in probe.entries
                ],
            )
            for probe in evidence.probes
        ],
    )


def in_order(base: RuleBase) -> RuleBase:
    """*base* with its rules in the order of their ids: where a rule stands means nothing."""
    return replace(base, rules=tuple(sorted(base.rules, key=lambda rule: rule.id)))


def base_sha256(inputs: Inputs) -> str:
    """The hash of what the decision depends on in the rule base: rules, and packages named."""
    return rules_sha256(in_order(inputs.base), packages=packages_named(inputs.answers))


def answers_sha256(answers: Answers) -> str:
    """The hash of what was answered, whatever order it was answered in."""
    return sha256_of(answers.to_dict())


def evidence_sha256(evidence: Evidence) -> str:
    """The hash of an evidence document without its raw blocks."""
    return sha256_of(slim(evidence))
