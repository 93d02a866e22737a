"""Two real models that the suite does not contain, beside what the suite predicts for them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from advisor.decide.speed import TRANSFER_NAMED, Speed, speed_for
from advisor.evidence import Evidence
from advisor.evidence_io import evidence_from
from advisor.knowledge.loader import load_rule_base
from advisor.reading.called import measured_from
from tests.benchmarks.harness import Row

# The model, and the task whose workloads stand for it.
MODELS = {"small_gpt": "llm_pretraining", "small_resnet": "image"}


def real_models(groups: int) -> list[Row]:
    """The task's weighted ratio, then the model's own, both on all cores."""
    del groups
    base = load_rule_base([])
    rows = []
    for name, task in MODELS.items():
        predicted = speed_for(measured_from([_probed("--task", task)]), base, {"task": task})
        place = Path(__file__).with_name("models") / f"{name}.py"
        own = _probed("--workload", str(place))
        measured = speed_for(measured_from([own]), base, {})
        rows.append(_row(name, task, predicted, measured, own))
    return rows


def _probed(*options: str) -> Evidence:
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "probe", "--json", "-q", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return evidence_from(json.loads(done.stdout), name="the probes")


def _row(name: str, task: str, predicted: Speed | None, measured: Speed | None, own: Any) -> Row:
    test, bar = f"{name} predicted by the probes of {task}", "within the factor that is allowed for"
    if predicted is not None and predicted.partial:
        told = f"no prediction: only {predicted.coverage:.0%} of the task was called"
        found = f"; measured {measured.speedup.ratio:.2f}" if measured else ""
        return Row(test, bar, told + found, reached=False)
    if predicted is None or measured is None:
        reasons = [
            c.reason.text
            for p in own.probes
            for c in p.comparisons
            if c.reason is not None and c.a.split(".")[0] != c.b.split(".")[0]
        ]
        missing = "prediction" if predicted is None else f"measurement ({'; '.join(reasons)})"
        return Row(test, bar, f"no {missing}", reached=False)
    off = abs(predicted.speedup.log2 - measured.speedup.log2)
    allowed = 2 * math.hypot(TRANSFER_NAMED, predicted.speedup.se, measured.speedup.se)
    shown = [
        f"{s.speedup.ratio:.2f} ({s.speedup.ci[0]:.2f} to {s.speedup.ci[1]:.2f})"
        for s in (predicted, measured)
    ]
    return Row(
        test,
        bar,
        f"JAX over PyTorch: predicted {shown[0]}, measured {shown[1]}",
        off <= allowed,
        {"predicted": predicted.speedup.ratio, "measured": measured.speedup.ratio},
    )
