"""Claims that circulate and bear on the answers, each with its verdict and why."""

from __future__ import annotations

from advisor.decision import CirculatingClaim
from advisor.render.document import (
    Aside,
    Points,
    ReportSection,
    Statement,
    Tag,
    anchor,
    web_address,
)
from advisor.render.view.provenance import Provenances
from advisor.render.wording import say


def claims_section(origins: Provenances) -> ReportSection:
    """Every such claim of the decision."""
    claims = origins.decision.claims
    title = say("report.section.claims")
    if not claims:
        return ReportSection("claims", title, ())
    points = Points(tuple(_point(origins, claim) for claim in claims))
    return ReportSection("claims", title, (Aside(say("claims.report.aside")), points))


def _point(origins: Provenances, claim: CirculatingClaim) -> Statement:
    said = say("claims.report.said", text=claim.text, verdict=claim.verdict, because=claim.because)
    return Statement(said, (_tag(origins, claim),), lead=claim.id, id=anchor("claim", claim.id))


def _tag(origins: Provenances, claim: CirculatingClaim) -> Tag:
    if claim.source is None:
        return origins.measured()
    return Tag("rule", say("claims.report.source"), web_address(claim.source))
