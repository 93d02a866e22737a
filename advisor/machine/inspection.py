"""Asks one interpreter what it holds, by running our worker script in it.

The interpreter is someone else's: it may hang, crash, print anything, or be too old. Every way
in which it fails becomes a problem with a stable id; nothing it does reaches the caller as an
exception. Its environment is the one that workers get.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from advisor.machine.host import run_command
from advisor.pair import FRAMEWORKS
from advisor.text import inert
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, crashed

OLDEST_PYTHON = (3, 10)
_PROBLEMS = {
    "worker-hung": "interpreter-hung",
    "worker-crashed": "interpreter-crashed",
    "worker-garbage": "interpreter-garbage",
    "output-flood": "interpreter-garbage",
}


@dataclass(frozen=True)
class Holdings:
    """What one interpreter said of itself, or why it could not.

    `frameworks` maps pytorch and jax to ``{version, build, lacks}`` where it holds them; `asked`
    maps a framework to ``{devices, warnings, error}`` where its devices were asked for;
    `headers` tells whether Python.h is there.
    """

    interpreter: str
    python: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    frameworks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: bool | None = None
    problem: Mapping[str, str] | None = None


def inspect_interpreter(
    interpreter: str,
    *,
    worker: Sequence[str],
    devices: str | None = None,
    packages: Sequence[str] = (),
    timeout_s: float = 10.0,
) -> Holdings:
    """What *interpreter* holds.

    Args:
        interpreter: Path of a Python.
        worker: The worker script, as `resources` finds it.
        devices: A framework to import for its devices (takes seconds).
        packages: Distributions to look for beside the known ones.
        timeout_s: How long it may take; after that it is killed with all that it started.
    """
    options = ["--devices", devices] if devices else []
    if packages:
        options += ["--packages", ",".join(packages)]
    argv = (interpreter, "-B", *worker, "inspect", *options)
    with tempfile.TemporaryDirectory(prefix="fw-advisor-") as name:
        place = Path(name)
        environment = worker_environment(place, "inspect")
        try:
            reply = _ask(WorkerCommand(argv, environment, (), place / "log"), timeout_s)
            return _read(interpreter, reply)
        except WorkerError as error:
            # One that hung would hang again; a Python that is too old stops at once.
            hung = error.id == "worker-hung"
            python = None if hung else _bare_version(interpreter, environment)
            return Holdings(interpreter, python=python, problem=_problem(error, python))
        except OSError as error:
            text = f"could not be started: {error.strerror or error}"
            return Holdings(interpreter, problem={"id": "interpreter-crashed", "text": text})


_UNDER_WAY: set[WorkerProcess] = set()
_ABANDONED: WeakSet[WorkerProcess] = WeakSet()


def abandon() -> None:
    """End every interpreter that is being asked in some thread: nobody waits for it any more."""
    for process in list(_UNDER_WAY):
        _ABANDONED.add(process)
        process.kill()


def _ask(command: WorkerCommand, timeout_s: float) -> dict[str, Any]:
    if os.name != "posix":
        return _ask_plainly(command, timeout_s)
    with WorkerProcess(command) as process:
        _UNDER_WAY.add(process)
        try:
            reply = process.receive("inspect", timeout_s)
        except WorkerError as error:
            if process in _ABANDONED:
                # Its version would be asked for otherwise, which may take as long.
                raise WorkerError("worker-hung", doing="inspect", limit_s=timeout_s) from error
            raise
        else:
            # All is said, and a framework takes a third of a second to leave in order.
            process.kill()
            return reply
        finally:
            _UNDER_WAY.discard(process)


def _ask_plainly(command: WorkerCommand, timeout_s: float) -> dict[str, Any]:
    """The same without a guardian, which needs POSIX: so that doctor works on Windows."""
    ran = run_command(command.argv, command.environment, timeout_s)
    if ran.status is None:
        raise WorkerError("worker-hung", doing="inspect", limit_s=timeout_s)
    if ran.status != 0:
        raise crashed("inspect", ran.status)
    try:
        reply = json.loads(ran.text)
    except (ValueError, RecursionError) as error:
        raise WorkerError("worker-garbage", "no-json", doing="inspect") from error
    if not isinstance(reply, dict):
        raise WorkerError("worker-garbage", "answer-no-object", doing="inspect")
    return reply


def _read(interpreter: str, reply: Mapping[str, Any]) -> Holdings:
    """The reply as `Holdings`; an interpreter can answer anything, so every part is checked.

    Raises:
        WorkerError: the reply has another shape.
    """
    python, frameworks = reply.get("python"), reply.get("frameworks")
    if not isinstance(python, str) or not isinstance(frameworks, dict):
        raise WorkerError("worker-garbage", "no-holdings")
    return Holdings(
        interpreter,
        python=inert(python, limit=40),
        packages=_texts(reply.get("packages")),
        frameworks=_objects(frameworks),
        asked=_objects(reply.get("asked")),
        headers=reply["headers"] if isinstance(reply.get("headers"), bool) else None,
    )


def _objects(value: Any) -> dict[str, dict[str, Any]]:
    """The entries of *value* that are objects themselves, for the two frameworks."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {k: v for k, v in pairs if k in FRAMEWORKS and isinstance(v, dict)}


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {
        inert(str(name), limit=100): inert(version, limit=100)
        for name, version in sorted(value.items())
        if isinstance(version, str)
    }


def _problem(error: WorkerError, version: str | None) -> dict[str, str]:
    if version is not None and _parts(version) < OLDEST_PYTHON:
        return {
            "id": "python-too-old",
            "text": f"is Python {version}; measuring needs 3.10 or later",
            "hint": "point --python to an environment with a newer Python",
        }
    return {
        "id": _PROBLEMS.get(error.id, "interpreter-crashed"),
        "text": inert(_what_happened(error), limit=500),
        "hint": "check that it is a Python that starts, or point --python to another",
    }


def _what_happened(error: WorkerError) -> str:
    """The fault of an interpreter in a few words: findings about a machine are told by its room."""
    values = error.values
    if error.id == "worker-hung":
        return f"no answer within {values['limit_s']:.0f} s"
    if error.id != "worker-crashed":
        return "its answer is not that of a worker"
    ended = {"signal": f"killed by {values.get('signal')}", "unknown": "unknown status"}
    how = ended.get(error.case, f"exit status {values.get('status')}")
    log = f": {values['log']}" if values.get("log") else ""
    return f"stopped when it was asked what it holds ({how}){log}"


def _bare_version(interpreter: str, environment: Mapping[str, str]) -> str | None:
    """The version as the barest program prints it; works for any Python."""
    code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    text = run_command([interpreter, "-S", "-c", code], environment, 3.0).text.strip()
    return text if re.fullmatch(r"\d+\.\d+\.\d+", text) else None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
