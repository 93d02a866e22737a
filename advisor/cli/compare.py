"""``fw-advisor compare``: two evidence files, or two decisions; what moved, and what moved it."""

from __future__ import annotations

import shutil
import sys
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
    from collections.abc import Mapping, Sequence

    from advisor.reading.movement import Movement
    from advisor.render.beside import Beside

COMPARE_SCHEMA = "fw-advisor/compare@1"
DIFFERENCE_SCHEMA = "fw-advisor/difference@1"
_SUFFIXES = (".html", ".htm", ".md")


@app.command()
def compare(
    *,
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="Evidence, or a decision.json, from before.")
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same from after.")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="verdict|slower:PCT",
            help="verdict (any verdict changed) or slower:PCT (a mode is significantly slower by "
            "more than PCT percent): exit 5. Repeatable.",
        ),
    ] = None,
    output: OutputOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """What changed between two measurements or decisions.

    Of measurements, what moved by more than noise; of decisions, what moved the outcome.
    """
    decisions = [_is_decision(path) for path in (before, after)]
    if any(decisions) and not all(decisions):
        raise UserError(
            "is a decision, and the other file is none",
            hint="give two measurements, or two decisions",
            where=str(before if decisions[0] else after),
        )
    if all(decisions):
        if fail_on:
            raise UserError(
                "--fail-on is about evidence", hint="give two evidence files, or leave it out"
            )
        return _compare_decisions(before, after, output=output or [], json=json, quiet=quiet)
    from advisor.reading.movement import movement
    from advisor.render.movement_text import movement_page

    _check_outputs(output or [])
    limits = [_limit(text) for text in fail_on or ()]
    moved = movement(read_worded(before), read_worded(after))
    failures = [text for limit in limits for text in _failures(moved, limit)]
    page = movement_page(moved, verbose=verbose)
    document = _document(moved, failures)
    _tell(page, document, (before, after), output=output or [], json=json, quiet=quiet)
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
    from advisor.render.difference_text import difference_page

    _check_outputs(output)
    first, second = (thaw(read_json(path), str(path)) for path in (before, after))
    found = differences(first, second)
    page = difference_page(found, second.inputs.base)
    document = {"schema": DIFFERENCE_SCHEMA, **asdict(found), "together": found.together}
    _tell(page, document, (before, after), output=output, json=json, quiet=quiet)
    return ExitCode.DONE


def _check_outputs(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.suffix.lower() not in _SUFFIXES:
            raise UserError(
                f"its suffix {path.suffix or '(none)'!r} names no format of a comparison",
                hint=f"the formats are {', '.join(_SUFFIXES)}; --json prints all of it",
                where=str(path),
            )


def _tell(
    page: Beside,
    document: Mapping[str, object],
    compared: Sequence[Path],
    *,
    output: Sequence[Path],
    json: bool,
    quiet: bool,
) -> None:
    """Write *page* to the files asked for, and show it or its *document* on the screen."""
    from advisor.render.beside import as_html, as_lines, as_markdown

    for path in output:
        names = [one.name for one in compared]
        text = as_html(page, names) if path.suffix.lower() != ".md" else as_markdown(page)
        write_whole(path, text)
        say(f"Written: {path}", quiet=quiet)
    if json:
        emit_json(document)
    elif not output:
        # A script that reads a pipe wants each difference on one line.
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in as_lines(page, width):
            typer.echo(line)


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
