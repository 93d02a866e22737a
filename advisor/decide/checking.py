"""Does a decision still hold: what has changed since, judged with today's rules and evidence.

Pure: today's date, rules and evidence are handed in. It must not know files or the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from advisor.decide.deciding import decide
from advisor.decide.draws import Draws
from advisor.decide.facts import versions_from
from advisor.decide.judging import Judgement, judge, situation_of
from advisor.decide.words import times
from advisor.decision import Decision
from advisor.inputs import Inputs
from advisor.knowledge.model import RuleBase
from advisor.knowledge.serialise import rule_sha256

Severity = Literal["info", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that changed. Only a ``problem`` means that the decision no longer holds."""

    id: str
    severity: Severity
    text: str
    rule: str | None = None


@dataclass(frozen=True)
class CheckResult:
    """What became of a decision.

    Attributes:
        holds: Nothing of weight changed, and the record is what it says.
        findings: What changed, problems first.
        now: The decision that the same answers lead to today.
    """

    holds: bool
    findings: tuple[Finding, ...]
    now: Decision


def still_holds(
    before: Decision, made_from: Inputs, today: Inputs, replayed: Sequence[str]
) -> CheckResult:
    """Compare a decision with what its answers lead to *today*.

    Args:
        before: The decision as it was recorded.
        made_from: What it was made from.
        today: The same answers with today's rules, evidence and date.
        replayed: In which ways the record does not replay.
    """
    now = decide(today)
    findings = [
        *(Finding("does-not-replay", "problem", text) for text in replayed),
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


def _named(decision: Decision) -> str:
    framework = decision.recommended.framework
    return f"{decision.status} {framework}" if framework else decision.status


def _verdict(before: Decision, now: Decision) -> list[Finding]:
    if (before.status, before.recommended.framework) != (now.status, now.recommended.framework):
        text = f"it was {_named(before)}; today it would be {_named(now)}"
        return [Finding("verdict-changed", "problem", text)]
    found = []
    if before.recommended.mode != now.recommended.mode:
        text = f"the mode was {before.recommended.mode}; today: {now.recommended.mode}"
        found.append(Finding("mode-changed", "warning", text))
    return found


def _triggers(before: Decision, now: Decision, today: str) -> list[Finding]:
    """The dates and numbers at which the decision itself asked to be looked at again."""
    ratio = now.performance.get("ratio")
    moved = ratio != before.performance.get("ratio")
    return [
        Finding("revisit-due", "problem", f"to be looked at again {entry.when}", entry.rule)
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


def _expired(before: Decision, now: Decision) -> list[Finding]:
    stale = set(now.rules_stale) - set(before.rules_stale)
    expired = [
        Finding("claim-expired", "warning", f"{rule} has expired: nobody reviewed it since", rule)
        for rule in sorted(stale)
        if not rule.startswith("note.")
    ]
    vetoes = {v.rule for v in before.vetoes if v.status == "active"}
    return expired + [
        Finding("veto-expired", "problem", f"the veto {v.rule} has expired: check it", v.rule)
        for v in now.vetoes
        if v.status == "expired" and v.rule in vetoes
    ]


def _rules(before: Decision, then: RuleBase, now: RuleBase) -> list[Finding]:
    """What became of the rules that spoke."""
    old = {r.id: r for r in then.rules}
    new = {r.id: r for r in now.rules}
    found = []
    for rule in before.rules_fired:
        if rule not in new:
            found.append(Finding("rule-removed", "warning", f"{rule} is no longer held", rule))
        elif rule in old and rule_sha256(old[rule]) != rule_sha256(new[rule]):
            found.append(Finding("rule-changed", "warning", f"{rule} was changed since", rule))
    added = sorted(set(new) - set(old))
    if added:
        found.append(Finding("rules-added", "info", f"{len(added)} rules were added since"))
    return found


def _versions(then: Inputs, now: Inputs) -> list[Finding]:
    old, new = versions_from(then.evidence), versions_from(now.evidence)
    return [
        Finding("version-changed", "info", f"{name}: {old[name]} then, {new[name]} now")
        for name in sorted(set(old) & set(new))
        if old[name] != new[name]
    ]


def _speed(then: Inputs, now: Inputs) -> list[Finding]:
    """Whether the measured ratio moved by more than both intervals allow."""
    old, new = (_judged(inputs).speed for inputs in (then, now))
    if old is None or new is None:
        if (old is None) != (new is None):
            text = "speed was measured then and is not now" if old else "speed is measured now"
            return [Finding("speed-evidence", "info", text)]
        return []
    (low, high), (new_low, new_high) = old.speedup.ci, new.speedup.ci
    if low <= new_high and new_low <= high:
        return []
    text = f"measured then: {times(old.speedup.ratio)}; now: {times(new.speedup.ratio)}"
    return [Finding("speed-moved", "warning", text)]


def _judged(inputs: Inputs) -> Judgement:
    return judge(situation_of(inputs), Draws(inputs.seed, 100))


def _contradictions(before: Decision, now: Decision) -> list[Finding]:
    known = {c.rule for c in before.contradictions}
    return [
        Finding("contradiction", "warning", c.text, c.rule)
        for c in now.contradictions
        if c.rule not in known
    ]
