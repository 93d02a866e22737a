"""The workloads that can be measured, as the worker describes them: shipped ones, or users' files.

Knows what goes wrong in a user's file, and tells it as the user's. Measures nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import UserError
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess
from advisor.text import private

# How a worker's error begins that is the user's file's.
_USERS_FAULT = "UserFileError: "
_TEMPLATE_HINT = "a file that works is printed by: fw-advisor probe --workload-template"


def read_catalogue(
    worker: Sequence[str], place: Path, own: Sequence[str] = ()
) -> list[dict[str, Any]]:
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
    found = reply.get("workloads")
    if not isinstance(found, list):
        raise WorkerError("worker-garbage", "the catalogue is no list of workloads")
    return found


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


def offers_of(catalogue: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The frameworks that each workload has a version for."""
    return {str(w["id"]): {str(m).partition(".")[0] for m in w["modes"]} for w in catalogue}


def as_offered(
    probes: Sequence[Mapping[str, Any]], offers: Mapping[str, Collection[str]]
) -> list[dict[str, Any]]:
    """*probes* without entries for a framework that their workload has no version for."""
    return [
        {**p, "entries": [e for e in p["entries"] if e["framework"] in offers[p["id"]]]}
        for p in probes
    ]


def users_fault(error: WorkerError) -> UserError | None:
    """*error* as the user's mistake, where a worker found it in the user's file."""
    if not error.text.startswith(_USERS_FAULT):
        return None
    return UserError(error.text.removeprefix(_USERS_FAULT), hint=_TEMPLATE_HINT)
