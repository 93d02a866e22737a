"""Whether all modes computed the same thing: outputs, gradients, loss curve, parameters.

Reads the observations that workers wrote (.npz) and compares them with NumPy. A comparison that
cannot fail is worthless: missing pieces, wrong shapes and NaN count as failures.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Observation = Mapping[str, NDArray[Any]]
MAX_OBSERVATION_BYTES = 512 * 1024 * 1024
# A lone array is no archive: NumPy reads it, and then it is no context manager.
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, TypeError, AttributeError)
_PIECES = ("forward", "grad", "curve")
# The modes that show outputs and gradients; all others of a framework show their curve.
_SHOW_ALL = ("pytorch.eager", "jax.jit")


@dataclass(frozen=True)
class Agreement:
    """How far one mode is from the reference; None where it has no such piece."""

    forward_max_abs: float | None
    grad_max_abs: float | None
    curve_max_abs: float | None
    problem: str | None


def read_observation(path: Path) -> Observation | None:
    """The observation in *path*, or None where it is unusable."""
    try:
        if path.stat().st_size > MAX_OBSERVATION_BYTES:
            return None
        # Opened here: NumPy leaves the file open where the archive in it is broken.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, *_BROKEN_ARCHIVE):
        return None


def compare(
    reference: Observation, other: Observation, tolerance: Mapping[str, float]
) -> Agreement:
    """How far *other* is from *reference*, against tolerances relative to the magnitude.

    Keys of *tolerance*: ``forward``, ``grad``, ``curve``.
    """
    problems: list[str] = []
    worst: dict[str, float | None] = {"forward": None, "grad": None, "curve": None}
    for name in sorted(reference):
        kind = name.split(".", 1)[0]
        if kind not in worst or name not in other:
            continue
        difference, problem = _difference(name, reference[name], other[name], tolerance[kind])
        if problem:
            problems.append(problem)
        if difference is not None:
            worst[kind] = max(worst[kind] or 0.0, difference)
    shared = {name for name in reference if name in other}
    if not shared:
        problems.append("the modes show nothing that could be compared")
    if "curve" in reference and "curve" not in other:
        problems.append("one mode shows no curve")
    return Agreement(
        worst["forward"], worst["grad"], worst["curve"], "; ".join(problems[:3]) or None
    )


def _difference(
    name: str, reference: NDArray[Any], other: NDArray[Any], tolerance: float
) -> tuple[float | None, str | None]:
    if reference.shape != other.shape:
        return None, f"{name} has shape {other.shape} instead of {reference.shape}"
    if other.dtype.kind != reference.dtype.kind or other.dtype.itemsize != reference.dtype.itemsize:
        return None, f"{name} is {other.dtype} instead of {reference.dtype}"
    if reference.dtype.kind not in "fiub":
        return None, f"{name} holds {reference.dtype}, which is no real number"
    a, b = reference.astype(np.float64), other.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None, f"{name} holds NaN or infinite values"
    difference = float(np.max(np.abs(a - b))) if a.size else 0.0
    scale = float(np.max(np.abs(a))) if a.size else 1.0
    limit = tolerance * max(scale, 1e-30)
    if difference > limit:
        return difference, f"{name} differs by {difference:.2g}; at most {limit:.2g} is allowed"
    return difference, None


def learns(observation: Observation) -> bool | None:
    """Whether the loss responds to the parameters: a curve that stays put trained nothing."""
    gradients = [v for k, v in observation.items() if k.startswith("grad.")]
    if not gradients:
        return None
    return bool(any(np.any(g != 0) for g in gradients))


def parity_of(
    observations: Mapping[str, Observation | None],
    tolerance: Mapping[str, float],
    inputs_sha256: str | None,
) -> dict[str, Any]:
    """The parity part of one probe's evidence, over all its modes (by label)."""
    usable = {label: o for label, o in observations.items() if o is not None}
    result: dict[str, Any] = {
        "status": "not_checked",
        "forward_max_abs": None,
        "grad_max_abs": None,
        "loss_curve_max_abs": None,
        "parameters_equal": None,
        "inputs_sha256": inputs_sha256,
        "reason": None,
        "problems": {},
    }
    problems = {
        label: "what it computed could not be read" for label, o in observations.items() if not o
    }
    usable = {label: o for label, o in usable.items() if label not in problems}
    if len(observations) < 2:
        return result
    labels = sorted(usable, key=lambda label: ("forward" not in usable[label], label))
    for label in labels:
        if learns(usable[label]) is False:
            problems[label] = "the loss does not depend on the parameters"
    for label, text in _lacking(usable).items():
        problems.setdefault(label, text)
    for label in labels[1:]:
        found = compare(usable[labels[0]], usable[label], tolerance)
        if found.problem:
            problems.setdefault(label, f"against {labels[0]}: {found.problem}")
        _widen(result, found)
    counts = {_parameter_count(o) for o in usable.values() if _parameter_count(o)}
    result["parameters_equal"] = len(counts) == 1 if counts else None
    if len(counts) > 1:
        problems["parameters"] = f"the modes have different parameter counts: {sorted(counts)}"
    result["status"] = "failed" if problems else "ok"
    result["problems"] = problems
    if problems:
        text = "; ".join(f"{label}: {problem}" for label, problem in sorted(problems.items()))
        result["reason"] = {"id": "parity-failed", "text": text, "hint": ""}
    return result


def _widen(result: dict[str, Any], found: Agreement) -> None:
    for key, value in (
        ("forward_max_abs", found.forward_max_abs),
        ("grad_max_abs", found.grad_max_abs),
        ("loss_curve_max_abs", found.curve_max_abs),
    ):
        if value is not None:
            result[key] = max(result[key] or 0.0, value)


def _lacking(observations: Mapping[str, Observation]) -> dict[str, str]:
    """Modes that do not show a piece that others of their kind show.

    Otherwise a mode that hides its outputs would agree with everything.
    """
    shown = {label: _pieces(observation) for label, observation in observations.items()}
    full = {label for label in shown if label.split("@", 1)[0] in _SHOW_ALL}
    everything = set().union(*(shown[label] for label in full))
    found = {}
    for label, pieces in shown.items():
        missing = (everything if label in full else everything & {"curve"}) - pieces
        if missing:
            found[label] = f"it does not show {', '.join(sorted(missing)[:3])}"
    return found


def _pieces(observation: Observation) -> set[str]:
    return {name for name in observation if name.split(".", 1)[0] in _PIECES}


def _parameter_count(observation: Observation) -> int:
    return sum(int(v.size) for k, v in observation.items() if k.startswith("param."))
