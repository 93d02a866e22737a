"""The decisions of real people, decided from rules alone and asked about in the interview.

Writes ``docs/scenarios.md``. Of the scenarios that are held out only counts are ever shown.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import RuleBase
from tests.benchmarks.harness import Row
from tests.scenarios.asking import Interviewed, interviewed
from tests.scenarios.cases import PARTS, Part, scenarios_of
from tests.scenarios.judging import Judged, judged, tally
from tests.scenarios.page import page
from tests.scenarios.strengths import argued, followed

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"
OUTCOME_BAR, REASON_BAR = 0.9, 0.8
QUESTIONS_BAR, CHANGED_BAR = 8, 0.05


def scenarios(_groups: int) -> list[Row]:
    """Outcomes, reasons, questions and stopping, for both parts; and the page that tells them."""
    base = load_rule_base()
    judgements = {part: _judged(part, base) for part in PARTS}
    talks = {part: _interviewed(part, base) for part in PARTS}
    PAGE.write_text(page(judgements, talks, base), "utf-8")
    rows = [row for part in PARTS for row in _rows_of(part, judgements[part], talks[part])]
    claims = followed(judgements["development"], base)
    odd = sorted({c.rule for c in claims if c.contradicts} - set(argued()))
    rows.append(Row("strengths: claims that contradict theirs", "none", f"{len(odd)}", not odd))
    return rows


def _judged(part: Part, base: RuleBase) -> list[Judged]:
    return [judged(scenario, base) for scenario in scenarios_of(part)]


def _interviewed(part: Part, base: RuleBase) -> list[Interviewed]:
    print(f"interviews: {part}", file=sys.stderr, flush=True)
    return [interviewed(scenario, base) for scenario in scenarios_of(part)]


def _rows_of(part: Part, judgements: Sequence[Judged], talks: Sequence[Interviewed]) -> list[Row]:
    counted = tally(judgements)
    questions = statistics.median(len(t.asked) for t in talks)
    changed = sum(t.changed for t in talks)
    return [
        Row(
            f"{part}: outcome",
            f">= {OUTCOME_BAR:.0%}",
            f"{counted.agree} of {counted.scenarios}",
            counted.outcome_share >= OUTCOME_BAR,
        ),
        Row(
            f"{part}: reasons among the first three",
            f">= {REASON_BAR:.0%}",
            f"{counted.found} of {counted.reasons}",
            counted.reason_share >= REASON_BAR,
        ),
        Row(
            f"{part}: questions, median",
            f"<= {QUESTIONS_BAR}",
            f"{questions:g}",
            questions <= QUESTIONS_BAR,
        ),
        Row(
            f"{part}: stopping changed the outcome",
            f"<= {CHANGED_BAR:.0%}",
            f"{changed} of {len(talks)}",
            changed <= CHANGED_BAR * len(talks),
        ),
    ]
