"""``fw-advisor scan``: read a code base, say what it answers and what moving it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app
from advisor.cli.common import (
    JsonOption,
    OutputOption,
    QuietOption,
    VerboseOption,
    emit_json,
    say,
)
from advisor.errors import ExitCode, UserError
from advisor.files import write_whole

if TYPE_CHECKING:
    from advisor.scan.answers import Resolution

_MOST_NAMES = 8


@app.command()
def scan(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The code base: a directory.")],
    *,
    output: OutputOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Read a code base, running nothing of it.

    What it answers of the interview, and what moving it would take.
    """
    from advisor.knowledge.counterparts import load_counterparts
    from advisor.knowledge.loader import load_rule_base
    from advisor.scan.answers import resolve
    from advisor.scan.document import scan_document
    from advisor.scan.scanning import scan_code

    _check_outputs(output or ())
    base = load_rule_base()
    say(f"reading {path} (nothing of it is run) ...", quiet=quiet or json)
    collected = scan_code(path, load_counterparts(base.facts))
    resolution = resolve(collected, base.facts)
    document = scan_document(collected, resolution)
    for place in output or ():
        _write(place, document, resolution)
        say(f"wrote {place}", quiet=quiet or json)
    if json:
        emit_json(document)
    else:
        for line in scan_lines(document, verbose=verbose):
            typer.echo(line)
    return ExitCode.INCOMPLETE if collected.truncated else ExitCode.DONE


def _check_outputs(outputs: Sequence[Path]) -> None:
    for place in outputs:
        if place.suffix.lower() not in (".yaml", ".yml", ".json"):
            raise UserError(
                f"its suffix {place.suffix or '(none)'!r} names no format",
                hint=".yaml for the answers, .json for everything",
                where=str(place),
            )


def _write(place: Path, document: dict[str, Any], resolution: Resolution) -> None:
    from advisor.jsonio import dumps
    from advisor.scan.answers_file import answers_text

    whole = place.suffix.lower() == ".json"
    write_whole(place, dumps(document) if whole else answers_text(resolution))


def scan_lines(document: dict[str, Any], *, verbose: bool = False) -> Iterator[str]:
    """The document in a few lines, for a terminal; *verbose* lists all that has no counterpart."""
    yield from _answer_lines(document)
    for direction, title in (("to_jax", "Moving to JAX"), ("to_pytorch", "Moving to PyTorch")):
        if direction in _directions(document):
            yield ""
            most = None if verbose else _MOST_NAMES
            yield from _moving_lines(document["migration"], direction, title, most)
    files = document["files"]
    skipped = ", ".join(f"{count} {reason}" for reason, count in files["skipped"].items())
    yield ""
    yield f"Read {files['read']} files; skipped: {skipped or 'none'}."
    if files["truncated"]:
        yield "There is more than is read of one code base: give a part of it."


def _directions(document: dict[str, Any]) -> list[str]:
    """The directions that matter: away from a framework that the code uses more than in passing."""
    references = {
        direction: coverage["times"]
        for direction, coverage in document["migration"]["coverage"].items()
    }
    most = max(references.values(), default=0)
    return [direction for direction, times in references.items() if times and times >= most / 10]


def _answer_lines(document: dict[str, Any]) -> Iterator[str]:
    yield "What the code answers:" if document["answers"] else "The code answers no question."
    for key, value in document["answers"].items():
        source = document["sources"][key]
        shown = ", ".join(value) if isinstance(value, list) else _word(value)
        place = source["places"][0] if source["places"] else ""
        yield f"  {key:<18} {shown} ({source['confidence']}, {place})"
    conflicts = [entry for entry in document["open"] if entry["reason"] == "conflict"]
    for entry in conflicts:
        values = " and ".join(_word(candidate["value"]) for candidate in entry["candidates"])
        yield f"  {entry['key']:<18} not answered: the code speaks for {values}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _moving_lines(
    migration: dict[str, Any], direction: str, title: str, most: int | None
) -> Iterator[str]:
    effort, coverage = migration["effort"][direction], migration["coverage"][direction]
    yield f"{title}: {effort['class'].replace('_', ' ')} effort ({effort['means']})"
    yield (
        f"  {coverage['times']} references to {coverage['names']} names; the table knows "
        f"{coverage['listed']} of them, {_percent(coverage)} of the references"
    )
    for part in migration["redesign"][direction]:
        places = f", first {part['places'][0]}" if part["places"] else ""
        yield f"  {part['title']}: {part['times']} places{places}"
        yield f"    {part['text']}"
    without = [m for m in migration[direction] if m["counterpart"] == "none" and m["fit"] == "none"]
    shown = without[:most]
    names = ", ".join(f"{move['name']} ({move['times']})" for move in shown)
    if names:
        yield f"  No counterpart: {names}{' ...' if len(without) > len(shown) else ''}"


def _percent(coverage: dict[str, int]) -> str:
    return f"{100 * coverage['listed_times'] / max(1, coverage['times']):.0f} %"
