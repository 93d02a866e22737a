"""`fw-advisor probe`: measure here, and print the evidence. Never prompts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from advisor.cli import app
from advisor.cli.common import colour_wanted, emit_json, readable, say
from advisor.cli.flat import flat
from advisor.cli.measuring_options import ProbeOptions
from advisor.cli.own_files import CommandWithTemplates, template
from advisor.devices import CPU
from advisor.errors import ExitCode, UserError
from advisor.files import refuse_unwritable, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from advisor.cli.asking_for import Asked
    from advisor.measure.campaign import Campaign, Finished
    from advisor.measure.journal import Journal
    from advisor.measure.scaling_projection import Beyond


@app.command(cls=CommandWithTemplates)
@flat
def probe(context: typer.Context, options: ProbeOptions) -> int:
    """Measure both frameworks on this machine."""
    from advisor.cli import asking_for, resuming
    from advisor.cli.background import end_with
    from advisor.cli.models import list_models
    from advisor.cli.scaling import parse_beyond

    if options.resume:
        resuming.refuse_beside(context)
    if options.workload_template is not None:
        typer.echo(template(options.workload_template), nl=False)
        return ExitCode.DONE
    if options.models:
        return list_models(json=options.json)
    if options.lifeline is not None:
        end_with(options.lifeline)
    asked = asking_for.asked(options)
    _refuse_apart(asked, options)
    beyond = parse_beyond(options.link or [], options.project or [], options.devices)
    if options.resume:
        _refuse_unwritable(options.output or [])
        with resuming.taken_up(context, asked) as (journal, before, places):
            return _measured(before, options.output or places, options, journal)
    if options.export_worker is not None:
        return _exported(options.export_worker, asked, options)
    _refuse_unwritable(options.output or [])
    if options.list_plan:
        return _show_plan(asking_for.campaign_of(asked, quiet=options.quiet), json=options.json)
    return _way_of(options, beyond)(asked, options.output or [], options)


def _measured(
    asked: Asked, output: list[Path], options: ProbeOptions, journal: Journal | None = None
) -> int:
    """Measure what was *asked*, going on with the *journal* where there is one."""
    from advisor.cli import asking_for, resuming
    from advisor.cli.live import live_progress
    from advisor.cli.scaling import device_lines
    from advisor.measure.campaign import measure

    quiet, colour = options.quiet, colour_wanted(options.no_color)
    campaign = asking_for.campaign_of(asked, quiet=quiet, wait=options.wait)
    with resuming.kept(journal, asked, campaign, output) as kept:
        aside = options.lifeline is not None
        with live_progress(quiet=quiet, colour=colour, aside=aside) as report:
            finished = measure(replace(campaign, report=report, journal=kept))
        code = tell(finished, output, options)
        resuming.end(kept, interrupted=finished.interrupted)
    here = [(a.kind, a.count) for a in finished.evidence.machine.accelerators]
    for line in device_lines(asked.device or CPU, here):
        say(line, quiet=options.quiet)
    return code


def _way_of(
    options: ProbeOptions, beyond: Beyond
) -> Callable[[Asked, list[Path], ProbeOptions], int]:
    """What is run: comparisons, or one of the things that none is made of."""
    if options.time_to_accuracy:
        from advisor.measure.accuracy import measure_accuracy

        return partial(_apart, measure=measure_accuracy)
    if options.devices is not None:
        from advisor.measure.scaling import measure_scaling

        scaled = partial(measure_scaling, devices=options.devices, beyond=beyond)
        return partial(_apart, measure=scaled)
    return _measured


def _apart(
    asked: Asked,
    output: list[Path],
    options: ProbeOptions,
    measure: Callable[[Campaign], Finished],
) -> int:
    """Measure what no comparison is made of, in a run of its own."""
    from advisor.cli import asking_for
    from advisor.cli.live import live_progress

    quiet, colour = options.quiet, colour_wanted(options.no_color)
    campaign = asking_for.campaign_of(asked, quiet=quiet, wait=options.wait)
    with live_progress(quiet=quiet, colour=colour) as report:
        finished = measure(replace(campaign, report=report))
    return tell(finished, output, options)


def _exported(place: Path, asked: Asked, options: ProbeOptions) -> int:
    """Write what measures *asked* on a bare node."""
    from advisor.cli import asking_for, exporting

    _refuse_local(
        python=options.python,
        workload=options.workload,
        module=options.module,
        output=options.output,
        label=options.label,
    )
    done = exporting.export_worker(place, asking_for.wishes_of(asked))
    return exporting.tell_export(done, json=options.json, quiet=options.quiet)


def _refuse_apart(asked: Asked, options: ProbeOptions) -> None:
    from advisor.cli.scaling import refuse_apart

    refuse_apart(
        models=asked.model,
        devices=options.devices,
        time_to_accuracy=options.time_to_accuracy,
        beside={
            "--only": options.only,
            "--skip": options.skip,
            "--task": options.task,
            "--transform": options.transform,
            "--workload": options.workload,
            "--module": options.module,
            "--export-worker": options.export_worker,
            "--list": options.list_plan,
            "--resume": options.resume,
        },
    )


def _refuse_unwritable(paths: list[Path]) -> None:
    """Find out before measuring for minutes, not after."""
    for path in paths:
        if path.suffix != ".json":
            raise UserError(
                f"evidence is written as .json, not as {path.suffix or 'a file without suffix'}",
                hint="reports are made from it by: fw-advisor advise --evidence FILE.json",
                where=str(path),
            )
        refuse_unwritable(path)


def _refuse_local(**given: Any) -> None:
    """What belongs to the machine that measures is said there, to the exported file."""
    for name, value in given.items():
        if value:
            raise UserError(
                f"--{name} does not travel with --export-worker",
                hint=f"give it on the node: python3 probe.pyz --{name} ...",
            )


def _show_plan(campaign: Campaign, *, json: bool) -> int:
    from dataclasses import asdict

    from advisor.measure.campaign import planned
    from advisor.measure.plan import listing
    from advisor.measure.wishes import PLAN_SCHEMA, wishes_document

    plan = planned(campaign)
    rows = listing(plan)
    if json:
        emit_json(
            {
                "schema": PLAN_SCHEMA,
                "plan": [asdict(row) for row in rows],
                "wishes": wishes_document(campaign.wishes),
                "seconds": round(plan.seconds(), 1),
                "left_out": [asdict(cut) for cut in plan.left_out],
            }
        )
        return ExitCode.DONE
    for row in rows:
        cores = f"{row.cores} core" + ("" if row.cores == 1 else "s")
        modes = ", ".join(row.modes)
        print(f"{row.seconds:7.1f} s  {row.probe}/{row.size}  {cores}  {modes}")
    print(f"{plan.seconds():7.1f} s  in all, about")
    for cut in plan.left_out:
        print(f"   left out: {cut.probe}/{cut.size} on {cut.cores} core(s)")
    return ExitCode.DONE


def tell(finished: Finished, output: list[Path], options: ProbeOptions) -> int:
    """Write and print what a campaign gave; returns the exit code."""
    from advisor.cli.models import with_carry_over
    from advisor.evidence import to_data
    from advisor.jsonio import dumps

    measured = with_carry_over(readable(finished.evidence))
    document = to_data(measured)
    for path in output:
        write_whole(path, dumps(document))
        say(f"wrote {path}", quiet=options.quiet)
    if options.json:
        emit_json(document)
    else:
        from advisor.render.evidence_text import evidence_lines

        print("\n".join(evidence_lines(measured, verbose=options.verbose)))
    if finished.interrupted:
        say("interrupted; what was finished is in the output")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if finished.complete else ExitCode.INCOMPLETE
