"""The inputs that both frameworks share: one file an item, written by a worker of NumPy's."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from advisor.measure.plan import Plan
from advisor.measure.work import WorkItem
from advisor.workers.environment import worker_environment
from advisor.workers.worker import WorkerCommand, WorkerError, WorkerProcess, worker_argv

_TIMEOUT_S = 120.0


def write_inputs(
    wanted: Sequence[WorkItem], plan: Plan, worker: Sequence[str], workspace: Path
) -> dict[str, tuple[str, str]]:
    """By item the file of its inputs and their SHA-256.

    Raises:
        WorkerError: no interpreter can write them.
    """
    items = {item.key: item for item in wanted}
    # Any interpreter with NumPy will do; the frameworks' own have it for certain.
    others = [toolchain.interpreter for toolchain in plan.toolchains]
    try:
        return _written_by(sys.executable, items, plan.seed, worker, workspace)
    except WorkerError:
        if not others:
            raise
        return _written_by(others[0], items, plan.seed, worker, workspace)


def _written_by(
    interpreter: str,
    items: Mapping[str, WorkItem],
    seed: int,
    worker: Sequence[str],
    workspace: Path,
) -> dict[str, tuple[str, str]]:
    written = {}
    command = WorkerCommand(
        worker_argv(interpreter, worker, "--framework", "numpy"),
        worker_environment(workspace, "inputs"),
        (),
        workspace / "inputs.log",
    )
    with WorkerProcess(command) as process:
        for key, item in items.items():
            path = workspace / f"inputs-{key.replace('/', '-')}.npz"
            reply = process.ask(
                "inputs",
                timeout_s=_TIMEOUT_S,
                workload=item.workload,
                size=dict(item.size),
                seed=seed,
                path=str(path),
                source=item.source,
            )
            written[key] = (str(path), str(reply["sha256"]))
    return written
