"""Verdicts on claims as a page of its own: self-contained HTML, an anchor per claim; or Markdown.

Knows the page's template and what stands beside what. It words nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.decide.article import JudgedClaim
from advisor.evidence import Evidence
from advisor.knowledge.article import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    FALSE,
    TRUE,
    ArticleTable,
)
from advisor.render.claim_words import (
    because,
    counts,
    machine_words,
    number_text,
    reproduce,
    sources_of,
    speeds_text,
    versions_words,
)
from advisor.render.document import clean, web_address
from advisor.render.html import environment
from advisor.render.wording import say

TONES = {
    CONFIRMED: "good",
    TRUE: "good",
    CONTRADICTED: "bad",
    FALSE: "bad",
    DEPENDS: "mixed",
}
"""How a verdict is coloured; the others are not."""


def claims_html(
    judged: Sequence[JudgedClaim], table: ArticleTable, evidence: Sequence[Evidence]
) -> str:
    """The page; the same verdicts give the same bytes. Nothing is loaded and no script runs."""
    page: str = environment().get_template("claims.html").render(**_view(judged, table, evidence))
    return page


def claims_markdown(
    judged: Sequence[JudgedClaim], table: ArticleTable, evidence: Sequence[Evidence]
) -> str:
    """The same as a Markdown table per group."""
    view = _view(judged, table, evidence)
    lines = [f"# {say('claims.page.title')}", "", view["lead"], "", view["counts"], ""]
    lines += [f"- {label}: {text}" for label, text in view["facts"]]
    for group in view["groups"]:
        lines += ["", f"## {group['title']}", "", "| | | | |", "|---|---|---|---|"]
        for claim in group["claims"]:
            cells = (claim["id"], claim["text"], claim["verdict"], _why(claim))
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _why(claim: dict[str, Any]) -> str:
    links = [f"[{s['title']}]({s['url']})" if s["url"] else s["title"] for s in claim["sources"]]
    return " ".join([claim["because"], claim["number"], *links, f"`{claim['reproduce']}`"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _view(
    judged: Sequence[JudgedClaim], table: ArticleTable, evidence: Sequence[Evidence]
) -> dict[str, Any]:
    claims = {one.claim.id: _claim(one, table) for one in judged}
    created = max((document.created[:10] for document in evidence), default="")
    facts = (
        ("machine", machine_words(evidence)),
        ("versions", versions_words(evidence)),
        ("measured", created or say("claims.page.none_measured")),
    )
    return {
        "lead": say("claims.page.lead", count=len(judged)),
        "counts": counts(judged),
        "facts": [(say(f"claims.fact.{key}"), text) for key, text in facts if text],
        "pairs": [[claims[a], claims[b]] for a, b in pairs_of(judged)],
        "groups": [
            {"id": group, "title": title, "claims": [claims[one.claim.id] for one in here]}
            for group, title in table.groups.items()
            if (here := [one for one in judged if one.claim.group == group])
        ],
    }


def pairs_of(judged: Sequence[JudgedClaim]) -> list[tuple[str, str]]:
    """Claims that contradict each other, each pair once, where both are shown."""
    shown = {one.claim.id for one in judged}
    return [
        (one.claim.id, other)
        for one in judged
        for other in one.claim.against
        if other in shown and one.claim.id < other
    ]


def _claim(judged: JudgedClaim, table: ArticleTable) -> dict[str, Any]:
    claim = judged.claim
    return {
        "id": claim.id,
        "text": clean(claim.text),
        "verdict": judged.verdict,
        "tone": TONES.get(judged.verdict, "plain"),
        "because": because(judged),
        "number": number_text(judged),
        "speeds": speeds_text(judged),
        "reproduce": reproduce(judged),
        "against": list(claim.against),
        "sources": [
            {"title": clean(s.title), "url": web_address(s.url), "retrieved": s.retrieved}
            for s in sources_of(judged, table)
        ],
    }
