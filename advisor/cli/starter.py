"""``fw-advisor starter``: the first day after the decision, as a small project that runs.

Knows where the framework, the task and the install line come from. It must not know what is in a
project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from advisor.cli import app, completing
from advisor.cli.common import (
    JsonOption,
    QuietOption,
    RulesOption,
    VerboseOption,
    emit_json,
    say,
)
from advisor.cli.flat import flat
from advisor.errors import ExitCode, UserError
from advisor.pair import FRAMEWORK_WORDS, TITLES

if TYPE_CHECKING:
    from advisor.knowledge.model import RuleBase

STARTER_SCHEMA = "fw-advisor/starter@1"
_OTHER_NAMES = {
    "tabular": "tabular_timeseries",
    "rl": "reinforcement_learning",
    "ode": "scientific_computing",
}


@dataclass(frozen=True)
class Chosen:
    """What a project is made for, and how its framework is installed."""

    framework: str
    task: str
    install: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stack: tuple[tuple[str, str], ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class StarterOptions:
    """What `starter` takes, in the order in which its help lists it."""

    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="The decision.json that says what for."),
    ] = None
    framework: Annotated[
        str | None,
        typer.Option(
            "--framework",
            metavar="pytorch|jax",
            autocompletion=completing.frameworks,
            help="Without a record.",
        ),
    ] = None
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="TASK", autocompletion=completing.tasks, help="Without a record."
        ),
    ] = None
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="A new or an empty directory.")
    ]
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write into DIR though it holds files already.")
    ] = False
    rules: RulesOption = None
    json: JsonOption = False
    quiet: QuietOption = False
    verbose: VerboseOption = False


@app.command()
@flat
def starter(options: StarterOptions) -> int:
    """Write a small project that trains.

    In the chosen framework, with the install line for this hardware.
    """
    from advisor.files import write_whole
    from advisor.knowledge.loader import load_rule_base
    from advisor.render.starter import STARTERS, starter_files

    base = load_rule_base(options.rules or ())
    chosen = _chosen(base, options.record, options.framework, options.task)
    if chosen.task not in STARTERS:
        raise _no_starter(base, chosen, STARTERS)
    _refuse_full(options.output, overwrite=options.overwrite)
    files = starter_files(
        chosen.framework,
        chosen.task,
        install=chosen.install,
        notes=chosen.notes,
        stack=chosen.stack,
        why=chosen.why,
    )
    for name, text in files.items():
        write_whole(options.output / name, text)
    if options.json:
        emit_json(
            {
                "schema": STARTER_SCHEMA,
                "framework": chosen.framework,
                "task": chosen.task,
                "directory": str(options.output),
                "files": sorted(files),
                "install": list(chosen.install),
            }
        )
        return ExitCode.DONE
    say(f"Written: {options.output} ({', '.join(sorted(files))})", quiet=options.quiet)
    if options.verbose:
        for text in (chosen.why, *chosen.notes):
            say(text)
    for line in (*chosen.install, "python -m pip install -r requirements.txt", "python train.py"):
        typer.echo(f"  {line}")
    return ExitCode.DONE


def _chosen(base: RuleBase, record: Path | None, framework: str | None, task: str | None) -> Chosen:
    if record is None:
        if framework is None or task is None:
            raise UserError(
                "a starter needs a framework and a task",
                hint="give --record decision.json, or --framework and --task",
            )
        return _from_options(base, framework, _OTHER_NAMES.get(task, task))
    if framework is not None and task is not None:
        raise UserError("--record names framework and task already", hint="leave one of them out")
    return _from_record(base, record, framework, task)


def _from_options(base: RuleBase, framework: str, task: str) -> Chosen:
    from advisor.knowledge.fields import did_you_mean, shown

    name = _framework(framework)
    tasks = base.facts["task"].values
    if task not in tasks:
        hint = did_you_mean(task, tasks) or f"one of: {', '.join(tasks)}"
        raise UserError(f"{shown(task)} is not a task", hint=hint)
    install, notes = _install(base, name, _here())
    why = f"{TITLES[name]} was named on the command line; nothing was decided here."
    return Chosen(name, task, install, notes, _stack(base, name, {"task": task}), why)


def _framework(word: str) -> str:
    from advisor.knowledge.fields import shown

    name = FRAMEWORK_WORDS.get(word)
    if name is None:
        raise UserError(f"{shown(word)} is no framework", hint="one of: pytorch, jax")
    return name


def _from_record(base: RuleBase, path: Path, framework: str | None, task: str | None) -> Chosen:
    from advisor.jsonio import read_json
    from advisor.record import thaw

    record = thaw(read_json(path), str(path))
    decision, values = record.decision, record.inputs.answers.values
    recommended = decision.recommended.framework
    if framework is None and recommended is None:
        raise UserError(
            "the decision names no framework, so that there is none to start with",
            hint="name one: --framework pytorch or --framework jax",
            where=str(path),
        )
    name = _framework(framework or str(recommended))
    asked = _OTHER_NAMES.get(task or "", task or str(values.get("task", "")))
    facts = {**_here(), **{k: v for k, v in values.items() if k in _PLACES}}
    install, notes = _install(base, name, facts)
    stack = [(entry.package, entry.why) for entry in decision.recommended.stack]
    if name != recommended:
        stack = list(_stack(base, name, values))
    return Chosen(name, asked, install, notes, tuple(stack), decision.headline)


_PLACES = ("hardware.train", "hardware.os", "python")


def _here() -> dict[str, Any]:
    """What this machine is, in the words of answers."""
    import platform
    import sysconfig

    from advisor.machine.describe import describe_machine
    from advisor.machine.detected import detected_facts

    facts = detected_facts(describe_machine(), ())
    here = {
        "hardware.train": facts.get("detected.hardware"),
        "hardware.os": facts.get("detected.os"),
    }
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    here["python"] = ".".join(platform.python_version_tuple()[:2]) + threaded
    return {key: value for key, value in here.items() if value}


def _install(
    base: RuleBase, framework: str, facts: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commands, and what has to be said of them."""
    from advisor.knowledge.installs import install_lines
    from advisor.knowledge.supply import Install

    line = install_lines(
        base,
        framework,
        hardware=facts.get("hardware.train"),
        os=facts.get("hardware.os"),
        python=facts.get("python"),
    )
    if isinstance(line, Install):
        return (line.command,), (line.note,) if line.note else ()
    instead = f" {line.instead}" if line.instead else ""
    return (), (f"No install line is known for this hardware: {line.why}.{instead}",)


def _stack(base: RuleBase, framework: str, facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The libraries that the rules name for these *facts*, each once."""
    from advisor.knowledge.evaluate import truth_of

    named: dict[str, str] = {}
    for rule in base.rules:
        if rule.suggests.get("framework") != framework or truth_of(rule.when, facts) != "true":
            continue
        for entry in rule.suggests.get("stack", ()):
            named.setdefault(str(entry["package"]), str(entry.get("why", "")))
    return tuple(named.items())


def _no_starter(base: RuleBase, chosen: Chosen, starters: Mapping[str, Any]) -> UserError:
    stack: Sequence[tuple[str, str]] = chosen.stack or _stack(
        base, chosen.framework, {"task": chosen.task}
    )
    libraries = ", ".join(package for package, _ in stack)
    title = TITLES[chosen.framework]
    begin = f"begin with {libraries}" if libraries else f"begin with {title} alone"
    have = ", ".join(sorted(starters))
    word = base.facts["task"].values.get(chosen.task, chosen.task) or "no task"
    return UserError(
        f"there is no starter yet for this task ({word})",
        hint=f"{begin}; there are starters for: {have}",
    )


def _refuse_full(directory: Path, *, overwrite: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise UserError(
            "is a file, and a project is a directory",
            hint="name a new directory after -o",
            where=str(directory),
        )
    if directory.exists() and not overwrite and any(directory.iterdir()):
        raise UserError(
            "is not empty, and nothing in it is written over",
            hint="name a new directory after -o, or add --overwrite",
            where=str(directory),
        )
