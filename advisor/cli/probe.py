"""`fw-advisor probe`: measure here, and print the evidence. Never prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app, completing
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    colour_wanted,
    emit_json,
    readable,
    say,
)
from advisor.cli.own_files import (
    TEMPLATE_OPTION,
    TEMPLATES,
    CommandWithTemplates,
    template,
)
from advisor.devices import CPU
from advisor.errors import ExitCode, UserError
from advisor.files import write_whole

if TYPE_CHECKING:
    from advisor.cli.asking_for import Asked
    from advisor.measure.campaign import Campaign, Finished
    from advisor.measure.journal import Journal
    from advisor.measure.scaling_projection import Beyond

ProfileOption = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar=completing.PROFILES,
        autocompletion=completing.profiles,
        help="quick, standard or thorough: how many launches and sizes.",
    ),
]
BudgetOption = Annotated[
    str | None, typer.Option("--budget", metavar="TIME", help="Cut the plan to this long: 60s, 3m.")
]
PythonOption = Annotated[
    list[str] | None,
    typer.Option(
        "--python",
        metavar="FRAMEWORK=PATH",
        help="torch=PATH or jax=PATH: an interpreter to measure. Repeatable.",
    ),
]
LabelOption = Annotated[
    str | None, typer.Option("--label", metavar="TEXT", help="What the report calls this machine.")
]
IncludeHostOption = Annotated[
    bool,
    typer.Option("--include-host", help="Call it by its host name, which is left out otherwise."),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="DEVICE",
        autocompletion=completing.devices,
        help="cpu (what is meant without it), or an accelerator: gpu, tpu.",
    ),
]
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait", help="Where another fw-advisor measures here: wait for its end, then begin."
    ),
]


@app.command(cls=CommandWithTemplates)
def probe(
    context: typer.Context,
    *,
    profile: ProfileOption = "standard",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="PROBE",
            autocompletion=completing.probes,
            help="Only this probe (a name or pattern).",
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            "--skip",
            metavar="PROBE",
            autocompletion=completing.probes,
            help="Not this probe (a name or pattern).",
        ),
    ] = None,
    framework: Annotated[
        list[str] | None,
        typer.Option(
            "--framework",
            metavar=completing.FRAMEWORKS,
            autocompletion=completing.frameworks,
            help="Only pytorch or only jax.",
        ),
    ] = None,
    device: DeviceOption = None,
    python: PythonOption = None,
    budget: BudgetOption = None,
    settings: Annotated[
        str,
        typer.Option(
            "--settings",
            metavar=completing.SETTINGS,
            autocompletion=completing.settings,
            help="matched (decides) or default (out of the box).",
        ),
    ] = "matched",
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="TASK",
            autocompletion=completing.tasks,
            help="The probes that stand for this task.",
        ),
    ] = None,
    transform: Annotated[
        list[str] | None,
        typer.Option(
            "--transform",
            metavar="TRANSFORM",
            autocompletion=completing.transforms,
            help="And those that stand for this transform. Repeatable.",
        ),
    ] = None,
    models: Annotated[
        bool, typer.Option("--models", help="List the models that can be measured, and exit.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="FAMILY[:PRESET]",
            help="A model, measured instead (--models lists them). Repeatable.",
        ),
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(
            "--size",
            metavar="KEY=VALUE",
            help="A size of the model: layers=12, widths=64,128; batch=8,32,128 measures all "
            "three. Repeatable.",
        ),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option(
            "--devices",
            metavar="N",
            help="How the step of the --model scales over up to N devices here (processes, on a "
            "CPU), in each framework for itself.",
        ),
    ] = None,
    link: Annotated[
        list[str] | None,
        typer.Option(
            "--link",
            metavar="BANDWIDTH,LATENCY",
            help="What joins machines, as you state it (50GB/s,5us), to project steps beyond the "
            "--devices at hand: no measurement, in no verdict. Repeatable.",
        ),
    ] = None,
    project: Annotated[
        list[int] | None,
        typer.Option(
            "--project",
            metavar="N",
            help="So many devices are projected over each --link. Repeatable.",
        ),
    ] = None,
    workload: Annotated[
        list[Path] | None,
        typer.Option(
            "--workload",
            metavar="FILE.py",
            help="A file with your own step, measured instead. Repeatable.",
        ),
    ] = None,
    module: Annotated[
        str | None,
        typer.Option(
            "--module",
            metavar="FILE.py:NAME",
            help="Your own nn.Module as it is, and translated to JAX: NAME() returns "
            "(module, inputs) or (module, inputs, loss).",
        ),
    ] = None,
    infer: Annotated[
        bool, typer.Option("--infer", help="Inference of the --module, not a training step.")
    ] = False,
    workload_template: Annotated[
        str | None,
        typer.Option(
            TEMPLATE_OPTION,
            metavar="|".join(TEMPLATES),
            help="Print such a file (train where no kind is given), and exit.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Seed of inputs and schedule.")
    ] = 0,
    export_worker: Annotated[
        Path | None,
        typer.Option(
            "--export-worker",
            metavar="FILE.pyz",
            help="Write FILE.pyz, which measures on a bare node.",
        ),
    ] = None,
    label: LabelOption = None,
    include_host: IncludeHostOption = False,
    list_plan: Annotated[
        bool, typer.Option("--list", help="Show the plan with seconds; run nothing.")
    ] = False,
    keep_env: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-env",
            metavar="NAME",
            help="Measure with this variable of your environment. Repeatable.",
        ),
    ] = None,
    rules: RulesOption = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the run that was interrupted here, at its next launch.",
        ),
    ] = False,
    wait: WaitOption = False,
    lifeline: Annotated[int | None, typer.Option("--lifeline", hidden=True)] = None,
    json: JsonOption = False,
    output: OutputOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    no_color: NoColorOption = False,
) -> int:
    """Measure both frameworks on this machine."""
    from advisor.cli import asking_for, exporting, resuming
    from advisor.cli.background import end_with
    from advisor.cli.models import list_models
    from advisor.cli.scaling import parse_beyond, refuse_beside

    if resume:
        resuming.refuse_beside(context)
    if workload_template is not None:
        typer.echo(template(workload_template), nl=False)
        return ExitCode.DONE
    if models:
        return list_models(json=json)
    if lifeline is not None:
        end_with(lifeline)
    asked = asking_for.asked(
        profile=profile,
        only=only,
        skip=skip,
        framework=framework,
        device=device,
        python=python,
        budget=budget,
        settings=settings,
        task=task,
        transform=transform,
        model=model,
        size=size,
        workload=workload,
        module=module,
        infer=infer,
        seed=seed,
        label=label,
        include_host=include_host,
        keep_env=keep_env,
        rules=rules,
    )
    if devices is not None:
        refuse_beside(
            models=asked.model,
            beside={
                "--only": only,
                "--skip": skip,
                "--task": task,
                "--transform": transform,
                "--workload": workload,
                "--module": module,
                "--export-worker": export_worker,
                "--list": list_plan,
                "--resume": resume,
            },
        )
    beyond = parse_beyond(link or [], project or [], devices)
    manner = Manner(
        json=json, quiet=quiet, verbose=verbose, colour=colour_wanted(no_color), wait=wait
    )
    if resume:
        _refuse_unwritable(output or [])
        with resuming.taken_up(context, asked) as (journal, asked, places):
            return _measured(asked, output or places, manner, journal)
    if export_worker is not None:
        _refuse_local(python=python, workload=workload, module=module, output=output, label=label)
        done = exporting.export_worker(export_worker, asking_for.wishes_of(asked))
        return exporting.tell_export(done, json=json, quiet=quiet)
    _refuse_unwritable(output or [])
    if list_plan:
        return _show_plan(asking_for.campaign_of(asked, quiet=quiet), json=json)
    run = _measured if devices is None else partial(_scaled, devices=devices, beyond=beyond)
    return run(asked, output or [], manner)


@dataclass(frozen=True)
class Manner:
    """How a run tells what it does, and whether it waits for others."""

    json: bool
    quiet: bool
    verbose: bool
    colour: bool
    wait: bool


def _measured(
    asked: Asked, output: list[Path], manner: Manner, journal: Journal | None = None
) -> int:
    """Measure what was *asked*, going on with the *journal* where there is one."""
    from advisor.cli import asking_for, resuming
    from advisor.cli.live import live_progress
    from advisor.cli.scaling import device_lines
    from advisor.measure.campaign import measure

    campaign = asking_for.campaign_of(asked, quiet=manner.quiet, wait=manner.wait)
    with resuming.kept(journal, asked, campaign, output) as kept:
        with live_progress(quiet=manner.quiet, colour=manner.colour) as report:
            finished = measure(replace(campaign, report=report, journal=kept))
        code = tell(
            finished, json=manner.json, output=output, quiet=manner.quiet, verbose=manner.verbose
        )
        resuming.end(kept, interrupted=finished.interrupted)
    here = [(a.kind, a.count) for a in finished.evidence.machine.accelerators]
    for line in device_lines(asked.device or CPU, here):
        say(line, quiet=manner.quiet)
    return code


def _scaled(
    asked: Asked, output: list[Path], manner: Manner, *, devices: int, beyond: Beyond
) -> int:
    """Share the models that were *asked* for out over *devices*, and project *beyond* them."""
    from advisor.cli import asking_for
    from advisor.cli.live import live_progress
    from advisor.measure.scaling import measure_scaling

    campaign = asking_for.campaign_of(asked, quiet=manner.quiet, wait=manner.wait)
    with live_progress(quiet=manner.quiet, colour=manner.colour) as report:
        finished = measure_scaling(replace(campaign, report=report), devices, beyond=beyond)
    return tell(
        finished, json=manner.json, output=output, quiet=manner.quiet, verbose=manner.verbose
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
        if path.is_dir():
            raise UserError("is a directory", hint="give the name of a file", where=str(path))


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


def tell(finished: Finished, *, json: bool, output: list[Path], quiet: bool, verbose: bool) -> int:
    """Write and print what a campaign gave; returns the exit code."""
    from advisor.cli.models import with_carry_over
    from advisor.evidence import to_data
    from advisor.jsonio import dumps

    measured = with_carry_over(readable(finished.evidence))
    document = to_data(measured)
    for path in output:
        write_whole(path, dumps(document))
        say(f"wrote {path}", quiet=quiet)
    if json:
        emit_json(document)
    else:
        from advisor.render.evidence_text import evidence_lines

        print("\n".join(evidence_lines(measured, verbose=verbose)))
    if finished.interrupted:
        say("interrupted; what was finished is in the output")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if finished.complete else ExitCode.INCOMPLETE
