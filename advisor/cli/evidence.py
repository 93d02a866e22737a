"""``fw-advisor evidence``: the library of measurements from other machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app
from advisor.cli.common import JsonOption, QuietOption, VerboseOption, emit_json, say
from advisor.cli.libraries import LibraryOption
from advisor.errors import ExitCode, UserError
from advisor.text import inert

if TYPE_CHECKING:
    from advisor.library import LibraryEntry, Unreadable

LIST_SCHEMA = "fw-advisor/evidence-list@1"
CHECK_SCHEMA = "fw-advisor/evidence-check@1"
ADDED_SCHEMA = "fw-advisor/evidence-added@1"

group = typer.Typer(help="The library of measurements from other machines.", rich_markup_mode=None)
app.add_typer(group, name="evidence")

_PROBLEMS = {
    "no-model": "no model in it has a ratio: measure with --model FAMILY",
    "not-matched": "measured with default settings: measure without --settings default",
    "selftest": "the self-test failed there: measure when the machine is quiet",
    "no-date": "it has no date",
    "no-machine": "it does not say on which machine it was measured",
    "no-version": "it does not say which version of fw-advisor measured it",
    "has-paths": "it says where interpreters lay: add it with fw-advisor evidence add",
}


@group.command("list")
def list_(
    *,
    library: LibraryOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """List the files of the library.

    Each with its machine, date, version, and the models measured there.
    """
    from advisor.library import Unreadable, read_places

    rows: list[dict[str, Any]] = []
    broken: list[Unreadable] = []
    for entry in read_places(library or (), shipped=True):
        if isinstance(entry, Unreadable):
            broken.append(entry)
            continue
        rows.append(_row(entry))
    if json:
        emit_json({"schema": LIST_SCHEMA, "evidence": rows, "unreadable": _errors(broken)})
    else:
        for line in _lines(rows):
            typer.echo(inert(line))
    _tell_broken(broken)
    say(f"{len(rows)} files", quiet=quiet or json)
    return ExitCode.INCOMPLETE if broken else ExitCode.DONE


@group.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that list shows.")],
    *,
    library: LibraryOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Show one file: where it was measured, and what it says."""
    from advisor.evidence import to_data
    from advisor.render.evidence_text import evidence_lines
    from advisor.render.evidence_words import word_evidence

    entry = _named(name, library or ())
    evidence = word_evidence(entry.evidence)
    if json:
        emit_json(to_data(evidence))
        return
    row = _row(entry)
    typer.echo(inert(f"{row['machine']} ({row['hardware'] or 'unknown hardware'})"))
    typer.echo(inert(f"measured on {row['created']} by fw-advisor {row['tool']}"))
    for chain in evidence.toolchains:
        typer.echo(inert(f"  {chain.framework} {chain.version}, Python {chain.python}"))
    typer.echo("")
    for line in evidence_lines(evidence, verbose=verbose):
        typer.echo(inert(line))


@group.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Evidence that probe or fleet wrote.")
    ],
    *,
    library: Annotated[
        Path | None,
        typer.Option(
            "--library", metavar="DIR", help="Where the library lies; it has to be named."
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Add evidence to a library of yours.

    Without raw samples, names of hosts and places of files.
    """
    from advisor.library import LibraryEntry, as_contributed

    if library is None:
        raise UserError("--library is missing", hint="say where it lies: --library DIR")
    if library.exists() and not library.is_dir():
        raise UserError("is no directory", hint="a library is a directory", where=str(library))
    entries = []
    for path in (p for file in files for p in _named_in(file)):
        evidence = as_contributed(_read(path))
        entry = LibraryEntry(path.stem, path, shipped=True, evidence=evidence)
        _refuse_problems(entry)
        entries.append(entry)
    written = [str(_write(entry, library)) for entry in entries]
    for place in written:
        say(f"wrote {place}", quiet=quiet)
    if json:
        emit_json({"schema": ADDED_SCHEMA, "added": written})
    return ExitCode.DONE


@group.command()
def check(
    *,
    library: LibraryOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Check that every file can be read and used.

    Exit 5 if one cannot.
    """
    from advisor.library import Unreadable, problems_of, read_places

    findings: list[dict[str, str]] = []
    count = 0
    for entry in read_places(library or (), shipped=True):
        count += 1
        if isinstance(entry, Unreadable):
            findings.append(
                {"file": str(entry.path), "id": "unreadable", "text": entry.error.message}
            )
            continue
        findings += [
            {"file": str(entry.path), "id": problem, "text": _PROBLEMS[problem]}
            for problem in problems_of(entry)
        ]
    if json:
        emit_json({"schema": CHECK_SCHEMA, "files": count, "findings": findings})
    else:
        for found in findings:
            typer.echo(inert(f"{found['file']}: {found['text']}"))
    say(f"{count} files, {len(findings)} findings", quiet=quiet or json)
    return ExitCode.CHECK_SAYS_NO if findings else ExitCode.DONE


def _read(path: Path) -> Any:
    from advisor.evidence_io import read_evidence

    return read_evidence(path)


def _refuse_problems(entry: LibraryEntry) -> None:
    from advisor.library import problems_of

    problems = problems_of(entry)
    if problems:
        texts = "; ".join(_PROBLEMS[problem] for problem in problems)
        raise UserError(
            f"does not belong into a library: {texts}",
            hint="nothing was added",
            where=str(entry.path),
        )


def _named_in(place: Path) -> list[Path]:
    """The evidence that *place* is, or that lies in it.

    Raises:
        UserError: a directory without any.
    """
    from advisor.library import evidence_files

    files = list(evidence_files(place))
    if not files:
        raise UserError(
            "holds no evidence: no .json file lies in it",
            hint="evidence is written by: fw-advisor probe -o evidence.json",
            where=str(place),
        )
    return files


def _write(entry: LibraryEntry, place: Path) -> Path:
    """Write it under a name that says what it is; the same document again under the same name."""
    from advisor.evidence import to_data
    from advisor.files import write_whole
    from advisor.jsonio import dumps
    from advisor.library import name_for

    text = dumps(to_data(entry.evidence))
    for number in range(1, 1000):
        suffix = "" if number == 1 else f"_{number}"
        path = place / f"{name_for(entry.evidence)}{suffix}.json"
        if not path.exists() or path.read_text("utf-8") == text:
            write_whole(path, text, option="--library")
            return path
    raise UserError("holds a thousand files of this name", where=str(place))


def _named(name: str, places: Sequence[Path]) -> LibraryEntry:
    from advisor.knowledge.fields import did_you_mean
    from advisor.library import LibraryEntry, read_places

    entries = [e for e in read_places(places, shipped=True) if isinstance(e, LibraryEntry)]
    found = [e for e in entries if e.name == name]
    if not found:
        hint = did_you_mean(name, [e.name for e in entries])
        raise UserError(
            f"the library has no {name[:80]!r}", hint=hint or "see: fw-advisor evidence list"
        )
    return found[0]


def _row(entry: LibraryEntry) -> dict[str, Any]:
    from advisor.reading.machines import kind_of
    from advisor.render.machine_words import machine_text

    evidence, kind = entry.evidence, kind_of(entry.evidence)
    return {
        "id": entry.name,
        "file": str(entry.path),
        "shipped": entry.shipped,
        "kind": kind.name,
        "machine": machine_text(kind.shown),
        "hardware": kind.hardware,
        "created": evidence.created[:10],
        "tool": evidence.tool.version,
        "schema": evidence.schema,
        "models": sorted({w.model for w in evidence.works}),
    }


def _lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        models = ", ".join(row["models"]) or "no model"
        yield f"{row['id']:{width}}  {row['created']}  {row['machine']}: {models}"


def _errors(broken: Sequence[Unreadable]) -> list[dict[str, str]]:
    return [{"file": str(b.path), "text": b.error.message} for b in broken]


def _tell_broken(broken: Sequence[Unreadable]) -> None:
    for one in broken:
        say(f"left out: {one.path}: {one.error.message}")
