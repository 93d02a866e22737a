"""``fw-advisor advise``: answers and evidence in, decision and report out; never asks, never times.

Knows the command's options. It must not know how anything is decided or drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor import __version__
from advisor.cli import app, completing
from advisor.cli.common import (
    FullOption,
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    emit_json,
    say,
    summary_of,
)
from advisor.cli.flat import flat
from advisor.cli.libraries import (
    LibraryOption,
    NoLibraryOption,
    PriceOption,
    PricesOption,
    documents_of,
    library_for,
    prices_asked,
)
from advisor.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from advisor.evidence import Evidence
    from advisor.knowledge.model import RuleBase
    from advisor.prices import Price
    from advisor.record import Record

AnswersOption = Annotated[
    Path, typer.Option("--answers", metavar="FILE", help="The answers, as YAML or JSON.")
]
EvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--evidence",
        metavar="FILE",
        help="Evidence that probe, interview or fleet wrote. Repeatable.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=completing.assignments,
        help="KEY=VALUE: change one answer. Repeatable.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, metavar="N", help="Seed of the sampling.")
]
TodayOption = Annotated[
    str | None,
    typer.Option(
        "--today",
        metavar="DATE",
        help="ISO date that decides what has expired; else the date of the evidence or answers.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class AdviseOptions:
    """What `advise` takes, in the order in which its help lists it."""

    answers: AnswersOption
    evidence: EvidenceOption = None
    settings: SetOption = None
    library: LibraryOption = None
    no_library: NoLibraryOption = False
    price: PriceOption = None
    prices: PricesOption = None
    seed: SeedOption = 0
    today: TodayOption = None
    rules: RulesOption = None
    output: OutputOption = None
    full: FullOption = False
    json: JsonOption = False
    quiet: QuietOption = False
    verbose: VerboseOption = False
    no_color: NoColorOption = False


@app.command()
@flat
def advise(options: AdviseOptions) -> None:
    """Decide from answers and evidence, and write the report. Asks and measures nothing."""
    from advisor.cli.outputs import check_outputs, write_outputs
    from advisor.cli.pen import pen_for

    paths = options.output or []
    check_outputs(paths)
    with pen_for(paths) as draw:
        record = _decided(
            options.answers,
            evidence=options.evidence or (),
            settings=options.settings or (),
            library=options.library or (),
            shipped=not options.no_library,
            prices=prices_asked(options.price or (), options.prices),
            rules=options.rules or (),
            seed=options.seed,
            today=options.today,
        )
        write_outputs(record, paths, full=options.full, draw=draw)
    if paths:
        say("Written: " + ", ".join(str(path) for path in paths), quiet=options.quiet)
    if options.json:
        from advisor.record import freeze

        emit_json(freeze(record))
    elif not options.quiet:
        told = 1 if paths else 0
        typer.echo(summary_of(record, full=options.full, no_color=options.no_color, below=told))
    elif not options.output:
        typer.echo(record.decision.headline)
    if options.verbose:
        fired, day = len(record.decision.rules_fired), record.inputs.today
        say(f"{fired} rules fired; seed {options.seed}; today {day}")


def _decided(
    answers: Path,
    *,
    evidence: Sequence[Path],
    settings: Sequence[str],
    library: Sequence[Path],
    shipped: bool,
    prices: Mapping[str, Price],
    rules: Sequence[Path],
    seed: int,
    today: str | None,
) -> Record:
    """What the answers and the evidence decide, in words."""
    from advisor.answers_io import read_answers, with_assignments
    from advisor.cli.looking_up import with_installed_packages
    from advisor.knowledge.loader import load_rule_base
    from advisor.record import Inputs
    from advisor.render.decision_words import worded_record

    base = load_rule_base(rules)
    said = with_assignments(read_answers(answers, base), settings, base)
    documents = documents_of(evidence)
    day = (
        iso_date(today)
        if today
        else default_day([e.created for e in documents] or [said.given or ""], base)
    )
    inputs = Inputs(
        answers=said,
        evidence=documents,
        library=library_for(said.values, documents, base, library, shipped=shipped),
        prices=prices,
        base=with_installed_packages(base, said, interpreters_of(documents), day),
        today=day,
        created=max((e.created for e in documents), default="") or day,
        seed=seed,
        tool_version=__version__,
    )
    return worded_record(inputs)


def interpreters_of(documents: Sequence[Evidence]) -> list[str]:
    """The Pythons that were measured."""
    return [t.interpreter for e in documents for t in e.toolchains if t.interpreter]


def iso_date(text: str) -> str:
    """*text* as an ISO date.

    Raises:
        UserError: it is none.
    """
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UserError(f"--today {text!r} is not a date", hint="write it as 2026-11-24") from error


def default_day(created: Sequence[str], base: RuleBase) -> str:
    """The newest of *created*: of the evidence, else of the answers; else of a rule's review.

    No clock: the same inputs must give the same bytes next year.
    """
    from datetime import date

    days = []
    for text in created:
        try:
            days.append(date.fromisoformat(text[:10]).isoformat())
        except ValueError:
            continue
    return max(days) if days else max((rule.reviewed for rule in base.rules), default="1970-01-01")
