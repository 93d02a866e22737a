"""`fw-advisor interview`: ask, measure, decide, and write the report and its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.cli import app, completing
from advisor.cli.common import (
    FullOption,
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    colour_wanted,
    emit_json,
    may_prompt,
    readable,
    say,
    summary_of,
)
from advisor.cli.flat import flat
from advisor.cli.libraries import LibraryOption, PriceOption, documents_of, prices_asked
from advisor.cli.measuring_options import (
    BudgetOption,
    DeviceOption,
    IncludeHostOption,
    LabelOption,
    ProfileOption,
    PythonOption,
    WaitOption,
)
from advisor.errors import ExitCode, NothingToMeasureError, UserError
from advisor.files import REPORT_DIRECTORY, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.answers import Answers
    from advisor.cli.interviewing import Talk
    from advisor.evidence import Evidence

DIRECTORY = REPORT_DIRECTORY
OUR_FAULT = (
    "that is a fault of ours and not of yours; what was answered is decided from rules alone"
)


@dataclass(frozen=True, kw_only=True)
class InterviewOptions:
    """What `interview` takes, in the order in which its help lists it."""

    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="Take answers from this file.")
    ] = None
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            autocompletion=completing.assignments,
            help="KEY=VALUE: one answer. Repeatable.",
        ),
    ] = None
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Take detected values and defaults; ask the rest.")
    ] = False
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the interview of this directory."),
    ] = False
    example: Annotated[
        bool,
        typer.Option("--example", help="Where nobody can be asked, take the example scenario."),
    ] = False
    code: Annotated[
        Path | None,
        typer.Option("--code", metavar="PATH", help="Your code base: read, and never run."),
    ] = None
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="Measurements to use. Repeatable."),
    ] = None
    no_probe: Annotated[bool, typer.Option("--no-probe", help="Measure nothing here.")] = False
    profile: ProfileOption = "standard"
    budget: BudgetOption = None
    wait: WaitOption = False
    python: PythonOption = None
    device: DeviceOption = None
    label: LabelOption = None
    include_host: IncludeHostOption = False
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Seed of inputs and sampling.")
    ] = 0
    library: LibraryOption = None
    price: PriceOption = None
    rules: RulesOption = None
    json: JsonOption = False
    output: OutputOption = None
    full: FullOption = False
    quiet: QuietOption = False
    verbose: VerboseOption = False
    no_color: NoColorOption = False


@app.command()
@flat
def interview(options: InterviewOptions) -> int:
    """Ask, measure, decide, and write the report."""
    from advisor.cli.kept import forget
    from advisor.cli.outputs import check_outputs
    from advisor.interview.saving import state_file

    # Before anything is asked or measured: what was said and seen would be lost with it.
    check_outputs(options.output or [])
    talk = _talk(options)
    given = list(documents_of(options.evidence or ()))
    start = talk.starting_answers(
        file=options.answers,
        assignments=options.set_ or (),
        resume=options.resume,
        defaults=options.defaults,
        example=options.example,
    )
    said = talk.ask(start, given)
    places = _Places(options.output or [])
    places.keep_answers(said)
    measured, complete = _measure(talk, said, places, verbose=options.verbose)
    earlier = talk.earlier(said)
    places.keep_evidence(measured, earlier)
    documents = [*given, *earlier, *([measured] if measured else [])]
    _report(talk, said, documents, places, options)
    forget(state_file().parent)
    return ExitCode.DONE if complete else ExitCode.INCOMPLETE


def _talk(options: InterviewOptions) -> Talk:
    from advisor.cli.interviewing import Talk
    from advisor.cli.measuring import host_label

    return Talk(
        label=options.label or host_label(options.include_host),
        rules=tuple(options.rules or ()),
        library=tuple(options.library or ()),
        prices=prices_asked(options.price or (), None),
        python=tuple(options.python or ()),
        profile=options.profile,
        device=options.device,
        budget=options.budget,
        wait=options.wait,
        seed=options.seed,
        probe=not options.no_probe,
        quiet=options.quiet,
        colour=colour_wanted(options.no_color),
        prompt=may_prompt(options.no_input),
        code=options.code,
    )


class _Places:
    """Where everything is written: the files asked for, or the report directory."""

    def __init__(self, asked: list[Path]) -> None:
        self.asked = asked
        self.directory = None if asked else DIRECTORY

    def keep_answers(self, answers: Answers) -> None:
        """Write the answers before anything else can fail."""
        from dataclasses import replace

        from advisor.answers_io import to_yaml
        from advisor.cli.measuring import today

        if self.directory is not None:
            dated = replace(answers, given=today())
            write_whole(self.directory / "answers.yaml", to_yaml(dated))

    def keep_evidence(self, evidence: Evidence | None, earlier: Sequence[Evidence] = ()) -> None:
        """Write what was measured, raw samples included; *earlier* by a stopped interview."""
        from advisor.evidence import to_data
        from advisor.jsonio import dumps

        if self.directory is None:
            return
        named = {"evidence.json": [evidence] if evidence else [], "evidence-earlier.json": earlier}
        for name, documents in named.items():
            for document in documents:
                write_whole(self.directory / name, dumps(to_data(document)))

    def reports(self) -> list[Path]:
        """The report files to write."""
        if self.directory is None:
            return self.asked
        return [self.directory / name for name in ("report.html", "report.md", "decision.json")]


def _measure(
    talk: Talk, said: Answers, places: _Places, *, verbose: bool
) -> tuple[Evidence | None, bool]:
    """What was measured here, and whether nothing that was planned is missing."""
    from advisor.render.evidence_text import evidence_lines

    if not talk.probe:
        return None, True
    try:
        finished = talk.measure(said)
    except NothingToMeasureError as error:
        say(f"Nothing is measured: {error.message}\n  {error.hint}")
        return None, False
    except UserError as error:
        say(f"Nothing is measured: {error}")
        return None, False
    except Exception as error:  # noqa: BLE001  (see below)
        # Nobody's answers are lost to a fault of measuring: the rules alone still decide.
        say(f"Nothing is measured: {type(error).__name__}: {error}\n  {OUR_FAULT}")
        return None, False
    measured = readable(finished.evidence)
    if verbose:
        say("\n".join(evidence_lines(measured, verbose=True)))
    if finished.interrupted:
        places.keep_evidence(measured)
        kept = ""
        if places.directory is not None:
            kept = (
                f"fw-advisor interview --answers {places.directory / 'answers.yaml'} "
                f"--evidence {places.directory / 'evidence.json'} --no-probe"
            )
        talk.stop(kept)
    return measured, finished.complete


def _report(
    talk: Talk,
    said: Answers,
    documents: list[Evidence],
    places: _Places,
    options: InterviewOptions,
) -> None:
    from advisor.cli.measuring import today
    from advisor.cli.outputs import write_outputs
    from advisor.record import freeze
    from advisor.render.decision_words import worded_record

    inputs = talk.inputs(said, documents, today())
    record = worded_record(inputs)
    written = places.reports()
    write_outputs(record, written, full=options.full)
    if options.json:
        emit_json(freeze(record))
    else:
        below = 0 if talk.quiet else len(written) + 1
        typer.echo(summary_of(record, full=options.full, no_color=not talk.colour, below=below))
    say("\n  ".join(["Written:", *map(str, written)]), quiet=talk.quiet)
