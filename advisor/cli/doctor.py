"""`fw-advisor doctor`: what was found, what is wrong, the command that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    QuietOption,
    VerboseOption,
    colour_wanted,
    emit_json,
    say,
)
from advisor.errors import ExitCode

if TYPE_CHECKING:
    from advisor.machine.findings import Finding

DOCTOR_SCHEMA = "fw-advisor/doctor@1"
_SIGNS = {"ok": "✓", "warning": "!", "problem": "✗"}
_PLAIN_SIGNS = {"ok": "ok", "warning": "!", "problem": "x"}
_COLOURS = {"ok": "\x1b[32m", "warning": "\x1b[33m", "problem": "\x1b[31m"}
_RESET = "\x1b[0m"


@app.command()
def doctor(
    python: Annotated[
        list[str] | None,
        typer.Option(
            "--python",
            metavar="FRAMEWORK=PATH",
            help="The interpreter that holds torch or jax. Repeatable.",
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    no_color: NoColorOption = False,
) -> int:
    """Look at this machine; say what is wrong and how to mend it."""
    import shutil
    import sys

    from advisor.cli.measuring import load_mends, parse_pythons, worker_script
    from advisor.machine.doctor import findings
    from advisor.machine.examination import examine

    mends = load_mends()
    requested = parse_pythons(python or [])
    say("looking at this machine (both frameworks are started once) ...", quiet=quiet or json)
    seen = examine(requested, worker=worker_script())
    results = findings(seen, mends)
    if json:
        emit_json(
            {
                "schema": DOCTOR_SCHEMA,
                "findings": [finding.document() for finding in results],
                "facts": seen.facts(),
            }
        )
        return ExitCode.DONE
    shown = results if verbose or not quiet else [f for f in results if f.severity != "ok"]
    for line in doctor_lines(
        shown,
        colour=colour_wanted(no_color, sys.stdout),
        unicode=_takes_signs(sys.stdout.encoding),
        width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None,
    ):
        print(line)
    return ExitCode.DONE


def doctor_lines(
    results: Sequence[Finding], *, colour: bool, unicode: bool, width: int | None = None
) -> list[str]:
    """One line per area (more where an area has several findings), each mend below its problem.

    With *width*, text is wrapped below itself; mends never are, so that they can be copied.
    """
    signs = _SIGNS if unicode else _PLAIN_SIGNS
    sign_width = max(len(sign) for sign in signs.values())
    margin = " " * (sign_width + 14)
    lines: list[str] = []
    area = ""
    for finding in results:
        sign = signs[finding.severity].ljust(sign_width)
        if colour:
            sign = f"{_COLOURS[finding.severity]}{sign}{_RESET}"
        name = finding.area if finding.area != area else ""
        area = finding.area
        word = "" if finding.severity == "ok" else f"{finding.severity}: "
        first, *rest = _wrapped(f"{word}{finding.text}", width, len(margin))
        lines.append(f"{sign} {name:<12} {first}")
        lines += [f"{margin}{line}" for line in rest]
        if finding.mend:
            lines.append(f"{margin}mend: {finding.mend}")
    problems = sum(finding.severity == "problem" for finding in results)
    warnings = sum(finding.severity == "warning" for finding in results)
    return [*lines, "", _summary(problems, warnings)]


def _wrapped(text: str, width: int | None, margin: int) -> list[str]:
    import textwrap

    if width is None:
        return [text]
    room = max(20, min(width, 100) - margin)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def _summary(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "Nothing is wrong here."
    parts = []
    if problems:
        parts.append(f"{problems} problem" + ("" if problems == 1 else "s"))
    if warnings:
        parts.append(f"{warnings} warning" + ("" if warnings == 1 else "s"))
    return f"{' and '.join(parts)} found."


def _takes_signs(encoding: str | None) -> bool:
    try:
        "✓✗×".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
