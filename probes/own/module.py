"""A user's own ``nn.Module`` as it is: ``FILE.py:NAME``, with example inputs and maybe a loss.

NAME is a function without arguments that returns ``(module, inputs)``, maybe a loss as a third.
Knows that contract and where the file says it; what PyTorch and JAX do with it stands beside.
"""

from __future__ import annotations

import ast
import inspect
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probes.own.file import UserFile, UserFileError, kind_of, run
from probes.own.options import Options
from probes.workload import Arrays, Tolerance, Workload

PREFIX = "module:"
INFER = ":infer"
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.01
_TOLERANCE = 1e-3
_MARK = ".py:"
_CONTRACT = "(module, inputs) or (module, inputs, loss)"


@dataclass(frozen=True)
class Source:
    """Which function of which file, and whether it is trained or only called."""

    path: str
    name: str
    trains: bool


@dataclass(frozen=True)
class OwnModule:
    """What NAME returned, taken apart.

    Attributes:
        module: The ``nn.Module``.
        arguments: Its example inputs by position.
        named: Those by name.
        loss: ``loss(outputs)`` or ``loss(outputs, *inputs)``, or None.
        place: ``file:line`` of NAME.
    """

    module: Any
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    loss: Callable[..., Any] | None
    place: str

    def loss_of(self, loss: Callable[..., Any], outputs: Any, arguments: tuple[Any, ...]) -> Any:
        """What *loss* says of *outputs*; the inputs are given too where it takes more than one."""
        return loss(outputs, *arguments) if _takes_inputs(loss) else loss(outputs)


def is_module(source: str) -> bool:
    """Whether *source* names a function of a file, and not a file."""
    return _MARK in os.path.basename(source)


def parse(source: str) -> Source:
    """``FILE.py:NAME`` or ``FILE.py:NAME:infer`` taken apart."""
    trains = not source.endswith(INFER)
    plain = source if trains else source[: -len(INFER)]
    head, _, name = plain.rpartition(_MARK)
    return Source(f"{head}.py", name, trains)


def is_nnx(path: str) -> bool:
    """Whether the file at *path* imports Flax and no PyTorch; runs nothing of it."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, ValueError, SyntaxError):
        # Whoever runs it says what is wrong with it.
        return False
    loaded: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            loaded |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            loaded.add((node.module or "").partition(".")[0])
    return "flax" in loaded and "torch" not in loaded


def workload(source: str) -> Workload:
    """The workload that *source* is; runs nothing of the file."""
    found = parse(source)
    both = ("pytorch.eager", "pytorch.compile", "jax.jit")
    return Workload(
        id=PREFIX + found.name,
        title=f"your module {found.name}, {'training' if found.trains else 'inference'}",
        stands_for="your own module",
        limits="what it stands for is yours to say",
        sizes={"train" if found.trains else "infer": {}},
        inputs=_inputs,
        tolerance=Tolerance(forward=_TOLERANCE, grad=_TOLERANCE, curve=_TOLERANCE),
        trains=found.trains,
        modes=("jax.jit",) if is_nnx(found.path) else both,
    )


def _inputs(rng: np.random.Generator, size: Any) -> Arrays:
    """The seed of everything that NAME draws: the same for both frameworks."""
    del size
    return {"seed": rng.integers(0, 2**31, 1)}


def options(source: Source) -> Options:
    """What a file with steps would say of itself."""
    return Options(
        title=source.name,
        sizes={"own": {}},
        flops=None,
        samples=lambda _: 1.0,
        tolerance=_TOLERANCE,
    )


def file_of(source: Source, kind: type[UserFile] = UserFile) -> UserFile:
    """The file, run; NAME stands at its line.

    Raises:
        UserFileError: it fails, or has no such function.
    """
    file = run(source.path)
    if file.function(source.name) is None:
        offered = [n for n in file.lines if callable(getattr(file.module, n, None))]
        raise UserFileError(
            f"{source.path}:1: defines no {source.name}(); "
            f"it defines: {', '.join(offered) or 'nothing'}"
        )
    return kind(file.path, file.module, {**file.lines, "forward": file.lines.get(source.name, 1)})


def build(file: UserFile, name: str, seed: int, torch: Any) -> OwnModule:
    """What NAME returns, every random number drawn from *seed*.

    Raises:
        UserFileError: NAME fails, or returns something else.
    """
    torch.manual_seed(seed)
    return _taken_apart(file, name, seed, (torch.nn.Module, "a torch.nn.Module"))


def build_nnx(file: UserFile, name: str, seed: int, nnx: Any) -> OwnModule:
    """As `build`, of a module of Flax NNX; its ``nnx.Rngs`` are what NAME makes them.

    Raises:
        UserFileError: NAME fails, or returns something else.
    """
    return _taken_apart(file, name, seed, (nnx.Module, "a flax.nnx.Module"))


def _taken_apart(file: UserFile, name: str, seed: int, wanted: tuple[type, str]) -> OwnModule:
    make = file.function(name)
    if make is None:
        raise UserFileError(f"{file.place(name)}: {name} is no function")
    place = file.place(make, name)
    random.seed(seed)
    np.random.seed(seed)
    given = file.call(make)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise UserFileError(f"{place}: {name}() must return {_CONTRACT}, not {kind_of(given)}")
    module, inputs, loss = (*given, None)[:3]
    if not isinstance(module, wanted[0]):
        raise UserFileError(
            f"{place}: {name}() must return {_CONTRACT}; the first is {kind_of(module)}, "
            f"not {wanted[1]}"
        )
    if loss is not None and not callable(loss):
        raise UserFileError(
            f"{place}: {name}() returns {kind_of(loss)} as its loss; it has to be a function "
            "loss(outputs) or loss(outputs, *inputs)"
        )
    named = inputs if isinstance(inputs, Mapping) else {}
    arguments = () if named else tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    return OwnModule(module, arguments, named, loss, place)


def without_dropout(torch: Any, own: OwnModule) -> tuple[OwnModule, bool]:
    """*own* with all dropout at rate 0, and whether it had any.

    Its random numbers differ between the frameworks, so that nothing could be compared.
    """
    had = False
    for part in own.module.modules():
        for name in ("p", "dropout", "drop_prob", "dropout_p", "attention_dropout"):
            rate = getattr(part, name, None)
            usual = name != "p" or isinstance(part, torch.nn.modules.dropout._DropoutNd)  # noqa: SLF001
            if usual and isinstance(rate, float) and rate > 0:
                setattr(part, name, 0.0)
                had = True
    return replace(own), had


def _takes_inputs(loss: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in kinds and p.default is p.empty]
    return len(needed) > 1 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def target(shape: tuple[int, ...]) -> Any:
    """What the outputs are pulled to where no loss is given: fixed normal numbers, float32."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def is_sequence(array: Any, dtype: str) -> bool:
    """Whether it is tokens (batch, length), or features of them (batch, length, width)."""
    shape = tuple(array.shape)
    return len(shape) == (3 if "float" in dtype else 2) and shape[1] > 1


def looks_back(called: Callable[[Any], NDArray[Any]], given: Any, changed: Any) -> bool | None:
    """Whether what comes last changes nothing before it; None where that cannot be seen.

    However a mask is written, and be it none (of a loop): in *changed* the last token of each
    sequence of *given* is exchanged for its first, and outputs of earlier places are looked at.
    *called* takes a sequence to the module's first output.
    """
    try:
        first, other = called(given), called(changed)
    except Exception:
        # What stands first may have no meaning in the last place, such as the row of another table.
        return None
    if first.ndim < 3 or first.shape[:2] != tuple(given.shape[:2]) or first.shape != other.shape:
        return None
    if np.allclose(first[:, -1], other[:, -1]):
        return None
    return bool(np.allclose(first[:, :-1], other[:, :-1], rtol=1e-4, atol=1e-5))
