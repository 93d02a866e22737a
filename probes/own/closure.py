"""The state of a step without arguments: the tensors that it closes over, by name.

Follows closures, globals of the user's own file, modules, optimizers, objects and containers.
Knows PyTorch's types and Python's functions.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from probes.own.file import UserFile

_DEEPEST = 8
_MOST = 20_000


class Closure:
    """What one build of a step closes over.

    Args:
        torch: The framework.
        file: The user's file: of functions and objects only its own are followed.
        inputs: The tensors that the step was given; they are state only where it changes them.
        step: The step.
        declared: The state as the user names it (a module, a dict of tensors, a function that
            returns one), or None.
    """

    def __init__(
        self,
        torch: Any,
        file: UserFile,
        inputs: Mapping[str, Any],
        step: Callable[[], Any],
        declared: Any,
    ) -> None:
        self._torch = torch
        self._file = file
        # No public count of in-place changes exists.
        self._inputs = {id(t): t._version for t in inputs.values()}  # noqa: SLF001
        self._step = step
        self._declared = declared

    def state(self) -> list[tuple[str, Any]]:
        """Every tensor of the state with its name, as they are now."""
        walk = _Walk(self._torch, self._file)
        if self._declared is None:
            found = walk.follow((), self._step, 0)
        else:
            whole = self._declared
            plain = isinstance(whole, types.FunctionType)
            found = walk.follow((), whole() if plain else whole, 0)
        named: dict[str, Any] = {}
        for name, tensor in found:
            if self._is_state(tensor) and len(named) < _MOST:
                named.setdefault(name or "state", tensor)
        return list(named.items())

    def _is_state(self, tensor: Any) -> bool:
        version = self._inputs.get(id(tensor))
        changed = tensor._version != version  # noqa: SLF001
        return version is None or tensor.requires_grad or changed


class _Walk:
    def __init__(self, torch: Any, file: UserFile) -> None:
        self._torch = torch
        self._file = file
        self._seen: set[int] = set()

    def follow(self, path: tuple[str, ...], found: Any, depth: int) -> Iterator[tuple[str, Any]]:
        """The tensors in *found* with their names.

        The variable that holds a container or module is no part of the names in it, since JAX's
        state has none.
        """
        torch = self._torch
        if id(found) in self._seen or depth > _DEEPEST:
            return
        self._seen.add(id(found))
        if isinstance(found, torch.Tensor):
            yield ".".join(path), found
        elif isinstance(found, torch.nn.Module):
            yield from self._module(path, found)
        elif isinstance(found, torch.optim.Optimizer):
            yield from self._optimizer(found)
        else:
            for name, inner, named in self._inside(found):
                # Of the first level the name is kept only where it names a tensor itself.
                keeps = depth > 1 or isinstance(inner, torch.Tensor) or not named
                here = (*path, name) if keeps and name else path
                yield from self.follow(here, inner, depth + 1)

    def _module(self, path: tuple[str, ...], module: Any) -> Iterator[tuple[str, Any]]:
        for owned in (module.named_parameters(), module.named_buffers()):
            for name, tensor in owned:
                if id(tensor) not in self._seen:
                    self._seen.add(id(tensor))
                    yield ".".join((*path, name)), tensor

    def _optimizer(self, optimizer: Any) -> Iterator[tuple[str, Any]]:
        for number, state in enumerate(optimizer.state.values()):
            for key, value in state.items():
                if isinstance(value, self._torch.Tensor) and value.ndim:
                    yield f"optimizer.{number}.{key}", value

    def _inside(self, found: Any) -> Iterator[tuple[str, Any, bool]]:
        """What *found* holds: names, values, and whether the name is that of a variable."""
        if isinstance(found, Mapping):
            yield from ((str(key), value, False) for key, value in list(found.items())[:_MOST])
        elif isinstance(found, (list, tuple, set)):
            yield from ((str(n), value, False) for n, value in enumerate(list(found)[:_MOST]))
        elif isinstance(found, functools.partial):
            inner = (found.func, *found.args, *found.keywords.values())
            yield from (("", value, True) for value in inner)
        elif isinstance(found, types.MethodType):
            yield from (("", value, True) for value in (found.__self__, found.__func__))
        elif isinstance(found, types.FunctionType):
            yield from self._function(found)
        elif self._own_object(found):
            held = getattr(found, "__dict__", {})
            slots = [f.name for f in dataclasses.fields(found)] if _is_data(found) else []
            names = {**{n: getattr(found, n, None) for n in slots}, **held}
            yield from ((name, value, True) for name, value in names.items())

    def _function(self, function: types.FunctionType) -> Iterator[tuple[str, Any, bool]]:
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            yield "", wrapped, True
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            # A variable that is not set yet has no contents.
            if cell != types.CellType():
                yield name, cell.cell_contents, True
        if not self._file.owns(code.co_filename):
            return
        for name in code.co_names:
            held = function.__globals__.get(name)
            if held is not None and not isinstance(held, (type, types.ModuleType)):
                yield name, held, True
        for default in function.__defaults__ or ():
            yield "", default, True

    def _own_object(self, found: Any) -> bool:
        """Whether *found* is an instance of a class that the user's file defines."""
        if isinstance(found, type) or not hasattr(found, "__dict__"):
            return False
        module = type(found).__module__
        package = self._file.module.__name__.rpartition(".")[0]
        origin = getattr(sys.modules.get(module), "__file__", None) or ""
        return module.startswith(package) or self._file.owns(origin)


def _is_data(found: Any) -> bool:
    return dataclasses.is_dataclass(found)
