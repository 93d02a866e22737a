"""Verdicts on circulating claims in words, and as the document ``fw-advisor/claims@1``.

Knows how a verdict's reason, number and speeds are said. It must not know any output format, nor
how a verdict comes about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from advisor.decide.article import JudgedClaim
from advisor.decision import CirculatingClaim
from advisor.evidence import Evidence
from advisor.knowledge.article import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    VERDICTS,
    ArticleTable,
)
from advisor.knowledge.model import Source
from advisor.pair import MODES, TITLES
from advisor.reading.claim_facts import OneSpeed
from advisor.render.change_words import change_text
from advisor.render.document import clean, web_address
from advisor.render.wording import clauses, fill, listed, say, sentence, significant

SCHEMA = "fw-advisor/claims@1"


def reproduce(judged: JudgedClaim) -> str:
    """The command that settles this claim again."""
    return f"fw-advisor claims --only {judged.claim.id}"


def because(judged: JudgedClaim) -> str:
    """Why: the case's own sentence, or what is missing."""
    if judged.case is not None:
        text = sentence(fill(judged.case.because, judged.facts))
    else:
        text = sentence(_missing(judged))
    return clean(" ".join([text, *_crossovers(judged)]))


def _missing(judged: JudgedClaim) -> str:
    if judged.failed:
        failed = judged.failed[0]
        reason = failed.reason.text or failed.reason.id if failed.reason else failed.status
        return say("claims.because_failed", framework=failed.framework, reason=reason)
    checks = [name for name in judged.lacking if name != "speeds"]
    if checks:
        return say("claims.because_missing", checks=checks)
    return say("claims.because_no_speed" if judged.lacking else "claims.because_no_case")


def _crossovers(judged: JudgedClaim) -> list[str]:
    if judged.verdict not in (DEPENDS, CONFIRMED, CONTRADICTED):
        return []
    said = [
        sentence(
            say("claims.winner_changes", work=change.below.workload, change=change_text(change))
        )
        for change in judged.tally.changes[:2]
    ]
    if judged.crossover is not None:
        said.append(sentence(say(f"claims.crossover_at.{judged.claim.crossover.replace('.', '_')}",
                                 at=judged.crossover)))  # fmt: skip
    return said


def number_text(judged: JudgedClaim) -> str:
    """The number with what it is; empty where there is none."""
    if judged.number is None:
        return ""
    size = abs(judged.number)
    value = f"{judged.number:.2g}" if 0 < size < 1e-3 else significant(judged.number)
    value = f"{judged.number:.0f}" if judged.number == int(judged.number) else value
    return say("claims.number", value=value, quantity=judged.claim.quantity)


def speeds_text(judged: JudgedClaim) -> str:
    """Each settled speed behind a verdict, most one-sided first: ``a; b``."""
    speeds = sorted(judged.tally.speeds, key=lambda s: -abs(s.ratio.log))
    return clauses(_speed(judged, speed) for speed in speeds)


def _speed(judged: JudgedClaim, speed: OneSpeed) -> str:
    assert judged.claim.speeds is not None
    if speed in judged.tally.close:
        return say("claims.close", work=speed.work, size=speed.size)
    one, other = judged.claim.speeds.one, judged.claim.speeds.other
    if speed.ratio.log < 0:
        one, other = other, one
    factor = max(speed.ratio.value, 1 / speed.ratio.value)
    return say(
        "claims.faster_than",
        one=_side(one), other=_side(other), factor=factor, work=speed.work, size=speed.size,
    )  # fmt: skip


def _side(name: str) -> str:
    return name if name in MODES else TITLES[name]


def sources_of(judged: JudgedClaim, table: ArticleTable) -> list[Source]:
    """The sources behind a verdict."""
    named = judged.case.sources if judged.case is not None else ()
    return [table.sources[name] for name in named]


def claims_document(
    judged: Iterable[JudgedClaim], table: ArticleTable, evidence: Sequence[Evidence]
) -> dict[str, Any]:
    """``fw-advisor/claims@1``: every claim with its verdict."""
    return {
        "schema": SCHEMA,
        "created": max((e.created for e in evidence), default=""),
        "machine": machine_words(evidence),
        "versions": versions_words(evidence),
        "claims": [_claim(one, table) for one in judged],
    }


def _claim(judged: JudgedClaim, table: ArticleTable) -> dict[str, Any]:
    claim = judged.claim
    sources = sources_of(judged, table)
    first = sources[0] if sources else None
    return {
        "id": claim.id,
        "group": claim.group,
        "text": claim.text,
        "verdict": judged.verdict,
        "because": because(judged),
        "number": judged.number,
        "quantity": claim.quantity or None,
        "crossover": judged.crossover,
        "speeds": [
            {"work": s.work, "size": s.size, "ratio": s.ratio.value, "ci": list(s.ratio.interval())}
            for s in judged.tally.speeds
        ],
        "reproduce": reproduce(judged),
        "source": None if first is None else web_address(first.url) or first.title,
        "sources": [
            {"id": s.id, "url": s.url, "title": s.title, "retrieved": s.retrieved} for s in sources
        ],
        "against": list(claim.against),
    }


def circulating(judged: Iterable[JudgedClaim], table: ArticleTable) -> list[CirculatingClaim]:
    """Claims as a decision holds them."""
    return [CirculatingClaim.model_validate(_claim(one, table)) for one in judged]


def machine_words(evidence: Sequence[Evidence]) -> str:
    """The machine that was looked at, in a few words; empty where none was."""
    if not evidence:
        return ""
    machine = evidence[0].machine
    kinds = sorted({accelerator.name or accelerator.kind for accelerator in machine.accelerators})
    return clean(", ".join([machine.label or machine.cpu, *kinds, machine.os]), limit=200)


def versions_words(evidence: Sequence[Evidence]) -> str:
    """The frameworks' versions and the interpreter's."""
    seen = {
        f"{TITLES[chain.framework]} {chain.version} (Python {chain.python})": None
        for document in evidence
        for chain in document.toolchains
        if chain.version
    }
    return clean(listed(list(seen)), limit=200)


def counts(judged: Sequence[JudgedClaim]) -> str:
    """How many claims have which verdict."""
    found = Counter(one.verdict for one in judged)
    return ", ".join(
        say("claims.counted", count=found[verdict], verdict=verdict)
        for verdict in VERDICTS
        if found[verdict]
    )
