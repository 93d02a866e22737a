"""What `probe` is asked to measure: its options as plain values, and the campaign that they mean.

The same values stand in a journal, so that an interrupted run is asked for again in the same words.
Knows options; it must not know how a run is interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.cli.common import say

if TYPE_CHECKING:
    from advisor.cli.measuring_options import ProbeOptions
    from advisor.knowledge.model import RuleBase
    from advisor.measure.campaign import Campaign
    from advisor.measure.wishes import Wishes

_FILES = ("workload", "rules")


@dataclass(frozen=True)
class Asked:
    """The options of ``probe`` that say what is measured; files with their whole paths."""

    profile: str = "standard"
    only: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    framework: list[str] = field(default_factory=list)
    device: str | None = None
    python: list[str] = field(default_factory=list)
    budget: str | None = None
    settings: str = "matched"
    precision: str = "float32"
    task: str | None = None
    transform: list[str] = field(default_factory=list)
    model: list[str] = field(default_factory=list)
    size: list[str] = field(default_factory=list)
    workload: list[str] = field(default_factory=list)
    module: str | None = None
    infer: bool = False
    seed: int = 0
    label: str | None = None
    include_host: bool = False
    keep_env: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def asked(options: ProbeOptions) -> Asked:
    """What *options* ask for."""
    names = [field.name for field in fields(Asked)]
    return Asked(**{name: _plain(name, getattr(options, name)) for name in names})


def _plain(name: str, value: Any) -> Any:
    listed = Asked.__dataclass_fields__[name].type == "list[str]"
    if name in _FILES:
        return [str(Path(path).resolve()) for path in value or ()]
    if name == "module" and value is not None and ":" in value:
        file, _, function = value.rpartition(":")
        return f"{Path(file).resolve()}:{function}"
    return list(value or ()) if listed else value


def wishes_of(wanted: Asked) -> Wishes:
    """What is wished for, but for what a module brings along.

    Raises:
        UserError: something that does not exist.
    """
    from advisor.cli import measuring
    from advisor.cli.models import checked_texts

    texts = checked_texts(wanted.model, wanted.size)
    # Models come alone, unless a task or probes are asked for beside them.
    alone: dict[str, Any] = {"probes": ()} if (texts or wanted.module) and not wanted.only else {}
    return measuring.make_wishes(
        **(of_task(wanted.task, wanted.transform, [Path(p) for p in wanted.rules]) or alone),
        models=texts,
        profile=wanted.profile,
        settings=wanted.settings,
        precision=wanted.precision,
        only=tuple(wanted.only),
        skip=tuple(wanted.skip),
        frameworks=tuple(wanted.framework),
        device=wanted.device or measuring.CPU,
        budget_s=measuring.parse_budget(wanted.budget),
        seed=wanted.seed,
    )


def campaign_of(wanted: Asked, *, quiet: bool, wait: bool = False) -> Campaign:
    """The campaign for what is *wanted* on this machine; says what stands for a module.

    Raises:
        UserError: a file that is none, or an interpreter of another shape.
        NothingToMeasureError: no interpreter holds a framework.
    """
    from advisor.cli import measuring
    from advisor.cli.foreign_code import say_first_runs
    from advisor.cli.own_files import own_file
    from advisor.cli.own_modules import look_at, module_asked

    measuring.keep_variables(wanted.keep_env)
    wishes = wishes_of(wanted)
    files = [Path(path) for path in wanted.workload]
    own_module = module_asked(wanted.module, infer=wanted.infer, workloads=files)
    own = [own_file(path) for path in files]
    say_first_runs([*own, *([own_module.path] if own_module else [])], measuring.cache_dir())
    around = measuring.look_around(
        wanted.python,
        device=wanted.device,
        label=wanted.label or measuring.host_label(wanted.include_host),
    )
    unlike: dict[str, list[str]] = {}
    if own_module is not None:
        seen = look_at(own_module, around.toolchains)
        say(seen.told, quiet=quiet)
        own, unlike = [own_module.source], seen.unlike
        wishes = replace(wishes, models=(*wishes.models, *seen.models(wishes.models)))
    return measuring.make_campaign(around, wishes, own=own, unlike=unlike, wait=wait)


def of_task(task: str | None, transforms: list[str], packs: list[Path]) -> dict[str, Any]:
    """The probes for a task and transforms, checked; empty where neither is given.

    Raises:
        UserError: a word that the vocabulary does not have.
    """
    if task is None and not transforms:
        return {}
    from advisor.answers_io import parse_assignment
    from advisor.knowledge.loader import load_rule_base

    base = load_rule_base(packs)
    if task is not None:
        parse_assignment(f"task={task}", base, where=f"--task {task}"[:80])
    if transforms:
        named = ",".join(transforms)
        parse_assignment(f"transforms={named}", base, where=f"--transform {named}"[:80])
    return task_probes(base, task, transforms)


def task_probes(base: RuleBase, task: Any, transforms: Sequence[str]) -> dict[str, Any]:
    """The workloads that stand for a task and its transforms, and what each is worth."""
    values: dict[str, float] = {}
    wanted = {("task", task), *(("transforms", name) for name in transforms)}
    for row in base.task_weights:
        if (row.fact, row.value) in wanted:
            for workload, weight in row.weights.items():
                values[workload] = values.get(workload, 0.0) + weight
    ordered = sorted(values, key=lambda name: (-values[name], name))
    return {"probes": ordered, "values": values} if ordered else {}
