"""Does a decision still hold: what has changed since, judged with today's rules and evidence.

Pure: today's date, rules and evidence are handed in. It must not know files or the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decision import Decision
from advisor.inputs import Inputs
from advisor.knowledge.model import RuleBase
from advisor.knowledge.serialise import rule_sha256
from advisor.reading.machines import installed_versions

Severity = Literal["info", "warning", "problem"]


@dataclass(frozen=True)
class CheckFinding:
    """One thing that changed. Only a ``problem`` means that the decision no longer holds.

    `values` are what it is about: `before` and `after`, a package, a number, a revisit entry.
    """

    id: str
    severity: Severity
    rule: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckResult:
    """What became of a decision.

    Attributes:
        holds: Nothing of weight changed, and the record is what it says.
        findings: What changed, problems first.
        now: The decision that the same answers lead to today.
    """

    holds: bool
    findings: tuple[CheckFinding, ...]
    now: Decision


def still_holds(
    before: Decision, made_from: Inputs, today: Inputs, replayed: Sequence[Mapping[str, Any]]
) -> CheckResult:
    """Compare a decision with what its answers lead to *today*.

    Args:
        before: The decision as it was recorded.
        made_from: What it was made from.
        today: The same answers with today's rules, evidence and date.
        replayed: In which ways the record does not replay: a part, or the fields that differ.
    """
    now = decide(today)
    findings = [
        *(CheckFinding("does-not-replay", "problem", values=values) for values in replayed),
        *_verdict(before, now),
        *_triggers(before, now, today.today),
        *_expired(before, now),
        *_rules(before, made_from.base, today.base),
        *_versions(made_from, today),
        *_speed(made_from, today),
        *_contradictions(before, now),
    ]
    order = {"problem": 0, "warning": 1, "info": 2}
    findings.sort(key=lambda f: order[f.severity])
    holds = all(f.severity != "problem" for f in findings)
    return CheckResult(holds, tuple(findings), now)


def outcome_of(decision: Decision) -> dict[str, Any]:
    """What a reader takes home of *decision*."""
    return {"status": decision.status, "framework": decision.recommended.framework}


def _verdict(before: Decision, now: Decision) -> list[CheckFinding]:
    if outcome_of(before) != outcome_of(now):
        values = {"before": outcome_of(before), "after": outcome_of(now)}
        return [CheckFinding("verdict-changed", "problem", values=values)]
    if before.recommended.mode != now.recommended.mode:
        modes = {"before": before.recommended.mode, "after": now.recommended.mode}
        return [CheckFinding("mode-changed", "warning", values=modes)]
    return []


def _triggers(before: Decision, now: Decision, today: str) -> list[CheckFinding]:
    """The dates and numbers at which the decision itself asked to be looked at again."""
    ratio = now.performance.ratio
    moved = ratio != before.performance.ratio
    return [
        CheckFinding("revisit-due", "problem", entry.rule, {"revisit": entry})
        for entry in before.revisit
        if (entry.date is not None and entry.date < today)
        or (moved and ratio is not None and _beyond(entry.condition, ratio))
    ]


def _beyond(condition: Mapping[str, Any] | None, ratio: float) -> bool:
    """Whether a measured speed ratio has reached what *condition* waits for."""
    if not condition or condition.get("fact") != "measured.jax_speedup":
        return False
    above, below = condition.get("above"), condition.get("below")
    return (isinstance(above, (int, float)) and ratio >= above) or (
        isinstance(below, (int, float)) and ratio <= below
    )


def _expired(before: Decision, now: Decision) -> list[CheckFinding]:
    stale = set(now.rules_stale) - set(before.rules_stale)
    expired = [
        CheckFinding("claim-expired", "warning", rule)
        for rule in sorted(stale)
        if not rule.startswith("note.")
    ]
    vetoes = {v.rule for v in before.vetoes if v.status == "active"}
    return expired + [
        CheckFinding("veto-expired", "problem", v.rule)
        for v in now.vetoes
        if v.status == "expired" and v.rule in vetoes
    ]


def _rules(before: Decision, then: RuleBase, now: RuleBase) -> list[CheckFinding]:
    """What became of the rules that spoke."""
    old = {r.id: r for r in then.rules}
    new = {r.id: r for r in now.rules}
    findings = []
    for rule in before.rules_fired:
        if rule not in new:
            findings.append(CheckFinding("rule-removed", "warning", rule))
        elif rule in old and rule_sha256(old[rule]) != rule_sha256(new[rule]):
            findings.append(CheckFinding("rule-changed", "warning", rule))
    added = len(set(new) - set(old))
    if added:
        findings.append(CheckFinding("rules-added", "info", values={"n": added}))
    return findings


def _versions(then: Inputs, now: Inputs) -> list[CheckFinding]:
    old, new = installed_versions(then.evidence), installed_versions(now.evidence)
    return [
        CheckFinding(
            "version-changed",
            "info",
            values={"package": name, "before": old[name], "after": new[name]},
        )
        for name in sorted(set(old) & set(new))
        if old[name] != new[name]
    ]


def _speed(then: Inputs, now: Inputs) -> list[CheckFinding]:
    """Whether the measured ratio moved by more than both intervals allow."""
    old, new = (_judged(inputs).speed for inputs in (then, now))
    if old is None or new is None:
        if (old is None) != (new is None):
            measured = {"measured": "then" if old else "now"}
            return [CheckFinding("speed-evidence", "info", values=measured)]
        return []
    (low, high), (new_low, new_high) = old.speedup.interval(), new.speedup.interval()
    if low <= new_high and new_low <= high:
        return []
    values = {"before": old.speedup.value, "after": new.speedup.value}
    return [CheckFinding("speed-moved", "warning", values=values)]


def _judged(inputs: Inputs) -> Judgement:
    return judge(situation_of(inputs), Draws(inputs.seed, 100))


def _contradictions(before: Decision, now: Decision) -> list[CheckFinding]:
    contradicted = {c.rule for c in before.contradictions}
    return [
        CheckFinding("contradiction", "warning", c.rule, {"contradiction": c})
        for c in now.contradictions
        if c.rule not in contradicted
    ]
