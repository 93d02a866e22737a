"""What is wrong with a rule base that loads: stale, dead, contradictory, doubled, untested, silent.

Every finding names rules and places. Pure: the date is handed in. Loading finds what is malformed;
this finds what is well-formed and still misleads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from advisor.knowledge.boxes import Box, always_true, boxes, can_meet
from advisor.knowledge.conditions import ALWAYS, is_list, leaves
from advisor.knowledge.evaluate import days_between
from advisor.knowledge.model import Fact, OneOf, Rule, RuleBase
from advisor.knowledge.package_rules import WISH
from advisor.knowledge.rule_findings import ORDER, RuleFinding, Severity
from advisor.knowledge.ruletests import missing_tests
from advisor.knowledge.supply_check import cited, supply_findings

MAX_FINDINGS = 500
"""Of one kind; a base with more is not read finding by finding."""

_MAX_PAIRS = 2_000_000
_WEIGHED_ELSEWHERE = ("model", WISH, "code_size", "counterpart", "targets")
"""No rule needs to speak of them: they choose what is measured, make rules of their own, are what
switching costs are made of, or name places that the rules on deployment see."""


@dataclass(frozen=True)
class _Claim:
    """One claim with what its condition allows, the values it looks at, and which are lists."""

    rule: Rule
    boxes: tuple[Box, ...]
    values: dict[str, frozenset[object]]
    lists: frozenset[str]

    @property
    def facts(self) -> frozenset[str]:
        """The facts that its condition looks at."""
        return frozenset(self.values)


Disputes = dict[tuple[str, str], list[str]]
"""Pairs of rules by id, each with what both speak about."""


def check(base: RuleBase, *, today: str) -> tuple[RuleFinding, ...]:
    """Everything found in *base*, errors first, then by rule.

    Args:
        base: The rules.
        today: ISO date that expiry is judged by.
    """
    findings = [
        *_expired(base, today),
        *_conditions(base),
        *_tests(base),
        *_provenance(base),
        *_pairs(base),
        *_gaps(base),
        *supply_findings(base, today),
    ]
    return tuple(sorted(findings, key=lambda f: (ORDER.index(f.severity), f.id, f.rules, f.text)))


def _about(rule: Rule, kind: str, severity: Severity, text: str, hint: str = "") -> RuleFinding:
    return RuleFinding(
        id=kind,
        severity=severity,
        text=f"{rule.id}: {text}",
        where=rule.where,
        hint=hint,
        rules=(rule.id,),
    )


def _expired(base: RuleBase, today: str) -> Iterator[RuleFinding]:
    for rule in base.rules:
        if rule.expires < today:
            days = days_between(rule.expires, today)
            text = f"expired on {rule.expires}, {days} day{'' if days == 1 else 's'} ago"
            hint = "read its sources again, then move reviewed and expires"
            yield _about(rule, "expired", "error", text, hint)
        if rule.reviewed > today:
            text = f"was reviewed on {rule.reviewed}, which has not come yet"
            yield _about(rule, "reviewed-later", "warning", text)


def _conditions(base: RuleBase) -> Iterator[RuleFinding]:
    for rule in base.rules:
        if boxes(rule.when, base.facts) == []:
            text = "its condition is never true"
            yield _about(rule, "never-true", "error", text, "two parts of it exclude each other")
        elif rule.when != ALWAYS and always_true(rule.when, base.facts):
            text = "its condition is always true"
            yield _about(rule, "always-true", "error", text, "write {} where that is meant")


def _tests(base: RuleBase) -> Iterator[RuleFinding]:
    for rule in base.rules:
        if not rule.tests:
            hint = "add tests: one that fires, one that stays silent, one that waits"
            yield _about(rule, "no-tests", "error", "has no tests", hint)
            continue
        for word in missing_tests(rule):
            severity: Severity = "error" if word == "fires" else "warning"
            yield _about(rule, f"no-{word}-test", severity, f"no test expects {word}")


def _provenance(base: RuleBase) -> Iterator[RuleFinding]:
    used = {name for rule in base.rules for name in rule.sources}
    used |= cited(base)
    for rule in base.rules:
        for key in ("rationale", "revisit_when"):
            if not getattr(rule, key):
                yield _about(rule, f"no-{key.replace('_', '-')}", "warning", f"has no {key}")
    for name in base.sources:
        if name not in used:
            yield RuleFinding(id="unused-source", severity="info", text=f"no rule cites {name}")


def _pairs(base: RuleBase) -> Iterator[RuleFinding]:
    """Claims about the same framework and criterion that meet: opposite, or perhaps the same."""
    sides: dict[tuple[str, str], dict[str, list[_Claim]]] = defaultdict(lambda: defaultdict(list))
    for claim in _claims(base):
        for effect in claim.rule.effects:
            sides[effect.framework, effect.criterion][effect.direction].append(claim)
    opposite: Disputes = {}
    doubled: Disputes = {}
    for (framework, criterion), both in sorted(sides.items()):
        on = f"{framework} on {criterion}"
        apart = _opposites(both["for"], both["against"], on, opposite)
        if apart:
            yield _pulled_both_ways(apart, on)
        for direction in ("for", "against"):
            _doubles(both[direction], f"{direction} {on}", doubled)
    if max(len(opposite), len(doubled)) >= MAX_FINDINGS:
        text = f"there are more than {MAX_FINDINGS} such pairs of rules; the rest is not shown"
        yield RuleFinding(id="more-pairs", severity="info", text=text)
    by_id = {rule.id: rule for rule in base.rules}
    yield from (_opposite(by_id[a], by_id[b], said) for (a, b), said in opposite.items())
    yield from (_double(by_id[a], by_id[b], said) for (a, b), said in doubled.items())


def _claims(base: RuleBase) -> Iterator[_Claim]:
    for rule in base.rules:
        allowed = boxes(rule.when, base.facts) if rule.effects else None
        if not allowed:
            continue
        values: dict[str, frozenset[object]] = defaultdict(frozenset)
        for leaf in leaves(rule.when):
            values[leaf.fact] |= frozenset(leaf.accepted) if isinstance(leaf, OneOf) else {None}
        lists = frozenset(name for name in values if is_list(base.facts, name))
        yield _Claim(rule, tuple(allowed), dict(values), lists)


def _opposites(
    fors: Sequence[_Claim], againsts: Sequence[_Claim], on: str, disputes: Disputes
) -> list[tuple[str, str]]:
    """Put into *disputes* those that speak of one matter; returns those that do not."""
    apart: list[tuple[str, str]] = []
    for count, (one, other) in enumerate(product(fors, againsts)):
        if len(disputes) >= MAX_FINDINGS or count > _MAX_PAIRS:
            break
        if _accepted(one.rule, other.rule) or not can_meet(one.boxes, other.boxes):
            continue
        pair = (one.rule.id, other.rule.id)
        if _related(one, other):
            disputes.setdefault(pair, []).append(on)
        elif len(apart) < MAX_FINDINGS:
            apart.append(pair)
    return apart


def _accepted(one: Rule, other: Rule) -> bool:
    return other.id in one.conflicts_ok or one.id in other.conflicts_ok


def _related(one: _Claim, other: _Claim) -> bool:
    """Whether two claims speak of one matter, so that both can hardly be right.

    They do where one holds always, where both look at a fact that has one value, or at the same
    member of a list, and where both speak about the same measured quantity.
    """
    if not one.values or not other.values:
        return True
    for fact in one.values.keys() & other.values.keys():
        if fact not in one.lists or one.values[fact] & other.values[fact]:
            return True
    return one.rule.about is not None and one.rule.about == other.rule.about


def _opposite(one: Rule, other: Rule, on: Sequence[str]) -> RuleFinding:
    return RuleFinding(
        id="opposite",
        severity="warning",
        text=f"{one.id} and {other.id} can hold together and say the opposite of {', '.join(on)}",
        where=one.where,
        hint=f"exclude one case from the other, or name it in conflicts_ok ({other.where})",
        rules=(one.id, other.id),
    )


def _pulled_both_ways(pairs: Sequence[tuple[str, str]], on: str) -> RuleFinding:
    rules = sorted({name for pair in pairs for name in pair})
    return RuleFinding(
        id="opposite-for-different-reasons",
        severity="info",
        text=f"{on}: {len(pairs)} pairs of claims with different conditions can hold together "
        "and say opposite things",
        hint="that is how arguments are weighed; look for pairs that cannot both be right",
        rules=tuple(rules),
    )


def _doubles(claims: Sequence[_Claim], on: str, disputes: dict[tuple[str, str], list[str]]) -> None:
    """Pairs in different groups that seem to say one thing twice, so that it counts twice."""
    near: dict[object, list[_Claim]] = defaultdict(list)
    for claim in claims:
        near["when", claim.rule.when].append(claim)
        for source in claim.rule.sources:
            near["source", source, claim.facts].append(claim)
    for alike in near.values():
        for one, other in combinations(alike, 2):
            if len(disputes) >= MAX_FINDINGS:
                return
            first, second = sorted((one.rule, other.rule), key=lambda rule: rule.id)
            said = disputes.get((first.id, second.id), [])
            if first.group != second.group and on not in said and can_meet(one.boxes, other.boxes):
                disputes.setdefault((first.id, second.id), []).append(on)


def _double(one: Rule, other: Rule, on: Sequence[str]) -> RuleFinding:
    return RuleFinding(
        id="double-counting",
        severity="warning",
        text=f"{one.id} and {other.id} look like one piece of evidence counted twice: "
        + ", ".join(on),
        where=one.where,
        hint=f"give both the same group, or keep one ({other.where})",
        rules=(one.id, other.id),
    )


def _gaps(base: RuleBase) -> Iterator[RuleFinding]:
    spoken = {effect.criterion for rule in base.rules for effect in rule.effects}
    for name, criterion in base.criteria.items():
        if name not in spoken:
            text = f"no rule speaks to the criterion {name} ({criterion.title})"
            yield RuleFinding(id="silent-criterion", severity="warning", text=text)
    values: dict[str, set[object]] = defaultdict(set)
    for leaf in (leaf for rule in base.rules for leaf in leaves(rule.when)):
        values[leaf.fact].update(leaf.accepted if isinstance(leaf, OneOf) else ("a number",))
    for fact in base.facts.values():
        if fact.origin == "answer" and fact.kind != "ranking":
            yield from _silent_values(fact, values.get(fact.id, set()))


def _silent_values(fact: Fact, spoken: set[object]) -> Iterator[RuleFinding]:
    if fact.id in _WEIGHED_ELSEWHERE or fact.id.startswith(("model.", "migration.")):
        return
    if fact.kind in ("number", "names", "version"):
        missing = [] if spoken else ["any value"]
    elif fact.kind == "flag":
        missing = [
            word for word, value in (("true", True), ("false", False)) if value not in spoken
        ]
    else:
        missing = [value for value in fact.values if value not in spoken]
    if missing:
        yield RuleFinding(
            id="silent-value",
            severity="warning",
            text=f"no rule speaks to {fact.id}: {', '.join(missing)}",
            hint="add a rule for it, or take it out of the vocabulary",
        )
