"""The workloads that can be measured, as the worker describes them: shipped ones, or users' files.

Knows what goes wrong in a user's file, and tells it as the user's. Measures nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.pair import framework_of
from advisor.text import private
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess

# The type of a worker's error that is the user's file's.
_USERS_FAULT = "UserFileError"
_TEMPLATE_HINT = "a file that works is printed by: fw-advisor probe --workload-template"


@dataclass(frozen=True, kw_only=True)
class OfferedSize:
    """One size of a workload, and what a call of it does."""

    size: Mapping[str, Any] = field(default_factory=dict)
    flops: float | None = None
    bytes: float | None = None
    samples_per_step: float = 1.0
    precision: str = "float32"
    tolerance: Mapping[str, float] = field(default_factory=dict)
    variant_of: str | None = None
    weighs: bool = True


@dataclass(frozen=True, kw_only=True)
class OfferedWorkload:
    """One workload that a worker can run; `source` is the user's file where it is one."""

    id: str
    title: str
    sizes: Mapping[str, OfferedSize]
    modes: tuple[str, ...]
    extra_modes: tuple[str, ...] = ()
    one_off: bool = False
    latency: bool = False
    own_process: bool = False
    stream_calls: int | None = None
    source: str | None = None

    @property
    def frameworks(self) -> frozenset[str]:
        """The frameworks that it has a version for."""
        return frozenset(framework_of(mode) for mode in self.modes)


def read_catalogue(
    worker: Sequence[str], place: Path, own: Sequence[str] = ()
) -> list[OfferedWorkload]:
    """The workloads as the worker describes them, or the users' *own* (paths of files).

    Needs NumPy in this interpreter.

    Raises:
        UserError: something in a user's file is wrong, or two of them have one name.
    """
    _refuse_namesakes(own)
    environment = worker_environment(place, "catalogue")
    argv = (sys.executable, "-B", *worker, "catalogue", *own)
    command = WorkerCommand(argv, environment, (), place / "catalogue.log")
    with WorkerProcess(command) as process:
        reply = process.receive("catalogue", timeout_s=60.0)
    if not reply.get("ok"):
        raise UserError(
            str((reply.get("error") or {}).get("text", "the catalogue could not be read")),
            hint=_TEMPLATE_HINT,
        )
    try:
        return [offered(described) for described in reply["workloads"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise WorkerError("worker-garbage", "no-catalogue") from error


def offered(described: Mapping[str, Any]) -> OfferedWorkload:
    """One workload from what a worker says of it.

    Raises:
        KeyError, TypeError, AttributeError: it is no description of a workload.
    """
    return OfferedWorkload(
        id=str(described["id"]),
        title=str(described["title"]),
        sizes={
            name: OfferedSize(**{key: size[key] for key in _SIZE_KEYS & size.keys()})
            for name, size in described["sizes"].items()
        },
        modes=tuple(described["modes"]),
        extra_modes=tuple(described["extra_modes"]),
        **{key: described[key] for key in _OPTIONAL & described.keys()},
    )


_SIZE_KEYS = frozenset(OfferedSize.__dataclass_fields__)
_OPTIONAL = {"one_off", "latency", "own_process", "stream_calls", "source"}


def _refuse_namesakes(own: Sequence[str]) -> None:
    names: dict[str, str] = {}
    for path in own:
        other = names.setdefault(Path(path).stem, path)
        if other != path:
            raise UserError(
                f"has the name of another workload that is given: {private(other)}",
                hint="rename one of the two files: the evidence tells them apart by their names",
                where=private(path),
            )
        if own.count(path) > 1:
            raise UserError("is given twice", hint="name it once", where=private(path))


def users_fault(error: WorkerError) -> UserError | None:
    """*error* as the user's mistake, where a worker found it in the user's file."""
    if error.values.get("kind") != _USERS_FAULT:
        return None
    return UserError(str(error.values["text"]), hint=_TEMPLATE_HINT)
