"""A user's own step, from a file that offers ``inputs``, ``torch_step`` and ``jax_step``.

Turns that file (templates/workload/ shows some) into the same parts as a shipped workload has, so
that it meets the same gates. What goes wrong inside is told with the file and the line.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from probes.own import module as own_module
from probes.own import options as own_options
from probes.own.file import UserFileError, run
from probes.own.options import checked_inputs
from probes.workload import Arrays, JaxParts, Size, Tolerance, TorchParts, Workload

__all__ = ["UserFileError", "build", "load"]

_MODES = {"torch_step": ("pytorch.eager", "pytorch.compile"), "jax_step": ("jax.jit",)}


def load(path: str) -> Workload:
    """The workload that the file at *path* offers.

    Raises:
        UserFileError: the file cannot be run, or offers too little.
    """
    if own_module.is_module(path):
        return own_module.workload(path)
    file = run(path)
    make = file.function("inputs")
    modes = tuple(m for name, names in _MODES.items() if file.function(name) for m in names)
    if make is None or not modes:
        raise UserFileError(f"{path}:1: offers no inputs() with torch_step() or jax_step()")
    options = own_options.read(file, os.path.basename(path))
    tolerance = options.tolerance

    def inputs(rng: np.random.Generator, size: Size) -> Arrays:
        return checked_inputs(file.call(make, rng, **size), file.place(make), options.precision)

    return Workload(
        id=os.path.splitext(os.path.basename(path))[0],
        title=options.title,
        stands_for="your own step",
        limits="what it stands for is yours to say",
        sizes=options.sizes,
        inputs=inputs,
        flops=options.flops,
        samples_per_step=options.samples,
        tolerance=Tolerance(forward=tolerance, grad=tolerance, curve=tolerance),
        precision=options.precision,
        modes=modes,
    )


def build(path: str, framework: str, arrays: Arrays, runtime: Any) -> TorchParts | JaxParts:
    """The parts for one framework.

    Raises:
        UserFileError: the file's own function failed, or returned something else.
    """
    if own_module.is_module(path):
        return _of_module(path, framework, arrays, runtime)
    file = run(path)
    options = own_options.read(file, os.path.basename(path))
    if framework == "pytorch":
        from probes.own.torch_side import TorchOwn

        return TorchOwn(file, options, arrays, runtime).parts()
    from probes.own.jax_side import JaxOwn

    return JaxOwn(file, options, arrays, runtime).parts()


def _of_module(source: str, framework: str, arrays: Arrays, runtime: Any) -> TorchParts | JaxParts:
    """The parts of a user's module: as it is in its own framework, or translated."""
    found = own_module.parse(source)
    if framework == "pytorch":
        from probes.own.torch_module import TorchModule

        return TorchModule(found, arrays, runtime).parts()
    if own_module.is_nnx(found.path):
        from probes.own.module_jax import NnxModule

        return NnxModule(found, arrays, runtime).parts()
    from probes.own.translated import Translated

    return Translated(found, arrays, runtime).parts()
