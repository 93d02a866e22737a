"""How often people did what a claim speaks for: what ties the words weak, moderate and strong.

The rule, which ``docs/scenarios.md`` tells: a claim is *followed* in a scenario for development
where it fires and people took the framework that it speaks for. A strength is worth so many units,
and on the value scale a unit is a log-odds of 1: the share in which claims of a strength should be
followed is the logistic of its units (62, 73 and 88 %), and a strength reaches half way down to the
next lower one. A claim contradicts its strength where it fired `ENOUGH` times and so few followed
that the lower edge is ruled out at 5 %. A claim that is right all the same stands with its reason
in ``strengths.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML
from scipy.stats import binom

from advisor.knowledge.model import STRENGTH, Effect, Rule, RuleBase, Strength
from advisor.pair import FRAMEWORKS, rival_of
from tests.scenarios.cases import HERE
from tests.scenarios.judging import Judged

ENOUGH = 5
_RULED_OUT = 0.05
WORDS: tuple[Strength, ...] = ("weak", "moderate", "strong")


@dataclass(frozen=True)
class Followed:
    """One claim over the scenarios: how often it fired, and how often people did as it says."""

    rule: str
    strength: Strength
    favours: str
    fired: int
    followed: int

    @property
    def share(self) -> float:
        """The share of firings in which people took what the claim speaks for."""
        return self.followed / self.fired

    @property
    def contradicts(self) -> bool:
        """Whether its strength can be ruled out from below."""
        edge = lower_edge(self.strength)
        few = float(binom.cdf(self.followed, self.fired, edge))
        return self.fired >= ENOUGH and few < _RULED_OUT


def expected_share(strength: Strength) -> float:
    """The share in which claims of *strength* should be followed."""
    return _logistic(STRENGTH[strength])


def lower_edge(strength: Strength) -> float:
    """The least share that still goes with *strength*: half way, in log-odds, to the next lower."""
    place = WORDS.index(strength)
    below = STRENGTH[WORDS[place - 1]] if place else 0.0
    return _logistic((STRENGTH[strength] + below) / 2)


def _logistic(units: float) -> float:
    return 1.0 / (1.0 + math.exp(-units))


def followed(results: Sequence[Judged], base: RuleBase) -> list[Followed]:
    """Every claim that fired where people took one framework, by id."""
    rules = {rule.id: rule for rule in base.rules}
    counts: dict[tuple[str, Strength, str], list[int]] = {}
    for result in results:
        decided = result.scenario.decided
        if decided not in FRAMEWORKS:
            continue
        for name in result.decision.rules_fired:
            for strength, side in _sides(rules.get(name)):
                count = counts.setdefault((name, strength, side), [0, 0])
                count[0] += 1
                count[1] += side == decided
    return [Followed(*key, *count) for key, count in sorted(counts.items())]


def _sides(rule: Rule | None) -> Iterator[tuple[Strength, str]]:
    """The strongest word of *rule* for each framework that it speaks for."""
    best: dict[str, Strength] = {}
    for effect in rule.effects if rule is not None and rule.kind == "claim" else ():
        side = _side_of(effect)
        if side not in best or STRENGTH[effect.strength] > STRENGTH[best[side]]:
            best[side] = effect.strength
    for side, strength in best.items():
        yield strength, side


def _side_of(effect: Effect) -> str:
    return effect.framework if effect.direction == "for" else rival_of(effect.framework)


def pooled(claims: Sequence[Followed]) -> dict[Strength, tuple[int, int]]:
    """By strength: how often its claims fired, and how often they were followed."""
    return {
        word: (
            sum(c.fired for c in claims if c.strength == word),
            sum(c.followed for c in claims if c.strength == word),
        )
        for word in WORDS
    }


def argued() -> Mapping[str, str]:
    """Claims that contradict their strength and keep it, each with the reason."""
    claims: Mapping[str, str] = YAML(typ="safe").load((HERE / "strengths.yaml").read_text("utf-8"))[
        "claims"
    ]
    return claims
