"""The heads of a decision as a sceptical reviewer meets them, kept as files.

To change them on purpose: ``python -m tests.render.heads``, and read every line that changed.
"""

from __future__ import annotations

import re

import pytest

from advisor.render.adr import render_adr
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.view import view_of
from tests.render.heads import GOLDEN, Scenario, head_of, record_of, scenarios

ALL = tuple(scenarios())
ADVICE = ("For PyTorch", "For JAX", "Against PyTorch", "Against JAX")


@pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.name)
def test_the_head_reads_as_agreed(scenario: Scenario) -> None:
    record = record_of(scenario)
    assert head_of(record) == (GOLDEN / f"{scenario.name}.txt").read_text("utf-8")
    lead = view_of(record).lead
    reasons = [s.text for s in lead if s.lead in ADVICE]
    assert len(reasons) <= 4
    every = [s.text.rstrip(".").casefold() for s in lead]
    assert len(every) == len(set(every)), "a reason stands twice"
    if record.decision.recommended.framework is not None:
        assert sum(s.lead.startswith("Against it") for s in lead) == 1


def test_there_are_thirty_and_no_file_without_a_scenario() -> None:
    assert len(ALL) >= 30
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {s.name for s in ALL}


@pytest.mark.parametrize("scenario", ALL[::6], ids=lambda s: s.name)
def test_every_format_has_the_same_head(scenario: Scenario) -> None:
    record = record_of(scenario)
    report = view_of(record)
    wanted = [report.verdict.text, report.confidence.text]
    wanted += [s.text for s in report.lead if s.lead in ADVICE or s.lead.startswith("Against it")]
    shown = {
        "adr": render_adr(record),
        "md": render_markdown(record)[0],
        "html": render_html(record),
    }
    for name, text in shown.items():
        flat = plain(text)
        for words in wanted:
            assert plain(words) in flat, (name, words)


def plain(text: str) -> str:
    """*text* without markup, in one case: the formats break and escape it in their own ways."""
    return re.sub(r"[^a-z0-9]+", "", re.sub(r"<[^>]+>|&[a-z#0-9]+;", "", text).casefold())
