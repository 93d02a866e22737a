"""One run of the task in one framework: looked at after every epoch, seconds since it was asked.

Knows which module is whose; decides nothing about what its numbers mean.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from typing import Any

from probes.accuracy.task import make_task


def attain(runtime: Any, framework: str, request: dict[str, Any]) -> dict[str, Any]:
    """Train through all epochs; when the first step and each epoch ended, and the accuracy then."""
    begin = time.perf_counter()
    name = "torch_" if framework == "pytorch" else "jax_"
    module = importlib.import_module(f"probes.accuracy.{name}")
    task = make_task(
        int(request["seed"]),
        epochs=int(request["epochs"]),
        hidden=int(request["hidden"]),
        batch=int(request["batch"]),
    )
    step, accuracy = module.start(task, runtime)
    first_step_s, looks = 0.0, []
    for epoch in task.batches:
        for rows in epoch:
            loss = step(rows)
            if not first_step_s:
                # Waits for the device: what comes before is compiling and starting.
                float(loss)
                first_step_s = time.perf_counter() - begin
        accurate = accuracy()
        looks.append([time.perf_counter() - begin, accurate])
    return {
        "mode": module.MODE,
        "first_step_s": first_step_s,
        "looks": looks,
        "inputs_sha256": task.sha256,
        "code_lines": code_lines(name),
    }


def code_lines(name: str) -> int:
    """Lines of the framework's version, without empty ones and comments."""
    source = pkgutil.get_data("probes.accuracy", f"{name}.py") or b""
    lines = (line.strip() for line in source.decode("utf-8").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)
