"""A module of the user's: what it computes, the step it is measured as, and what that gave.

The module is counted in the user's own PyTorch, which names the nearest family of models with its
sizes; it is timed as it is, by a step that is written for it. Knows names, sizes and probes. It
must not know any framework.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.evidence import Evidence, Probe, Reason, Work, WorkMode
from advisor.resources import resource_dir
from advisor.text import inert, private
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess

_CENSUS_LIMIT_S = 180.0
_PREFIX = "module_"


@dataclass(frozen=True)
class Census:
    """What a module computes.

    Attributes:
        file: The user's file, whole path.
        name: The function in it that makes the module.
        family: The family of models that is nearest.
        size: What of its sizes could be read off.
        unlike: Kinds of operations that the family has not.
        operations: How often each kind stands in the module's graph.
        parameters: How many numbers it trains.
        trains: Whether it is in training mode: then a training step is timed, else inference.
    """

    file: Path
    name: str
    family: str
    size: Mapping[str, Any] = field(default_factory=dict)
    unlike: tuple[str, ...] = ()
    operations: Mapping[str, int] = field(default_factory=dict)
    parameters: int = 0
    trains: bool = True

    @property
    def probe(self) -> str:
        """The id of the probe that times it."""
        return f"{_PREFIX}{self.name}"


def split_module(text: str) -> tuple[Path, str]:
    """``FILE.py:NAME`` in its two parts.

    Raises:
        UserError: another form, or no such file.
    """
    file, colon, name = text.rpartition(":")
    path = Path(file)
    if not colon or not name.isidentifier():
        raise UserError(
            f"--module {text!r} is no FILE.py:NAME",
            hint="NAME is a function without arguments that returns (module, inputs), or "
            "(module, inputs, loss)",
        )
    if path.suffix != ".py" or not path.is_file():
        raise UserError("is no Python file with a module", where=file)
    return path.resolve(), name


def census_of(
    path: Path, name: str, *, interpreter: str, worker: Sequence[str], place: Path
) -> Census:
    """Count what the module that *name* makes computes; runs the user's code in *interpreter*.

    Raises:
        UserError: the file or its function cannot be run, or its module not be exported.
    """
    argv = (interpreter, "-B", *worker, "census", "--file", str(path), "--name", name)
    command = WorkerCommand(argv, worker_environment(place, "census"), (), place / "census.log")
    with WorkerProcess(command) as process:
        reply = process.receive("census", _CENSUS_LIMIT_S)
    if not reply.get("ok"):
        error = reply.get("error")
        parts: Mapping[str, Any] = error if isinstance(error, dict) else {}
        line = parts.get("line")
        raise UserError(
            inert(private(str(parts.get("text", "the module could not be read"))), limit=600),
            hint=f"{name}() has to return (module, inputs) or (module, inputs, loss) that "
            "torch.export takes",
            where=f"{path}:{line}" if isinstance(line, int) else str(path),
        )
    try:
        return Census(
            file=path,
            name=name,
            family=str(reply["family"]),
            size=dict(reply["size"]),
            unlike=tuple(map(str, reply["unlike"])),
            operations=dict(reply["operations"]),
            parameters=int(reply["parameters"]),
            trains=reply["trains"] is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerError("worker-garbage", "no-catalogue") from error


def written_step(census: Census, place: Path) -> Path:
    """A file in *place* that times the module as it is, as ``--workload`` takes it."""
    text = (resource_dir("templates") / "workload" / "module.py").read_text("utf-8")
    named = f"FILE, NAME = {json.dumps(str(census.file))}, {json.dumps(census.name)}"
    path = place / f"{census.probe}.py"
    path.write_text(text.replace('FILE, NAME = "", ""', named), "utf-8")
    return path


def with_modules(evidence: Evidence, censuses: Sequence[Census]) -> Evidence:
    """*evidence* with a work for each module, and what its family has not beside the family."""
    works = list(evidence.works)
    for census in censuses:
        works = [
            replace(work, unlike=list(census.unlike)) if work.model == census.family else work
            for work in works
        ]
        timed = next((p for p in evidence.probes if p.id == census.probe), None)
        works.insert(0, _work(census, timed))
    return replace(evidence, works=works)


def _work(census: Census, probe: Probe | None) -> Work:
    """The module's times in PyTorch; alone, since it has no twin in JAX."""
    entries = [
        e
        for e in (probe.entries if probe else ())
        if e.framework == "pytorch" and e.status == "ok" and e.median_s is not None
    ]
    best = min(entries, key=lambda e: e.median_s or 0.0, default=None)
    modes = [
        WorkMode(
            mode=e.mode,
            step_s=e.median_s or 0.0,
            ci=e.interval_s,
            chosen=e is best,
            variant=e.variant,
            compile_s=e.compile_s,
        )
        for e in entries
    ]
    values = {"family": census.family}
    return Work(
        model=f"module:{census.name}",
        name=census.name,
        title=census.name,
        size=dict(census.size),
        device=probe.device if probe else "cpu",
        cores=probe.cores if probe else None,
        modes=modes,
        a=best.mode if best else None,
        verdict="invalid",
        reason=Reason("module-alone", values=values),
        unlike=list(census.unlike),
    )
