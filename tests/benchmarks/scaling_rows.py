"""Steps over two processes here: gradients against one device's, start-up, steps of one and two."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from advisor.scaling import GRADIENT_LIMIT
from tests.benchmarks.harness import Row

MODELS = ("mlp", "decoder", "resnet")


def scaling(groups: int) -> list[Row]:
    """A row per model and framework, at its default size, by the command that a user types."""
    del groups
    return [_row(one) for model in MODELS for one in _measured(model)]


def _measured(model: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "scaling.json"
        argv = [sys.executable, "-m", "advisor", "probe", "--model", model, "--devices", "2", "-q"]
        subprocess.run(
            [*argv, "--profile", "quick", "-o", str(out)], check=False, stdout=subprocess.DEVNULL
        )
        found: list[dict[str, Any]] = json.loads(out.read_text("utf-8"))["scaling"]
    return found


def _row(one: dict[str, Any]) -> Row:
    points = {(p["devices"], p["kind"]): p for p in one["points"]}
    single, weak = points.get((1, "single"), {}), points.get((2, "weak"), {})
    parity = weak.get("parity") or {}
    far = parity.get("grad_max_relative")
    reached = far is not None and far <= GRADIENT_LIMIT and weak.get("step_s") is not None
    seen = {
        "grad_max_relative": far,
        "reference": parity.get("reference"),
        "start_s": [single.get("start_s"), weak.get("start_s")],
        "step_s": [p.get("step_s") for p in points.values()],
        "efficiency": weak.get("efficiency"),
        "overhead_s": weak.get("overhead_s"),
        "disturbed": weak.get("disturbed"),
        "reason": one["reason"],
    }
    return Row(
        f"two devices, {one['model']} in {one['framework']}",
        f"gradients within {GRADIENT_LIMIT:g}",
        json.dumps(seen),
        reached,
        one,
    )
