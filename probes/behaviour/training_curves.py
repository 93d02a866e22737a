"""Whether training takes the same course from the same weights and batches, loss by loss.

Each framework is compared with the same training in float64 NumPy here, and with the other one
by the driver, which has both curves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from probes.behaviour.perceptron import Task, make_task, reference_curve
from probes.behaviour.perceptron_steps import Step, jax_step, torch_step

STEPS = 192


def _findings(make: Callable[[Task], Step]) -> dict[str, Any]:
    task = make_task(STEPS, batch=64, inputs=784, hidden=256, classes=10)
    step = make(task)
    curve = [float(step(x, y)) for x, y in zip(task.x, task.y, strict=True)]
    reference = reference_curve(task)
    return {
        "steps": STEPS,
        "curve": curve,
        "first_loss": curve[0],
        "last_loss": curve[-1],
        "from_reference": max(abs(a - b) for a, b in zip(curve, reference, strict=True)),
    }


def torch_findings() -> dict[str, Any]:
    """The article's classifier, 784-256-10, eagerly."""
    return _findings(torch_step)


def jax_findings() -> dict[str, Any]:
    """The same, jitted whole."""
    return _findings(jax_step)
