"""`fw-advisor claims`: what circulates about both frameworks, each claim with its verdict here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    VerboseOption,
    colour_wanted,
    emit_json,
    read_worded,
    readable,
    say,
)
from advisor.cli.flat import flat
from advisor.cli.measuring_options import BudgetOption, DeviceOption, ProfileOption, PythonOption
from advisor.errors import ExitCode, UserError
from advisor.files import refuse_unwritable, write_whole

if TYPE_CHECKING:
    from advisor.cli.claims_run import Looking
    from advisor.decide.article import JudgedClaim
    from advisor.evidence import Evidence
    from advisor.knowledge.article import ArticleClaim, ArticleTable

_FORMATS = (".html", ".htm", ".json", ".md", ".txt")
# What measuring speeds may take, seconds: the rest of the six minutes is for behaviour.
_SPEEDS_S = {"quick": 60.0, "standard": 270.0, "thorough": None}


@dataclass(frozen=True, kw_only=True)
class ClaimsOptions:
    """What `claims` takes, in the order in which its help lists it."""

    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this claim, such as C-31. Repeatable."),
    ] = None
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="Only this group of claims. Repeatable."),
    ] = None
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            "--evidence", metavar="FILE", help="Take this evidence, run nothing. Repeatable."
        ),
    ] = None
    keep_evidence: Annotated[
        Path | None,
        typer.Option("--keep-evidence", metavar="FILE.json", help="Write what was found here."),
    ] = None
    profile: ProfileOption = "standard"
    budget: BudgetOption = None
    device: DeviceOption = None
    python: PythonOption = None
    json: JsonOption = False
    output: OutputOption = None
    quiet: QuietOption = False
    verbose: VerboseOption = False
    no_color: NoColorOption = False


@app.command()
@flat
def claims(options: ClaimsOptions) -> int:
    """Put the claims that circulate to the test.

    Each gets a verdict from what was measured here, what was tried here, or its source.
    """
    from advisor.cli.claims_run import look
    from advisor.decide.article import judge_claims
    from advisor.render.claim_words import claims_document

    keep = options.keep_evidence
    _check_outputs([*(options.output or ()), *([keep] if keep else ())])
    table = chosen(load_table(), options.only or [], options.group or [])
    complete, interrupted = True, False
    found = [read_worded(path) for path in options.evidence or []]
    if not found:
        done = look(table, _looking(options))
        complete, interrupted = done.complete, done.interrupted
        found = [readable(done.evidence)] if done.evidence is not None else []
    judged = judge_claims(table, found)
    if keep and found:
        _write_evidence(keep, found[0], quiet=options.quiet)
    for path in options.output or ():
        _write(path, judged, table, found)
        say(f"wrote {path}", quiet=options.quiet)
    if options.json:
        emit_json(claims_document(judged, table, found))
    else:
        _print(judged, table, no_color=options.no_color)
    if interrupted:
        say("interrupted; what was found so far is in the output")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if complete else ExitCode.INCOMPLETE


def _looking(options: ClaimsOptions) -> Looking:
    from advisor.cli.claims_run import Looking

    return Looking(
        profile=options.profile,
        budget=options.budget,
        device=options.device,
        python=tuple(options.python or ()),
        quiet=options.quiet,
        colour=colour_wanted(options.no_color),
        speeds_s=_SPEEDS_S.get(options.profile),
    )


def load_table() -> ArticleTable:
    """The shipped claims.

    Raises:
        UserError: a file was changed and is not valid any more.
    """
    from advisor.knowledge.article import shipped_article

    return shipped_article()


def chosen(table: ArticleTable, ids: Sequence[str], groups: Sequence[str]) -> ArticleTable:
    """*table* with the claims named by id or by group; all of them where nothing is named.

    Raises:
        UserError: there is no such claim or group.
    """
    by_id = {claim.id.lower(): claim for claim in table.claims}
    for name in ids:
        if name.lower() not in by_id:
            last = table.claims[-1].id
            raise UserError(f"no claim is called {name[:40]!r}", hint=f"there are C-01 to {last}")
    for name in groups:
        if name not in table.groups:
            raise UserError(
                f"no group of claims is called {name[:40]!r}",
                hint=f"there are: {', '.join(table.groups)}",
            )
    wanted = {name.lower() for name in ids}

    def is_meant(claim: ArticleClaim) -> bool:
        return claim.id.lower() in wanted or claim.group in groups

    if not ids and not groups:
        return table
    return replace(table, claims=tuple(claim for claim in table.claims if is_meant(claim)))


def _check_outputs(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.suffix.lower() not in _FORMATS:
            raise UserError(
                f"its suffix {path.suffix or '(none)'!r} names no format",
                hint=f"the formats of claims are {', '.join(_FORMATS)}",
                where=str(path),
            )
        refuse_unwritable(path)


def _write_evidence(path: Path, found: Evidence, *, quiet: bool) -> None:
    from advisor.evidence import to_data
    from advisor.jsonio import dumps

    write_whole(path, dumps(to_data(found)))
    say(f"wrote {path}", quiet=quiet)


def _write(
    path: Path, judged: Sequence[JudgedClaim], table: ArticleTable, found: Sequence[Evidence]
) -> None:
    suffix = path.suffix.lower()
    if suffix == ".json":
        from advisor.jsonio import dumps
        from advisor.render.claim_words import claims_document

        write_whole(path, dumps(claims_document(judged, table, found)))
    elif suffix == ".txt":
        from advisor.render.claim_text import claim_lines

        write_whole(path, "\n".join(claim_lines(judged, table, width=100, colour=False)) + "\n")
    else:
        from advisor.render.claims_page import claims_html, claims_markdown

        make = claims_markdown if suffix == ".md" else claims_html
        write_whole(path, make(judged, table, found))


def _print(judged: Sequence[JudgedClaim], table: ArticleTable, *, no_color: bool) -> None:
    import shutil
    import sys

    from advisor.render.claim_text import claim_lines

    width = max(40, min(shutil.get_terminal_size().columns, 100)) if sys.stdout.isatty() else 100
    colour = colour_wanted(no_color, sys.stdout)
    print("\n".join(claim_lines(judged, table, width=width, colour=colour)))
