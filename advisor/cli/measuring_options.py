"""The options of commands that measure: each declared once, and all of `probe`'s together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from advisor.cli import completing
from advisor.cli.common import (
    JsonOption,
    NoColorOption,
    OutputOption,
    QuietOption,
    RulesOption,
    VerboseOption,
)
from advisor.cli.own_files import TEMPLATE_OPTION, TEMPLATES

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
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PROBE",
        autocompletion=completing.probes,
        help="Only this probe (a name or pattern).",
    ),
]
SkipOption = Annotated[
    list[str] | None,
    typer.Option(
        "--skip",
        metavar="PROBE",
        autocompletion=completing.probes,
        help="Not this probe (a name or pattern).",
    ),
]
FrameworkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--framework",
        metavar=completing.FRAMEWORKS,
        autocompletion=completing.frameworks,
        help="Only pytorch or only jax.",
    ),
]
SettingsOption = Annotated[
    str,
    typer.Option(
        "--settings",
        metavar=completing.SETTINGS,
        autocompletion=completing.settings,
        help="matched (decides) or default (out of the box).",
    ),
]
PrecisionOption = Annotated[
    str,
    typer.Option(
        "--precision",
        metavar=completing.PRECISIONS,
        autocompletion=completing.precisions,
        help="How float32 is multiplied: as such, or as tf32 on NVIDIA's tensor cores.",
    ),
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        autocompletion=completing.tasks,
        help="The probes that stand for this task.",
    ),
]
TransformOption = Annotated[
    list[str] | None,
    typer.Option(
        "--transform",
        metavar="TRANSFORM",
        autocompletion=completing.transforms,
        help="And those that stand for this transform. Repeatable.",
    ),
]
ModelsOption = Annotated[
    bool, typer.Option("--models", help="List the models that can be measured, and exit.")
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="FAMILY[:PRESET]",
        help="A model, measured instead (--models lists them). Repeatable.",
    ),
]
SizeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--size",
        metavar="KEY=VALUE",
        help="A size of the model: layers=12, widths=64,128; batch=8,32,128 measures all "
        "three. Repeatable.",
    ),
]
DevicesOption = Annotated[
    int | None,
    typer.Option(
        "--devices",
        metavar="N",
        help="How the step of the --model scales over up to N devices here (processes, on a "
        "CPU), in each framework for itself.",
    ),
]
LinkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--link",
        metavar="BANDWIDTH,LATENCY",
        help="What joins machines, as you state it (50GB/s,5us), to project steps beyond the "
        "--devices at hand: no measurement, in no verdict. Repeatable.",
    ),
]
ProjectOption = Annotated[
    list[int] | None,
    typer.Option(
        "--project",
        metavar="N",
        help="So many devices are projected over each --link. Repeatable.",
    ),
]
TimeToAccuracyOption = Annotated[
    bool,
    typer.Option(
        "--time-to-accuracy",
        help="Instead of steps: train handwritten digits to 95 % in each framework, from cold "
        "start, and tell the seconds, epochs, accuracy and memory.",
    ),
]
WorkloadOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--workload",
        metavar="FILE.py",
        help="A file with your own step, measured instead. Repeatable.",
    ),
]
ModuleOption = Annotated[
    str | None,
    typer.Option(
        "--module",
        metavar="FILE.py:NAME",
        help="Your own nn.Module as it is, and translated to JAX, or one of Flax NNX: NAME() "
        "returns (module, inputs) or (module, inputs, loss).",
    ),
]
InferOption = Annotated[
    bool, typer.Option("--infer", help="Inference of the --module, not a training step.")
]
TemplateOption = Annotated[
    str | None,
    typer.Option(
        TEMPLATE_OPTION,
        metavar="|".join(TEMPLATES),
        help="Print such a file (train where no kind is given), and exit.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", help="Seed of inputs and schedule.")
]
ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export-worker",
        metavar="FILE.pyz",
        help="Write FILE.pyz, which measures on a bare node.",
    ),
]
ListOption = Annotated[
    bool, typer.Option("--list", help="Show the plan with seconds; run nothing.")
]
KeepEnvOption = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-env",
        metavar="NAME",
        help="Measure with this variable of your environment. Repeatable.",
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the run that was interrupted here, at its next launch.",
    ),
]
LifelineOption = Annotated[int | None, typer.Option("--lifeline", hidden=True)]


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """What `probe` takes, in the order in which its help lists it."""

    profile: ProfileOption = "standard"
    only: OnlyOption = None
    skip: SkipOption = None
    framework: FrameworkOption = None
    device: DeviceOption = None
    python: PythonOption = None
    budget: BudgetOption = None
    settings: SettingsOption = "matched"
    precision: PrecisionOption = "float32"
    task: TaskOption = None
    transform: TransformOption = None
    models: ModelsOption = False
    model: ModelOption = None
    size: SizeOption = None
    devices: DevicesOption = None
    link: LinkOption = None
    project: ProjectOption = None
    time_to_accuracy: TimeToAccuracyOption = False
    workload: WorkloadOption = None
    module: ModuleOption = None
    infer: InferOption = False
    workload_template: TemplateOption = None
    seed: SeedOption = 0
    export_worker: ExportOption = None
    label: LabelOption = None
    include_host: IncludeHostOption = False
    list_plan: ListOption = False
    keep_env: KeepEnvOption = None
    rules: RulesOption = None
    resume: ResumeOption = False
    wait: WaitOption = False
    lifeline: LifelineOption = None
    json: JsonOption = False
    output: OutputOption = None
    quiet: QuietOption = False
    verbose: VerboseOption = False
    no_color: NoColorOption = False
