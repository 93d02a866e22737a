"""Which workloads there are: found by folder, described as data, loaded one at a time.

Knows names and sizes; must not know how anything is timed.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from dataclasses import asdict
from typing import Any

from probes.model import PREFIX, workload_of
from probes.own import module as own_module
from probes.workload import Size, Workload

_PACKAGE = "probes.workloads"


def names() -> list[str]:
    """Ids of all workloads, sorted."""
    package = importlib.import_module(_PACKAGE)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)


def load(workload_id: str, source: str | None = None) -> Workload:
    """The workload called *workload_id*, or the user's own in the file *source*.

    ``model:FAMILY`` is one step of a model, whose inputs can be made at any of its sizes.

    Raises:
        KeyError: there is none of that name.
    """
    if source:
        from probes import user_workload

        return user_workload.load(source)
    if workload_id.startswith(PREFIX):
        from probes.models import catalogue as models

        return workload_of(models.load(workload_id.removeprefix(PREFIX)), {})
    if workload_id not in names():
        raise KeyError(f"no workload is called {workload_id!r}")
    module = importlib.import_module(f"{_PACKAGE}.{workload_id}.inputs")
    workload: Workload = module.WORKLOAD
    return workload


def framework_module(workload_id: str, name: str) -> Any:
    """The module ``torch_`` or ``jax_`` of a workload."""
    return importlib.import_module(f"{_PACKAGE}.{workload_id}.{name}")


def describe(workload: Workload) -> dict[str, Any]:
    """One workload as data: what the driver plans with."""
    return {
        "id": workload.id,
        "title": workload.title,
        "stands_for": workload.stands_for,
        "limits": workload.limits,
        "precision": workload.precision,
        "modes": list(workload.modes),
        "extra_modes": list(workload.extra_modes),
        "one_off": workload.one_off,
        "latency": workload.latency,
        "own_process": workload.own_process,
        "stream_calls": workload.stream_calls,
        "trains": workload.trains,
        "tolerance": asdict(workload.tolerance),
        "sizes": {
            name: {
                "size": dict(size),
                "flops": workload.flops(size) if workload.flops else None,
                "bytes": workload.bytes_moved(size) if workload.bytes_moved else None,
                "samples_per_step": workload.samples_per_step(size),
                "variant_of": workload.variants.get(name),
                "weighs": name not in workload.beside,
                "precision": workload.precisions.get(name, workload.precision),
                "tolerance": asdict(workload.tolerances.get(name, workload.tolerance)),
            }
            for name, size in workload.sizes.items()
        },
    }


def write_inputs(workload: Workload, size: Size, seed: int, path: str) -> str:
    """Write the shared inputs to *path* (.npz); returns the SHA-256 of their content.

    The hash covers names, dtypes, shapes and bytes, not the container, which holds a time.
    """
    import hashlib

    import numpy as np

    arrays = workload.make_inputs(seed, size)
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    partial = f"{path}.{os.getpid()}.npz"
    np.savez(partial, **arrays)  # type: ignore[arg-type]  # numpy types **kwds as bool here
    os.replace(partial, path)
    return digest.hexdigest()


def main(argv: list[str]) -> int:
    """Print the catalogue as one JSON document, through a channel that nothing else writes to.

    The arguments are ids, or paths of users' own files; none means all that are shipped.
    """
    from probes.protocol import Channel

    channel = Channel()
    try:
        found = [_described(name) for name in argv or names()]
    except Exception as error:
        channel.reply({"ok": False, "error": {"type": type(error).__name__, "text": str(error)}})
        return 1
    channel.reply({"ok": True, "workloads": found})
    return 0


def _described(name: str) -> dict[str, Any]:
    if own_module.is_module(name):
        # It needs a framework, which this interpreter may lack.
        return {**describe(load("", name)), "source": name}
    if not name.endswith(".py"):
        return describe(load(name))
    workload = load("", name)
    # What fails in a user's inputs() is told now, and not after minutes of measuring.
    for size in workload.sizes.values():
        workload.make_inputs(0, size)
    return {**describe(workload), "source": name}
