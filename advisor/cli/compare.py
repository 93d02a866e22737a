"""``fw-advisor compare``: two evidence files, or two decisions; what moved, and what moved it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    OutputOption,
    QuietOption,
    VerboseOption,
    emit_json,
    read_worded,
    say,
)
from advisor.errors import ExitCode, UserError
from advisor.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.reading.movement import Movement

COMPARE_SCHEMA = "fw-advisor/compare@1"
DIFFERENCE_SCHEMA = "fw-advisor/difference@1"


@app.command()
def compare(
    *,
    before: Annotated[Path, typer.Argument(help="Evidence, or a decision.json, from before.")],
    after: Annotated[Path, typer.Argument(help="The same from after.")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            help="verdict (any verdict changed) or slower:PCT (a mode is significantly slower by "
            "more than PCT percent): exit 5. Repeatable.",
        ),
    ] = None,
    output: OutputOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """What changed between two evidence files or two decisions, and whether it matters."""
    if _is_decision(before) and _is_decision(after):
        if fail_on:
            raise UserError(
                "--fail-on is about evidence", hint="give two evidence files, or leave it out"
            )
        return _compare_decisions(before, after, output=output or [], json=json, quiet=quiet)
    if output:
        raise UserError(
            "--output is for two decisions", hint="evidence is compared on the screen or by --json"
        )
    from advisor.reading.movement import movement
    from advisor.render.movement_text import movement_lines

    limits = [_limit(text) for text in fail_on or ()]
    moved = movement(read_worded(before), read_worded(after))
    failures = [text for limit in limits for text in _failures(moved, limit)]
    if json:
        emit_json(_document(moved, failures))
    else:
        for line in movement_lines(moved, verbose=verbose):
            typer.echo(line)
    for text in failures:
        say(f"failed: {text}", quiet=quiet)
    return ExitCode.CHECK_SAYS_NO if failures else ExitCode.DONE


def _is_decision(path: Path) -> bool:
    from advisor.decision import SCHEMA
    from advisor.jsonio import read_json

    data = read_json(path)
    return isinstance(data, dict) and data.get("schema") == SCHEMA


def _compare_decisions(
    before: Path, after: Path, *, output: Sequence[Path], json: bool, quiet: bool
) -> int:
    from advisor.differences import differences
    from advisor.jsonio import read_json
    from advisor.record import thaw
    from advisor.render.difference_text import difference_lines, difference_markdown

    for path in output:
        if path.suffix.lower() != ".md":
            raise UserError(
                f"two decisions are compared as .md, not as {path.suffix or 'no suffix'}",
                hint="write -o difference.md, or --json",
                where=str(path),
            )
    first, second = (thaw(read_json(path), str(path)) for path in (before, after))
    compared = differences(first, second)
    base = second.inputs.base
    for path in output:
        write_whole(path, difference_markdown(compared, base))
        say(f"Written: {path}", quiet=quiet)
    if json:
        emit_json(
            {
                "schema": DIFFERENCE_SCHEMA,
                **asdict(compared),
                "together": compared.together,
            }
        )
    elif not output:
        for line in difference_lines(compared, base):
            typer.echo(line)
    return ExitCode.DONE


def _limit(text: str) -> float | None:
    """None for ``verdict``; the factor of time that is still accepted for ``slower:PCT``."""
    if text == "verdict":
        return None
    word, _, percent = text.partition(":")
    try:
        share = float(percent.removesuffix("%"))
    except ValueError:
        share = -1.0
    if word != "slower" or not 0 <= share < 1e6:
        raise UserError(f"--fail-on {text!r} is not understood", hint="write verdict or slower:10")
    return 1.0 + share / 100.0


def _failures(moved: Movement, limit: float | None) -> list[str]:
    from advisor.render.movement_text import slower_failures, verdict_failures

    return list(verdict_failures(moved) if limit is None else slower_failures(moved, limit))


def _document(moved: Movement, failures: Sequence[str]) -> dict[str, object]:
    return {
        "schema": COMPARE_SCHEMA,
        "comparisons": [{**asdict(v), "changed": v.changed} for v in moved.verdicts],
        "times": [{**asdict(t), "factor": round(t.factor, 4)} for t in moved.times],
        "only_before": list(moved.only_before),
        "only_after": list(moved.only_after),
        "failures": list(failures),
    }
