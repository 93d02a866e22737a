"""``fw-advisor check``: does a recorded decision still hold? Exit 0 if it does, 5 if not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    emit_json,
    read_worded,
    say,
)
from advisor.errors import ExitCode

if TYPE_CHECKING:
    from advisor.decide.checking import CheckResult
    from advisor.knowledge.model import RuleBase
    from advisor.record import Record

CHECK_SCHEMA = "fw-advisor/check@1"

NewEvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence", metavar="FILE", help="New evidence instead of the recorded. Repeatable."
    ),
]
DayOption = Annotated[
    str | None,
    typer.Option("--today", metavar="DATE", help="ISO date to check for; today unless given."),
]


@app.command()
def check(
    *,
    decision: Annotated[Path, typer.Argument(metavar="RECORD", help="The decision.json to check.")],
    evidence: NewEvidenceOption = None,
    today: DayOption = None,
    rules: RulesOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Does a decision still hold?

    It is replayed, then judged with today's rules, evidence and date.
    """
    from advisor.cli.advise import iso_date
    from advisor.cli.measuring import today as clock
    from advisor.jsonio import read_json
    from advisor.knowledge.loader import load_rule_base
    from advisor.record import check as check_record
    from advisor.record import thaw
    from advisor.render.check_text import finding_text
    from advisor.render.decision_words import word_decision
    from advisor.render.wording import say as words

    record = thaw(read_json(decision), str(decision))
    base = load_rule_base(rules or ())
    result = check_record(
        record,
        base=base,
        evidence=tuple(read_worded(path) for path in evidence) if evidence else None,
        today=iso_date(today) if today else clock(),
        word=word_decision,
    )
    if json:
        emit_json(_document(result, record, base))
    else:
        for finding in result.findings:
            if finding.severity != "info" or verbose:
                typer.echo(f"{finding.severity:8} {finding_text(finding, base)}")
    key = "terminal.check.holds" if result.holds else "terminal.check.holds_no_longer"
    say(words(key), quiet=quiet)
    return ExitCode.DONE if result.holds else ExitCode.CHECK_SAYS_NO


def _document(result: CheckResult, record: Record, base: RuleBase) -> dict[str, Any]:
    from advisor.decide.checking import outcome_of
    from advisor.render.check_text import finding_text

    return {
        "schema": CHECK_SCHEMA,
        "holds": result.holds,
        "findings": [
            {
                "id": f.id,
                "severity": f.severity,
                "text": finding_text(f, base),
                "rule": f.rule,
            }
            for f in result.findings
        ],
        "then": outcome_of(record.decision),
        "now": outcome_of(result.now),
    }
