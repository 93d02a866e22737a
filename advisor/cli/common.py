"""What all commands share: their options, where output goes, and how failure is told.

stdout carries results only; all talk goes to stderr. With ``--json`` stdout carries exactly one
JSON document, also on failure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli.limits import words_of_limit
from advisor.cli.streams import holds_all_characters, to_nowhere
from advisor.errors import ERROR_SCHEMA, ExitCode, UserError
from advisor.jsonio import dumps
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.evidence import Evidence
    from advisor.record import Record

_LEAST_ROWS = 12

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Write to PATH; the suffix sets the format. Repeatable.",
    ),
]
RulesOption = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="DIR", help="Add the rule pack in DIR. Repeatable."),
]
FullOption = Annotated[
    bool,
    typer.Option(
        "--full", help="Pages with everything open, and all of the summary, not one screen."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more while working.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colour (also NO_COLOR).")]


def say(text: str, *, quiet: bool = False) -> None:
    """One line of talk on stderr."""
    if not quiet:
        print(text, file=sys.stderr, flush=True)


def emit_json(document: Any) -> None:
    """The one JSON document of a command on stdout, whatever characters that can show."""
    text = dumps(document)
    sys.stdout.write(text if _can_be_written(text) else dumps(document, ascii_only=True))


def _can_be_written(text: str) -> bool:
    if not holds_all_characters(sys.stdout):
        return text.isascii()
    try:
        # A file's name need not be text, and half a character cannot be written.
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def colour_wanted(no_color: bool, stream: Any = None) -> bool:
    """Whether *stream* (stderr unless given) is a terminal that should get colour."""
    stream = stream or sys.stderr
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(stream.isatty())


def summary_of(record: Record, *, full: bool, no_color: bool, below: int = 0) -> str:
    """The summary of *record* for stdout: one screen of it where that is a terminal.

    *below* is how many lines will follow. Nobody scrolls in a pipe: it gets all of the summary,
    as *full* does.
    """
    import shutil

    from advisor.render.terminal import render_terminal

    width, height = shutil.get_terminal_size((80, 24))
    whole = full or not sys.stdout.isatty()
    return render_terminal(
        record,
        width=width,
        colour=colour_wanted(no_color, sys.stdout),
        # The prompt comes back below it, and the command stands above it.
        rows=None if whole else max(height - below - 2, _LEAST_ROWS),
        full=whole,
    )


def may_prompt(no_input: bool) -> bool:
    """Whether a question may be asked: a terminal on both ends, and nobody said no."""
    if no_input or os.environ.get("CI", "").lower() in ("1", "true"):
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_worded(path: Path) -> Evidence:
    """The evidence in *path* with words for all of its reasons, those of void parts included.

    Raises:
        UserError: it is no evidence.
    """
    from advisor.evidence_io import read_evidence
    from advisor.render.evidence_words import word_evidence

    return word_evidence(read_evidence(path))


def readable(measured: Evidence) -> Evidence:
    """*measured* in words, and with what cannot be in it marked as void: as it is written."""
    from advisor import evidence_io
    from advisor.render.evidence_words import word_evidence

    return word_evidence(evidence_io.readable(word_evidence(measured)))


def report_failure(error: BaseException, argv: Sequence[str]) -> int:
    """Tell *error* on stderr (and as JSON on stdout where asked); returns the exit code."""
    message, hint, where, code = _words_for(error)
    if "--json" in argv:
        told = {"message": message, "hint": hint, "where": where}
        try:
            emit_json({"schema": ERROR_SCHEMA, "error": told})
            sys.stdout.flush()
        except OSError:
            # What is wrong may be stdout itself.
            to_nowhere(sys.stdout)
    head = f"{inert(where)}: {message}" if where else message
    print(f"fw-advisor: {head}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)
    if code == ExitCode.BUG and ("-v" in argv or "--verbose" in argv):
        import traceback

        traceback.print_exception(error)
    return int(code)


def _words_for(error: BaseException) -> tuple[str, str, str | None, int]:
    from typer.exceptions import TyperException

    if isinstance(error, UserError):
        return error.message, error.hint, error.where, error.exit_code
    if isinstance(error, TyperException):
        message = getattr(error, "format_message", lambda: str(error))()
        return message, "see: fw-advisor COMMAND --help", None, ExitCode.BAD_INPUT
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return "interrupted", "", None, ExitCode.INTERRUPTED
    if isinstance(error, SystemExit):
        return "stopped", "", None, error.code if isinstance(error.code, int) else 1
    limit = words_of_limit(error)
    if limit is not None:
        return limit.message, limit.hint, limit.where, limit.exit_code
    return (
        f"this is a bug of fw-advisor: {type(error).__name__}: {error}",
        "run it again with -v and report what it prints",
        None,
        ExitCode.BUG,
    )
