"""What one rule does in the personas: where it fires, and what would come out without it.

Joins the rule base and the decision model for ``rules explain``; neither knows the other's tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from advisor.decide.draws import Draws
from advisor.decide.judging import judge, situation_of
from advisor.knowledge.evaluate import days_between
from advisor.knowledge.model import NEVER, Persona, Rule, RuleBase
from advisor.knowledge.personas import answers_of, evidence_of
from advisor.knowledge.rule_words import age_words, condition_words, effect_words
from advisor.record import Inputs

_SAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class RolePlayed:
    """What a rule does in one persona.

    `shift` is how far it moves the expected utility towards PyTorch (negative: towards JAX);
    `decided` says whether another outcome would come out without it.
    """

    persona: str
    title: str
    truth: str
    outcome: str
    without: str
    shift: float

    @property
    def decided(self) -> bool:
        """Whether the outcome rests on the rule."""
        return self.outcome != self.without


def parts_played(base: RuleBase, rule: Rule, personas: Sequence[Persona]) -> list[RolePlayed]:
    """What *rule* does in each of *personas*, in their order."""
    return [_part(base, rule, persona) for persona in personas]


def _part(base: RuleBase, rule: Rule, persona: Persona) -> RolePlayed:
    evidence = evidence_of(persona, base)
    inputs = Inputs(
        answers=answers_of(persona),
        evidence=(evidence,) if evidence else (),
        base=base,
        today=base.version,
        samples=_SAMPLES,
    )
    draws = Draws(inputs.seed, inputs.samples)
    now = judge(situation_of(inputs), draws)
    outcome = next(o for o in now.outcomes if o.rule.id == rule.id)
    truth = "fires" if outcome.fires else {"true": "inapplicable"}.get(outcome.truth, outcome.truth)
    without = now
    if outcome.fires:
        without = judge(replace(now.situation, without=frozenset({rule.id})), draws)
    return RolePlayed(
        persona=persona.id,
        title=persona.title,
        truth={"false": "silent", "unknown": "waits"}.get(truth, truth),
        outcome=_words(*now.outcome),
        without=_words(*without.outcome),
        shift=round(without.gap - now.gap, 4),
    )


def _words(status: str, framework: str | None) -> str:
    return f"{status} {framework}" if framework else status


def age_of(day: str, today: str) -> int:
    """Days from the ISO date *day* to *today*."""
    return days_between(day, today)


def explanation_lines(base: RuleBase, rule: Rule, explanation: dict[str, Any]) -> Sequence[str]:
    """The explanation *explanation* of *rule* as lines of text."""
    lines = [f"{rule.title}", f"  {rule.id} ({rule.kind}, {rule.where})", ""]
    lines.append(f"Holds when   {condition_words(rule.when, base.facts)}")
    lines += [f"Says         {effect_words(effect, base)}" for effect in rule.effects]
    if rule.excludes:
        lines += [f"Rules out    {rule.excludes}", f"Lifted by    {rule.lifts}"]
    if rule.suggests:
        lines.append(f"Suggests     {_suggested(rule)}")
    if rule.applies_to:
        ranges = ", ".join(f"{name} {wanted}" for name, wanted in rule.applies_to.items())
        lines.append(f"Applies to   {ranges}")
    lines.append(f"Reliability  {rule.reliability}; group {rule.group}")
    lines += [f"Why          {rule.rationale}"] if rule.rationale else []
    lines.append(
        f"Dates        true since {rule.asserted} ({age_words(explanation['age_days'])}), reviewed "
        f"{rule.reviewed}, {_expiry(rule, explanation['expires_in_days'])}"
    )
    lines += [f"Look again   when {rule.revisit_when}"] if rule.revisit_when else []
    for source in explanation["sources"]:
        lines.append(f"Source       {source['title']}, {source['publisher']}")
        lines.append(f"             {source['url'] or 'no address'} (read {source['retrieved']})")
    return [*lines, "", *_persona_lines(explanation["personas"])]


def _suggested(rule: Rule) -> str:
    stack = ", ".join(library["package"] for library in rule.suggests.get("stack", ()))
    return " ".join(
        text for text in (rule.suggests["framework"], rule.suggests.get("mode"), stack) if text
    )


def _expiry(rule: Rule, days: int) -> str:
    if rule.expires == NEVER:
        return "never expires"
    if days < 0:
        return f"EXPIRED {rule.expires}, {-days} days ago"
    return f"expires {rule.expires} (in {days} days)"


def _persona_lines(personas: Sequence[dict[str, Any]]) -> Sequence[str]:
    fires = [p for p in personas if p["truth"] == "fires"]
    waits = sum(p["truth"] == "waits" for p in personas)
    head = f"In the personas it fires in {len(fires)} of {len(personas)}"
    lines = [f"{head} and waits for an answer in {waits}."]
    for part in sorted(fires, key=lambda p: (not p["decided"], -abs(p["shift"]), p["persona"])):
        effect = f"without it: {part['without']}" if part["decided"] else "same without it"
        lines.append(f"  {part['persona']}: {part['outcome']}; {effect}")
    return lines
