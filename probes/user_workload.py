"""A user's own step, from a file that offers ``inputs``, ``torch_step`` and ``jax_step``.

Knows that file's three functions (templates/workload.py shows them) and turns them into the same
parts as a shipped workload has, so that it meets the same gates. What goes wrong inside is told
with the file and the line.
"""

from __future__ import annotations

import itertools
import os
import sys
import traceback
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from probes.workload import Arrays, JaxParts, Tolerance, TorchParts, Workload

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime
    from probes.torch_runtime import TorchRuntime

_EXECUTIONS = itertools.count()
_MODES = {"torch_step": ("pytorch.eager", "pytorch.compile"), "jax_step": ("jax.jit",)}


class UserFileError(Exception):
    """Something in the user's file is wrong; the text begins with ``file:line``."""


def load(path: str) -> Workload:
    """The workload that the file at *path* offers.

    Raises:
        UserFileError: the file cannot be run, or offers too little.
    """
    module = _module(path)
    make_inputs = _function(module, path, "inputs")
    modes = tuple(m for name, names in _MODES.items() if hasattr(module, name) for m in names)
    if make_inputs is None or not modes:
        raise UserFileError(f"{path}:1: offers no inputs() with torch_step() or jax_step()")
    flops = _constant(module, path, "FLOPS", None)
    samples = _constant(module, path, "SAMPLES_PER_STEP", 1.0)
    tolerance = _constant(module, path, "TOLERANCE", 1e-3)

    def inputs(rng: np.random.Generator, size: Any) -> Arrays:
        del size
        return _checked_inputs(_told(path, make_inputs, rng), _place(path, make_inputs))

    return Workload(
        id=os.path.splitext(os.path.basename(path))[0],
        title=str(getattr(module, "TITLE", "") or os.path.basename(path))[:200],
        stands_for="your own step",
        limits="what it stands for is yours to say",
        sizes={"own": {}},
        inputs=inputs,
        flops=(lambda _size: flops) if flops else None,
        samples_per_step=lambda _size: samples,
        tolerance=Tolerance(forward=tolerance, grad=tolerance, curve=tolerance),
        modes=modes,
    )


def build(path: str, framework: str, arrays: Arrays, runtime: Any) -> TorchParts | JaxParts:
    """The parts for one framework.

    Raises:
        UserFileError: the file's own function failed, or returned something else.
    """
    module = _module(path)
    if framework == "pytorch":
        return _torch_parts(module, path, arrays, runtime)
    return _jax_parts(module, path, arrays, runtime)


def _torch_parts(
    module: types.ModuleType, path: str, arrays: Arrays, runtime: TorchRuntime
) -> TorchParts:
    make = _function(module, path, "torch_step")
    if make is None:
        raise UserFileError(f"{path}:1: offers no torch_step()")
    tensors = {name: runtime.tensor(array) for name, array in arrays.items()}
    step = _told(path, make, tensors)
    if not callable(step):
        raise UserFileError(
            f"{_place(path, make)}: torch_step() must return a function, not {_type(step)}"
        )
    place = _place(path, step, make)

    def checked(out: Any) -> None:
        first = out[0] if isinstance(out, (tuple, list)) and out else out
        if not hasattr(first, "detach"):
            raise UserFileError(
                f"{place}: the step of torch_step() must return a tensor (the loss), "
                f"not {_type(out)}"
            )

    return TorchParts(
        make_step=lambda wrap: _pointing(path, wrap(step), place, checked),
        forward=None,
        variant="the user's own step",
    )


def _jax_parts(
    module: types.ModuleType, path: str, arrays: Arrays, runtime: JaxRuntime
) -> JaxParts:
    make = _function(module, path, "jax_step")
    if make is None:
        raise UserFileError(f"{path}:1: offers no jax_step()")
    given = {name: runtime.array(array) for name, array in arrays.items()}
    pair = _told(path, make, given)
    if not (isinstance(pair, tuple) and len(pair) == 2 and callable(pair[0])):
        raise UserFileError(
            f"{_place(path, make)}: jax_step() must return (step, state), not {_type(pair)}"
        )
    step, state = pair
    place = _place(path, step, make)
    structure = runtime.jax.tree.structure(state)

    def checked(out: Any) -> None:
        if not (isinstance(out, (tuple, list)) and len(out) == 2):
            raise UserFileError(
                f"{place}: the step of jax_step() must return (state, output), not {_type(out)}"
            )
        if runtime.jax.tree.structure(out[0]) != structure:
            raise UserFileError(
                f"{place}: the step of jax_step() must return (state, output); what it returns "
                "first is not built like the first state"
            )

    return JaxParts(
        step=_pointing(path, step, place, checked),
        state=state,
        inputs=given,
        forward=None,
        variant="the user's own step",
    )


def _module(path: str) -> types.ModuleType:
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
        code = compile(source, path, "exec")
    except SyntaxError as error:
        raise UserFileError(f"{path}:{error.lineno}:{error.offset}: {error.msg}") from error
    except (OSError, ValueError) as error:
        raise UserFileError(f"{path}: cannot be read: {error}") from error
    module = types.ModuleType(f"fw_advisor_user_workload_{next(_EXECUTIONS)}")
    module.__file__ = path
    # torch.compile imports the module of a function that it inlines, by its name.
    sys.modules[module.__name__] = module
    _told(path, lambda: exec(code, module.__dict__))  # noqa: S102  (the user's own file)
    return module


def _function(module: types.ModuleType, path: str, name: str) -> Callable[..., Any] | None:
    found = getattr(module, name, None)
    if found is not None and not callable(found):
        raise UserFileError(f"{path}:1: {name} is no function")
    return found


def _constant(module: types.ModuleType, path: str, name: str, default: Any) -> Any:
    found = getattr(module, name, default)
    try:
        return found if found is None else float(found)
    except (TypeError, ValueError):
        raise UserFileError(f"{path}:1: {name} has to be a number, not {_type(found)}") from None


def _checked_inputs(found: Any, place: str) -> Arrays:
    if not isinstance(found, dict) or not found:
        raise UserFileError(f"{place}: inputs() must return a dict of NumPy arrays")
    for name, array in found.items():
        if not (isinstance(name, str) and isinstance(array, np.ndarray)):
            raise UserFileError(f"{place}: inputs()[{name!r}] is no NumPy array")
        if array.dtype == object:
            raise UserFileError(f"{place}: inputs()[{name!r}] holds Python objects")
    return found


def _pointing(
    path: str,
    function: Callable[..., Any],
    place: str = "",
    check: Callable[[Any], None] = lambda _: None,
) -> Callable[..., Any]:
    """*function*, whose errors name the user's line; *check* looks at its first result.

    Errors without a line of the user's file name *place*.
    """
    unchecked = [check]

    def call(*arguments: Any) -> Any:
        try:
            result = function(*arguments)
        except Exception as error:
            raise _error_in(path, error, place) from error
        if unchecked:
            unchecked.pop()(result)
        return result

    return call


def _told(path: str, function: Callable[..., Any], *arguments: Any) -> Any:
    return _pointing(path, function, _place(path, function))(*arguments)


def _error_in(path: str, error: BaseException, place: str) -> UserFileError:
    if isinstance(error, UserFileError):
        return error
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    where = f"{path}:{frames[-1].lineno}" if frames else place or f"{path}:1"
    return UserFileError(f"{where}: {type(error).__name__}: {error}")


def _place(path: str, *functions: Callable[..., Any]) -> str:
    """Where the first of *functions* that the user's file defines begins."""
    for function in functions:
        code = getattr(function, "__code__", None)
        if code is not None and code.co_filename == path:
            return f"{path}:{code.co_firstlineno}"
    return f"{path}:1"


def _type(found: Any) -> str:
    if found is None:
        return "None"
    # Under jit an array is a tracer, whose name helps nobody.
    return "an array" if hasattr(found, "dtype") else type(found).__name__
