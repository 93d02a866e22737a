"""The command line: parse, make one call, print. Nothing is decided or measured here.

Heavy modules are imported inside the command that needs them, so that ``--help`` stays quick.
"""

from __future__ import annotations

import errno
import importlib
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer.core import TyperCommand

from advisor import __version__
from advisor.cli.common import report_failure
from advisor.cli.limits import collect_rarely, compute_alone, have_a_home
from advisor.cli.plain_help import PlainCommand
from advisor.cli.streams import (
    never_fail_on_characters,
    never_fail_on_talk,
    open_closed_streams,
    to_nowhere,
)
from advisor.errors import ExitCode

# In the order in which --help lists them.
_COMMANDS: tuple[str, ...] = (
    "interview",
    "probe",
    "advise",
    "report",
    "check",
    "compare",
    "claims",
    "starter",
    "doctor",
    "selftest",
    "rules",
    "scan",
    "fleet",
    "evidence",
    "schema",
)

ENDED_BY_READER = 0
"""What reads decides how much it reads: `| head` is no failure."""

# A paragraph that begins with \b keeps its lines.
_EPILOG = (
    "\b\n"
    "Examples:\n"
    "  fw-advisor interview               ask, measure here, write the report\n"
    "  fw-advisor probe --json > p.json   measure alone: one JSON document\n"
    "  fw-advisor advise --answers a.yaml --evidence p.json   decide from files\n"
    "\n"
    "Exit codes: 0 done, a tie included; 1 our bug; 2 bad usage or input; 3 done but incomplete; "
    "4 nothing to measure; 5 the answer of a check is no; 130 interrupted, partial results kept."
)

app = typer.Typer(
    name="fw-advisor",
    help="PyTorch or JAX? A recommendation with its evidence, measured on this machine.",
    epilog=_EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"fw-advisor {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _register() -> None:
    """Import each command's module; it adds itself to the application."""
    for name in _COMMANDS:
        importlib.import_module(f"advisor.cli.{name}")
    for group in (app, *(sub.typer_instance for sub in app.registered_groups)):
        for command in group.registered_commands if group else ():
            command.cls = command.cls if command.cls is not TyperCommand else PlainCommand
    # One command's module may import another's options, which registers that one too early.
    app.registered_commands.sort(key=lambda command: _place(command.callback))


def _place(callback: Callable[..., object] | None) -> int:
    name = getattr(callback, "__name__", "")
    return _COMMANDS.index(name) if name in _COMMANDS else len(_COMMANDS)


def main() -> None:
    """Run the command line and exit with its code; a user's mistake never shows a traceback."""
    open_closed_streams()
    never_fail_on_characters()
    never_fail_on_talk()
    compute_alone()
    collect_rarely()
    have_a_home()
    _end_on_signals()
    code: object
    try:
        _register()
        code = app(sys.argv[1:], standalone_mode=False)
        if code == ExitCode.INTERRUPTED and not isinstance(code, ExitCode):
            # Typer turned the interrupt into its code and said nothing; commands say it.
            code = report_failure(KeyboardInterrupt(), sys.argv[1:])
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  (the one place that turns errors into words)
        code = _code_of(error)
    _leave(code if isinstance(code, int) else 0)


def _end_on_signals() -> None:
    """Let signals that ask for an end interrupt: what was finished is kept then.

    A shell that starts us in the background has interrupts ignored, and that is inherited; of a
    terminal's end whoever gave us ``nohup`` does not want to hear.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _code_of(error: BaseException) -> object:
    """The exit code of *error*, which is told where there is something to tell."""
    if isinstance(error, SystemExit):
        # Typer leaves this way when the reader went away while it was printing.
        cause = error.__context__
        if not (isinstance(cause, OSError) and cause.errno == errno.EPIPE):
            return error.code
        error = cause
    if isinstance(error, BrokenPipeError):
        # The reader went away (`| head`): what follows must not fail again at exit.
        to_nowhere(sys.stdout)
        return ENDED_BY_READER
    if isinstance(error, OSError):
        # What is left in the buffer would meet the same at exit.
        try:
            sys.stdout.flush()
        except OSError:
            to_nowhere(sys.stdout)
    return report_failure(error, sys.argv[1:])


def _leave(code: int) -> None:
    """Exit with *code*, and without a word about streams that nobody holds any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            to_nowhere(stream)
    sys.exit(code)
