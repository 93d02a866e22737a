"""The verdict on each circulating claim: a pure function of its row and of what was found.

Knows cases and conditions. It must not know how a verdict is worded or shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.evidence import Behaviour, Evidence
from advisor.knowledge.article import (
    UNTESTABLE,
    ArticleClaim,
    ArticleTable,
    ClaimCase,
    ClaimVerdict,
)
from advisor.knowledge.evaluate import truth_of
from advisor.reading.claim_facts import ClaimFindings, SpeedTally, read_findings, tally_of


@dataclass(frozen=True, kw_only=True)
class JudgedClaim:
    """One claim with its verdict.

    Attributes:
        case: The case or source that decided; None where nothing did.
        facts: What was found for it, by name.
        lacking: Checks that did not run or failed, and ``speeds`` where none was settled.
        failed: The behaviours that failed.
    """

    claim: ArticleClaim
    verdict: ClaimVerdict
    case: ClaimCase | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    tally: SpeedTally = field(default_factory=SpeedTally)
    lacking: tuple[str, ...] = ()
    failed: tuple[Behaviour, ...] = ()

    @property
    def number(self) -> float | None:
        """The number that goes with the verdict; None where none was found."""
        value = self.facts.get(self.claim.number)
        return None if value is None or isinstance(value, str) else float(value)

    @property
    def crossover(self) -> float | None:
        """Where the answer changes sides; None where that was not found."""
        value = self.facts.get(self.claim.crossover)
        return value if isinstance(value, (int, float)) else None


def judge_claims(table: ArticleTable, evidence: Sequence[Evidence]) -> tuple[JudgedClaim, ...]:
    """Every claim of *table* with its verdict by *evidence*."""
    findings = _with_newest(table, read_findings(evidence))
    return tuple(judge(claim, findings) for claim in table.claims)


def _with_newest(table: ArticleTable, findings: ClaimFindings) -> ClaimFindings:
    """*findings* with what pip would choose for the Python that was found: a table, no network."""
    newest = {}
    for releases in table.newest:
        python = findings.facts.get(f"installing.{releases.framework}_python")
        if isinstance(python, str) and python in releases.versions:
            name = f"installing.{releases.framework}_newest"
            newest[name] = f"{releases.package} {releases.versions[python]}"
    return replace(findings, facts={**findings.facts, **newest})


def bearing_claims(
    table: ArticleTable, evidence: Sequence[Evidence], answers: Mapping[str, Any]
) -> tuple[JudgedClaim, ...]:
    """The claims of *table* that matter for *answers*, with their verdicts by *evidence*.

    One that nothing was found for is left out: it says nothing about the choice.
    """
    findings = _with_newest(table, read_findings(evidence))
    bearing = [
        claim
        for claim in table.claims
        if claim.bears_on is not None and truth_of(claim.bears_on, answers) == "true"
    ]
    judged = (judge(claim, findings) for claim in bearing)
    return tuple(one for one in judged if one.verdict != UNTESTABLE)


def judge(claim: ArticleClaim, findings: ClaimFindings) -> JudgedClaim:
    """The first case that holds; else what stands in its row for where nothing was found."""
    wanted = {*claim.checks, *claim.also}
    facts = {k: v for k, v in findings.facts.items() if k.partition(".")[0] in wanted}
    tally = SpeedTally()
    if claim.speeds is not None:
        s = claim.speeds
        tally = tally_of(findings, s.works, s.one, s.other, s.more_than)
        facts.update(tally.facts())
    case = next((c for c in claim.cases if truth_of(c.when, facts) == "true"), None)
    case = case or claim.otherwise
    lacking = [check for check in claim.checks if check not in findings.seen]
    if claim.speeds is not None and not tally.speeds:
        lacking.append("speeds")
    return JudgedClaim(
        claim=claim,
        verdict=UNTESTABLE if case is None else case.verdict,
        case=case,
        facts=facts,
        tally=tally,
        lacking=tuple(lacking),
        failed=tuple(b for check in claim.checks for b in findings.failed.get(check, ())),
    )


def works_needed(claims: Iterable[ArticleClaim]) -> tuple[str, ...]:
    """The workloads that *claims* ask for, each once, in the order in which they are named."""
    return tuple(dict.fromkeys(w for c in claims if c.speeds for w in c.speeds.works))


def checks_needed(claims: Iterable[ArticleClaim], table: ArticleTable, *, slow: bool) -> list[str]:
    """The checks that *claims* ask for, in the table's order; *slow* ones where they are wanted."""
    wanted = {check for claim in claims for check in (*claim.checks, *claim.also)}
    return [
        name for name, check in table.checks.items() if name in wanted and (slow or not check.slow)
    ]
