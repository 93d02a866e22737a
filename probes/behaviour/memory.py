"""Memory of the process under equal settings: after importing, and at the peak of training.

The same classifier, weights, batch and optimiser on the CPU, in float32. `work_bytes` is what the
peak lies above the process as it was when the work began: run it before other checks, which leave
memory to be used again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from probes import host
from probes.behaviour.perceptron import Task, make_task
from probes.behaviour.perceptron_steps import Step, jax_step, torch_step

STEPS = 3


def _findings(make: Callable[[Task], Step]) -> dict[str, Any]:
    task = make_task(STEPS, batch=1024, inputs=1024, hidden=4096, classes=1024)
    host.reset_peak_memory()
    before = host.peak_memory_bytes()
    step = make(task)
    for x, y in zip(task.x, task.y, strict=True):
        float(step(x, y))
    peak = host.peak_memory_bytes()
    state_bytes = 3 * sum(array.nbytes for array in task.weights.values())
    return {
        "process_bytes": peak,
        "work_bytes": None if before is None or peak is None else peak - before,
        "least_bytes": state_bytes,
    }


def torch_findings() -> dict[str, Any]:
    """Eager, as it is mostly run."""
    return _findings(torch_step)


def jax_findings() -> dict[str, Any]:
    """Jitted with donated state, as it is mostly run."""
    return _findings(jax_step)
