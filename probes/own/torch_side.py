"""A user's step in PyTorch: built, and looked at from outside, its state included.

A step without arguments keeps its state in what it closes over; that is found by following its
closure. Knows the contract of ``torch_step`` and PyTorch's types; decides nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from probes.own import options as own_options
from probes.own.closure import Closure
from probes.own.file import UserFile, UserFileError, kind_of
from probes.own.leaves import Leaf, Watched, faults, meta, path_name
from probes.own.options import Options
from probes.own.results import flattened
from probes.own.statistics import STATISTICAL_RUNS, summary
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
_PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "convolution", "linear", "dot", "einsum", "attention")


@dataclass(frozen=True)
class _Built:
    """One build of the step: the function, and what finds its state."""

    step: Callable[[], Any]
    closure: Closure
    place: str


class TorchOwn:
    """The user's ``torch_step`` over the shared *arrays*."""

    def __init__(
        self, file: UserFile, options: Options, arrays: Arrays, runtime: TorchRuntime
    ) -> None:
        self._file = file
        self._options = options
        self._arrays = arrays
        self._runtime = runtime
        self._timed = self._build(options.given(parity=False))

    def parts(self) -> TorchParts:
        """The step as a runtime builds programs from it."""
        return TorchParts(
            make_step=lambda wrap: self._called(self._timed, wrap),
            forward=None,
            variant="the user's own step",
            own=self,
        )

    def _build(self, given: Mapping[str, Any]) -> _Built:
        file, make = self._file, self._file.function("torch_step")
        if make is None:
            raise UserFileError(f"{file.place()}: offers no torch_step()")
        tensors = {name: self._runtime.tensor(array) for name, array in self._arrays.items()}
        with self._default_type():
            found = file.call(make, tensors, **given)
        pair = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        if not callable(pair[0]):
            raise UserFileError(
                f"{file.place(make)}: torch_step() must return a function, not {kind_of(found)}"
            )
        closure = Closure(self._runtime.torch, file, tensors, *pair)
        return _Built(pair[0], closure, file.place(pair[0], make, "torch_step"))

    @contextlib.contextmanager
    def _default_type(self) -> Iterator[None]:
        """Modules are made in float64 where that was asked for, as JAX makes them then."""
        if self._options.precision != "float64":
            yield
            return
        torch = self._runtime.torch
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)

    def _called(self, built: _Built, wrap: Wrap) -> Callable[[], Any]:
        def checked(out: Any) -> None:
            self._leaves(out, built.place)

        return self._file.pointing(wrap(built.step), built.place, checked)

    def observe(self, program: Any, steps: int, call: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """What the timed program computes, and in eager mode what a second build of it does.

        With a rate what is compared is built with rate 0; with statistics several builds are, each
        with a seed of its own. Either way the timed program takes no part in it.
        """
        options = self._options
        eager = program.wrap is None
        if options.policy == own_options.INPUTS:
            seen, graph = self._watch(self._timed, call, steps)
        else:
            first = self._build(options.given(parity=True))
            wrap = program.wrap or (lambda function: function)
            seen, graph = self._watch(first, self._called(first, wrap), steps)
        arrays = seen.arrays("first")
        products: list[str] | None = None
        if eager:
            again = self._build(options.given(parity=True))
            call_again = self._called(again, lambda function: function)
            arrays |= self._watch(again, call_again, steps)[0].arrays("again")
            products = self._products(call_again)
        if options.policy == own_options.STATISTICAL:
            arrays |= summary([seen, *(self._run(n, steps) for n in _others(eager=eager))])
        arrays["meta"] = meta(
            **seen.described(),
            policy=options.policy,
            rate=options.rate,
            trained=seen.trained(),
            graph=graph,
            products=products,
        )
        return arrays

    def _run(self, number: int, steps: int) -> Watched:
        built = self._build(self._options.given(parity=True, run=number))
        return self._watch(built, self._called(built, lambda function: function), steps)[0]

    def _watch(
        self, built: _Built, call: Callable[[], Any], steps: int
    ) -> tuple[Watched, bool | None]:
        """*steps* calls, and whether the last result carries a graph of what made it."""
        seen = Watched(before=self._state(built))
        result = None
        for _ in range(steps):
            result = call()
            seen.steps.append(self._leaves(result, built.place))
            seen.note_state(steps, lambda: self._state(built))
        tensors = [value for _, value in flattened(result) if hasattr(value, "requires_grad")]
        return seen, any(value.requires_grad for value in tensors)

    def _state(self, built: _Built) -> list[Leaf]:
        return [self._leaf(name, value) for name, value in built.closure.state()]

    def faults(self, program: Any) -> list[dict[str, Any]]:
        """What of the timed state and of one more result is NaN, infinite or denormal."""
        result = self._leaves(program.call(), self._timed.place)
        return faults([*self._state(self._timed), *result])

    def _leaves(self, result: Any, place: str) -> list[Leaf]:
        found = [(path_name(path), value) for path, value in flattened(result)]
        for name, value in found:
            if not (hasattr(value, "detach") or isinstance(value, (bool, int, float, np.ndarray))):
                raise UserFileError(
                    f"{place}: the step of torch_step() must return tensors or numbers "
                    f"(the loss, outputs), not {kind_of(value)} ({name})"
                )
        if not found:
            raise UserFileError(
                f"{place}: the step of torch_step() must return a tensor (the loss) or several, "
                f"not {kind_of(result)}"
            )
        return [self._leaf(name, value) for name, value in found]

    def _leaf(self, name: str, value: Any) -> Leaf:
        if not hasattr(value, "detach"):
            array = np.asarray(value)
            return Leaf(name, array, str(array.dtype) if hasattr(value, "dtype") else "number")
        dense = value.detach()
        if dense.layout != self._runtime.torch.strided:
            dense = dense.to_dense()
        resolved = dense.resolve_conj().resolve_neg()
        return Leaf(name, self._runtime.to_numpy(resolved), str(value.dtype).split(".")[-1])

    def _products(self, call: Callable[[], Any]) -> list[str] | None:
        """The types in which one more step multiplies matrices; None where it cannot be watched."""
        from torch.utils._python_dispatch import TorchDispatchMode

        torch = self._runtime.torch
        types: set[str] = set()

        class Listening(TorchDispatchMode):  # type: ignore[misc]
            def __torch_dispatch__(
                self, func: Any, types_: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                del types_
                name = str(getattr(func, "overloadpacket", func)).split(".")[-1]
                if any(word in name for word in _PRODUCTS):
                    tensors = [a for a in args if isinstance(a, torch.Tensor)]
                    types.update(str(t.dtype).split(".")[-1] for t in tensors[-2:])
                return func(*args, **(kwargs or {}))

        try:
            with Listening():
                call()
        except Exception:
            return None
        return sorted(name for name in types if "float" in name or "complex" in name)


def _others(*, eager: bool) -> range:
    """Further runs; what is compiled has one, since each would be compiled anew."""
    return range(1, STATISTICAL_RUNS) if eager else range(0)
