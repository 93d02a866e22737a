"""``fw-advisor report``: a record as HTML, Markdown, ADR, text or on the screen; decides nothing.

Knows the command's options. It must not know how anything is rendered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli import app
from advisor.cli.common import (
    FullOption,
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    VerboseOption,
    emit_json,
    say,
    summary_of,
)

RecordArgument = Annotated[
    Path, typer.Argument(metavar="RECORD", help="The decision.json of advise or interview.")
]


@app.command()
def report(
    record: RecordArgument,
    *,
    output: OutputOption = None,
    full: FullOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    no_color: NoColorOption = False,
) -> None:
    """Render a record as a page or as text.

    With -o as .html, .md, .adr.md, .txt or .json; without, a summary on the screen.
    """
    from advisor.cli.outputs import check_outputs, write_outputs
    from advisor.cli.pen import pen_for
    from advisor.jsonio import read_json
    from advisor.record import freeze, thaw

    paths = output or []
    check_outputs(paths)
    with pen_for(paths) as draw:
        thawed = thaw(read_json(record), str(record))
        write_outputs(thawed, paths, full=full, draw=draw)
    if paths:
        say("Written: " + ", ".join(str(path) for path in paths), quiet=quiet)
    if json:
        emit_json(freeze(thawed))
    elif not paths and quiet:
        typer.echo(thawed.decision.headline)
    elif not paths:
        typer.echo(summary_of(thawed, full=full, no_color=no_color))
    if verbose:
        replay = thawed.decision.replay
        say(f"decided on {replay.today} by fw-advisor {replay.tool_version}, seed {replay.seed}")
