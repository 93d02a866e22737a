"""Which checks of behaviour there are, and how one is run."""

from __future__ import annotations

import importlib
import math
import time
from typing import Any

CHECKS = (
    "memory",
    "value_branches",
    "printing",
    "default_precision",
    "out_of_bounds",
    "in_place",
    "lengths",
    "training_curves",
    "derivatives",
    "symbolic_export",
    "random_streams",
    "error_distance",
    "installing",
    "derivations",
    "graph_capture",
    "devices",
    "contents",
    "length_costs",
)
"""In the order in which they are run: what measures memory comes before what leaves some."""


def run(check: str, framework: str) -> dict[str, Any]:
    """What *check* finds in *framework*, and the seconds that it took.

    Raises:
        ValueError: there is no such check, or a finding is no flag, number, text or list.
    """
    if check not in CHECKS:
        raise ValueError(f"no check of behaviour is called {check!r}")
    module = importlib.import_module(f"probes.behaviour.{check}")
    look = module.torch_findings if framework == "pytorch" else module.jax_findings
    start = time.perf_counter()
    found = {name: _plain(value) for name, value in look().items()}
    return {"findings": found, "seconds": time.perf_counter() - start}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value[:300]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        # JSON has no infinity: what is no number was not found.
        return value if math.isfinite(value) else None
    raise ValueError(f"{type(value).__name__} is no finding")
