"""What a user's file says of its step beside the functions: constants with their meaning checked.

Knows the constants' names and what they may be. Measures nothing and knows no framework.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from probes.own.file import UserFile, UserFileError, kind_of
from probes.workload import Arrays

INPUTS, RATE, STATISTICAL = "inputs", "rate", "statistical"
POLICIES = (INPUTS, RATE, STATISTICAL)
PRECISIONS = ("float32", "float64")
STEPS = {"pytorch": "torch_step", "jax": "jax_step"}
_NEEDS = {RATE: "rate", STATISTICAL: "seed"}
_MOST_SIZES = 32


@dataclass(frozen=True)
class Options:
    """The constants of a file.

    Attributes:
        title: What it is called.
        sizes: By name what ``inputs`` is given besides the generator.
        flops: Of one step at a size, or None.
        samples: How many samples one step works through at a size.
        tolerance: Largest relative difference of results and state.
        policy: How random numbers inside the step are treated: ``inputs`` (there are none),
            ``rate`` (compared at rate 0, timed at `rate`), ``statistical`` (means over runs).
        rate: The real rate.
        precision: ``float32`` or ``float64``.
    """

    title: str
    sizes: Mapping[str, Mapping[str, Any]]
    flops: Callable[[Mapping[str, Any]], float] | None
    samples: Callable[[Mapping[str, Any]], float]
    tolerance: float
    policy: str = INPUTS
    rate: float = 0.0
    precision: str = "float32"

    def given(self, *, parity: bool, run: int = 0) -> dict[str, Any]:
        """What ``torch_step`` and ``jax_step`` are given by name: for comparing, or for timing."""
        if self.policy == RATE:
            return {"rate": 0.0 if parity else self.rate}
        return {"seed": run} if self.policy == STATISTICAL else {}


def read(file: UserFile, title: str) -> Options:
    """The constants of *file*.

    Raises:
        UserFileError: one of them is not what it may be.
    """
    tolerance = _number(file, "TOLERANCE", 1e-3)
    if not 0 < tolerance < 0.5:
        raise UserFileError(f"{file.place('TOLERANCE')}: TOLERANCE has to lie between 0 and 0.5")
    policy = _word(file, "RANDOM", POLICIES)
    flops = getattr(file.module, "FLOPS", None)
    return Options(
        title=str(getattr(file.module, "TITLE", "") or title)[:200],
        sizes=_sizes(file),
        flops=None if flops is None else _count(file, "FLOPS", flops),
        samples=_count(file, "SAMPLES_PER_STEP", getattr(file.module, "SAMPLES_PER_STEP", 1.0)),
        tolerance=tolerance,
        policy=policy,
        rate=_rate(file, policy),
        precision=_word(file, "PRECISION", PRECISIONS),
    )


def _word(file: UserFile, name: str, allowed: tuple[str, ...]) -> str:
    found = getattr(file.module, name, allowed[0])
    if found not in allowed:
        raise UserFileError(
            f"{file.place(name)}: {name} is {str(found)[:60]!r}; it is one of: {', '.join(allowed)}"
        )
    return str(found)


def _rate(file: UserFile, policy: str) -> float:
    needed = _NEEDS.get(policy)
    for name in STEPS.values() if needed else ():
        function = file.function(name)
        if function is not None and needed not in inspect.signature(function).parameters:
            raise UserFileError(
                f"{file.place(function)}: RANDOM = {policy!r} needs {name}(arrays, {needed}): "
                f"take {needed} as a parameter and use it"
            )
    if policy != RATE:
        return 0.0
    rate = _number(file, "RATE", 0.0)
    if not 0 < rate < 1:
        raise UserFileError(
            f"{file.place('RATE', 'RANDOM')}: RANDOM = 'rate' needs RATE, the real rate, "
            "between 0 and 1"
        )
    return rate


def _number(file: UserFile, name: str, default: float) -> float:
    found = getattr(file.module, name, default)
    try:
        return float(found)
    except (TypeError, ValueError):
        raise _no_number(file, name, found) from None


def _no_number(file: UserFile, name: str, found: Any) -> UserFileError:
    place = file.place(name)
    return UserFileError(f"{place}: {name} has to be a number, not {kind_of(found)}")


def _count(file: UserFile, name: str, found: Any) -> Callable[[Mapping[str, Any]], float]:
    """A number that holds for every size, or a function of the size's own names."""
    if callable(found):
        return lambda size: _counted(file, name, file.call(found, **size))
    value = _counted(file, name, found)
    return lambda _size: value


def _counted(file: UserFile, name: str, found: Any) -> float:
    try:
        return float(found)
    except (TypeError, ValueError):
        raise _no_number(file, name, found) from None


def _sizes(file: UserFile) -> dict[str, dict[str, Any]]:
    found = getattr(file.module, "SIZES", None)
    if found is None:
        return {"own": {}}
    place = file.place("SIZES")
    usual = isinstance(found, (list, tuple)) and 0 < len(found) <= _MOST_SIZES
    if not usual or not all(isinstance(size, dict) and size for size in found):
        raise UserFileError(
            f"{place}: SIZES has to be a list of 1 to {_MOST_SIZES} dicts, "
            'such as [{"n": 64}, {"n": 256}]'
        )
    sizes: dict[str, dict[str, Any]] = {}
    for size in found:
        for key, value in size.items():
            if not isinstance(key, str) or not isinstance(value, (bool, int, float, str)):
                raise UserFileError(
                    f"{place}: SIZES[...][{key!r}] is {kind_of(value)}; "
                    "numbers and words are what inputs() can be given"
                )
        name = ",".join(f"{k}={v}" for k, v in size.items())
        name = re.sub(r"[^\w=,.+-]", "_", name)[:80]
        if name in sizes:
            raise UserFileError(f"{place}: SIZES holds {name} twice")
        sizes[name] = dict(size)
    return sizes


def checked_inputs(found: Any, place: str, precision: str) -> Arrays:
    """What ``inputs`` returned, floats in the *precision* asked for where it is float64.

    Raises:
        UserFileError: it is no dict of NumPy arrays.
    """
    if not isinstance(found, dict) or not found:
        raise UserFileError(f"{place}: inputs() must return a dict of NumPy arrays")
    arrays: Arrays = {}
    for name, array in found.items():
        if not (isinstance(name, str) and isinstance(array, np.ndarray)):
            raise UserFileError(f"{place}: inputs()[{name!r}] is no NumPy array")
        if array.dtype == object:
            raise UserFileError(f"{place}: inputs()[{name!r}] holds Python objects")
        single = array.dtype.kind == "f" and precision == "float64"
        arrays[name] = array.astype(np.float64) if single else array
    return arrays
