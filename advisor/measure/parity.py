"""Whether all modes computed the same thing: outputs, gradients, loss curve, parameters.

Reads the observations that workers wrote (.npz) and compares them with NumPy. A comparison that
cannot fail is worthless: missing pieces, wrong shapes and NaN count as failures.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.evidence import Parity, Reason
from advisor.measure.gates import PARITY
from advisor.pair import JIT, TORCH_EAGER, mode_of

Observation = Mapping[str, NDArray[Any]]
MAX_OBSERVATION_BYTES = 512 * 1024 * 1024
# A lone array is no archive: NumPy reads it, and then it is no context manager.
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, TypeError, AttributeError)
_PIECES = ("forward", "grad", "curve")
# The modes that show outputs and gradients; all others of a framework show their curve.
_SHOW_ALL = (TORCH_EAGER, JIT)
PARAMETERS = "parameters"
"""What a problem is filed under that no single mode has."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Agreement:
    """How far one mode is from the reference; None where it has no such piece.

    Each of the `differences` beyond what is allowed is a reason ``differs`` with its case.
    """

    forward_max_abs: float | None
    grad_max_abs: float | None
    curve_max_abs: float | None
    differences: tuple[Reason, ...] = ()


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
    differences: list[Reason] = []
    worst: dict[str, float | None] = {"forward": None, "grad": None, "curve": None}
    for name in sorted(reference):
        kind = name.split(".", 1)[0]
        if kind not in worst or name not in other:
            continue
        largest, difference = _difference(name, reference[name], other[name], tolerance[kind])
        if difference:
            differences.append(difference)
        if largest is not None:
            worst[kind] = max(worst[kind] or 0.0, largest)
    if not any(name in other for name in reference):
        differences.append(_differs("nothing-shared"))
    if "curve" in reference and "curve" not in other:
        differences.append(_differs("no-curve"))
    return Agreement(
        worst["forward"], worst["grad"], worst["curve"], tuple(differences[:_MOST_NAMED])
    )


def _difference(
    name: str, reference: NDArray[Any], other: NDArray[Any], tolerance: float
) -> tuple[float | None, Reason | None]:
    """The largest absolute difference of one piece, and what is wrong with it."""
    if reference.shape != other.shape:
        shapes = {"shape": list(other.shape), "reference_shape": list(reference.shape)}
        return None, _differs("shape", piece=name, **shapes)
    types = {"dtype": str(other.dtype), "reference_dtype": str(reference.dtype)}
    if other.dtype.kind != reference.dtype.kind or other.dtype.itemsize != reference.dtype.itemsize:
        return None, _differs("dtype", piece=name, **types)
    if reference.dtype.kind not in "fiub":
        return None, _differs("no-real-number", piece=name, **types)
    a, b = reference.astype(np.float64), other.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None, _differs("not-finite", piece=name)
    largest = float(np.max(np.abs(a - b))) if a.size else 0.0
    scale = float(np.max(np.abs(a))) if a.size else 1.0
    limit = tolerance * max(scale, 1e-30)
    if largest > limit:
        return largest, _differs("too-far", piece=name, difference=largest, limit=limit)
    return largest, None


def _differs(case: str, **values: Any) -> Reason:
    return Reason("differs", case, values)


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
) -> Parity:
    """The parity part of one probe's evidence, over all its modes (by label)."""
    if len(observations) < 2:
        return Parity(inputs_sha256=inputs_sha256)
    problems = {label: Reason("unreadable") for label, o in observations.items() if not o}
    usable = {label: o for label, o in observations.items() if o}
    labels = sorted(usable, key=lambda label: ("forward" not in usable[label], label))
    for label in labels:
        if learns(usable[label]) is False:
            problems[label] = Reason("loss-without-parameters")
    for label, pieces in _lacking(usable).items():
        problems.setdefault(label, Reason("lacks-pieces", values={"pieces": pieces}))
    parity = Parity(inputs_sha256=inputs_sha256)
    for label in labels[1:]:
        agreement = compare(usable[labels[0]], usable[label], tolerance)
        if agreement.differences:
            problems.setdefault(label, _differs_from(labels[0], agreement))
        parity = _widened(parity, agreement)
    counts = {count for o in usable.values() if (count := _parameter_count(o))}
    if len(counts) > 1:
        problems[PARAMETERS] = Reason("parameter-counts", values={"counts": sorted(counts)})
    return replace(
        parity,
        status="failed" if problems else "ok",
        parameters_equal=len(counts) == 1 if counts else None,
        problems=problems,
        reason=Reason(PARITY) if problems else None,
    )


def _differs_from(reference: str, agreement: Agreement) -> Reason:
    differences = [{"case": d.case, **d.values} for d in agreement.differences]
    return Reason("differs", "from", {"reference": reference, "differences": differences})


def _widened(parity: Parity, agreement: Agreement) -> Parity:
    return replace(
        parity,
        forward_max_abs=_larger(parity.forward_max_abs, agreement.forward_max_abs),
        grad_max_abs=_larger(parity.grad_max_abs, agreement.grad_max_abs),
        loss_curve_max_abs=_larger(parity.loss_curve_max_abs, agreement.curve_max_abs),
    )


def _larger(one: float | None, other: float | None) -> float | None:
    values = [value for value in (one, other) if value is not None]
    return max(values) if values else None


def _lacking(observations: Mapping[str, Observation]) -> dict[str, list[str]]:
    """Modes that do not show a piece that others of their kind show, and the first few pieces.

    Otherwise a mode that hides its outputs would agree with everything.
    """
    shown = {label: _pieces(observation) for label, observation in observations.items()}
    full = {label for label in shown if mode_of(label) in _SHOW_ALL}
    everything = set().union(*(shown[label] for label in full))
    lacking = {}
    for label, pieces in shown.items():
        missing = (everything if label in full else everything & {"curve"}) - pieces
        if missing:
            lacking[label] = sorted(missing)[:_MOST_NAMED]
    return lacking


def _pieces(observation: Observation) -> set[str]:
    return {name for name in observation if name.split(".", 1)[0] in _PIECES}


def _parameter_count(observation: Observation) -> int:
    return sum(int(v.size) for k, v in observation.items() if k.startswith("param."))
