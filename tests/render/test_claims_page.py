"""Claims in words: a page that needs nothing from anywhere, an anchor per claim, one document."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from advisor.cli.claims import load_table
from advisor.decide.article import judge_claims
from advisor.evidence import Machine
from advisor.render.claim_text import claim_lines
from advisor.render.claim_words import claims_document
from advisor.render.claims_page import claims_html, claims_markdown, pairs_of
from tests.decide.claim_evidence import evidence, failed, seen_with, speed

TABLE = load_table()
FOUND = evidence(None, speed("matmul", 3.0), speed("mlp_train", 0.4))


def page(found=FOUND):
    return claims_html(judge_claims(TABLE, [found]), TABLE, [found])


def test_the_page_has_an_anchor_per_claim_and_every_link_inside_leads_somewhere():
    html = page()
    anchors = set(re.findall(r' id="([^"]+)"', html))
    assert {claim.id for claim in TABLE.claims} <= anchors
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors


def test_the_page_loads_nothing_runs_nothing_and_repeats():
    html = page()
    assert html == page()
    assert not re.search(r"<script|<img|<link|@import|url\(|src=", html)
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_contradicting_claims_stand_side_by_side():
    judged = judge_claims(TABLE, [FOUND])
    assert ("C-08", "C-12") in pairs_of(judged)
    assert ("C-19", "C-24") in pairs_of(judged)
    assert page().count('class="pair"') == len(pairs_of(judged))


def test_foreign_text_stays_text():
    hostile = '<img src=x onerror=alert(1)>\x1b[31m"|'
    found = replace(
        evidence(seen_with("value_branches", "jax", error=hostile)),
        machine=Machine(os="linux", cpu=hostile),
    )
    html = page(found)
    assert "<img" not in html
    judged = judge_claims(TABLE, [found])
    text = "\n".join(claim_lines(judged, TABLE, width=100, colour=False))
    assert "\x1b" not in text + claims_markdown(judged, TABLE, [found])


@pytest.mark.parametrize("found", [FOUND, evidence([]), evidence(failed("value_branches"))])
def test_the_document_holds_every_claim_with_its_keys(found):
    document = claims_document(judge_claims(TABLE, [found]), TABLE, [found])
    assert document["schema"] == "fw-advisor/claims@1"
    assert len(document["claims"]) == 55
    for claim in document["claims"]:
        assert {"id", "text", "verdict", "number", "reproduce", "source"} <= set(claim)
        assert claim["because"]
        assert claim["reproduce"] == f"fw-advisor claims --only {claim['id']}"
        if claim["verdict"].endswith("by source"):
            assert claim["source"]


def test_lines_keep_to_their_width_and_say_why_nothing_was_settled():
    judged = judge_claims(TABLE, [evidence(failed("value_branches"))])
    lines = list(claim_lines(judged, TABLE, width=72, colour=False))
    # Commands are never wrapped, so that they can be copied.
    assert max(map(len, lines)) <= 72
    assert any("the worker was killed" in " ".join(lines[n : n + 3]) for n in range(len(lines)))
