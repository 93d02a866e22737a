"""A user's module in PyTorch: a training step with AdamW, or inference, looked at from outside.

Knows PyTorch's modules and optimizers; the comparison is that of any own step, with outputs and
gradients at the first state beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from probes.own import module as own_module
from probes.own.closure import Closure
from probes.own.file import UserFileError
from probes.own.firsts import default_loss, firsts, leaves_of, with_firsts
from probes.own.module import OwnModule
from probes.own.torch_side import TorchOwn, Wrap, _Built
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime

# Gradients smaller than this share of the largest one are what rounding leaves of zero.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Step:
    """One build: the module with its loss as a function, and what comes after it.

    Calling it runs the whole step; `wrapped` runs the same with the forward part compiled.
    """

    forward: Callable[[], Any]
    after: Callable[[Callable[[], Any]], Any]

    def __call__(self) -> Any:
        """The step."""
        return self.after(self.forward)

    def wrapped(self, wrap: Wrap) -> Callable[[], Any]:
        """The step with its forward part under *wrap*."""
        forward = wrap(self.forward)
        return lambda: self.after(forward)


class TorchModule(TorchOwn):
    """The user's module as a step."""

    def __init__(self, source: own_module.Source, arrays: Arrays, runtime: TorchRuntime) -> None:
        self._source = source
        self._firsts: dict[str, NDArray[Any]] = {}
        self._idle: frozenset[str] = frozenset()
        super().__init__(own_module.file_of(source), own_module.options(source), arrays, runtime)

    def parts(self) -> TorchParts:
        """The step as a runtime builds programs from it."""
        kind = (
            "AdamW, forward and loss compiled where anything is"
            if self._source.trains
            else "inference_mode"
        )
        return TorchParts(
            make_step=lambda wrap: self._called(self._timed, wrap),
            forward=None,
            variant=f"your module, {kind}",
            own=self,
        )

    def _build(self, given: Mapping[str, Any]) -> _Built:
        del given
        torch, runtime = self._runtime.torch, self._runtime
        own = own_module.build(self._file, self._source.name, int(self._arrays["seed"][0]), torch)
        own, _ = own_module.without_dropout(torch, own)
        own = on_device(torch, own, runtime.device)
        own.module.train(self._source.trains)
        step = self._training(own) if self._source.trains else _inference(torch, own)
        closure = Closure(torch, self._file, {}, step, lambda: self._state_of(own.module))
        return _Built(step, closure, own.place)

    def _training(self, own: OwnModule) -> Step:
        torch = self._runtime.torch
        loss = self._file.call(lambda: default_loss(torch, own)) if own.loss is None else own.loss

        def forward() -> Any:
            return own.loss_of(loss, own.module(*own.arguments, **own.named), inputs_of(own))

        if not self._firsts:
            self._firsts = self._first_look(own, forward)
        trained = [p for p in own.module.parameters() if p.requires_grad]
        optimizer, _ = self._runtime.optimizer(
            "AdamW", trained, lr=own_module.LEARNING_RATE, weight_decay=own_module.WEIGHT_DECAY
        )

        def after(compiled: Callable[[], Any]) -> Any:
            optimizer.zero_grad(set_to_none=True)
            value = compiled()
            value.backward()
            optimizer.step()
            return value.detach()

        return Step(forward, after)

    def _first_look(self, own: OwnModule, forward: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """Outputs and gradients before the first step; buffers are put back."""
        torch = self._runtime.torch
        kept = {n: b.detach().clone() for n, b in own.module.named_buffers()}
        value = self._file.pointing(forward, own.place)()
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            raise UserFileError(f"{own.place}: the loss must be one number, a tensor")
        self._file.pointing(value.backward, own.place)()
        slopes = {
            n: self._runtime.to_numpy(p.grad).ravel()
            for n, p in own.module.named_parameters()
            if p.grad is not None
        }
        own.module.zero_grad(set_to_none=True)
        with torch.no_grad():
            outputs = leaves_of(torch, own.module(*own.arguments, **own.named))
            for name, buffer in own.module.named_buffers():
                buffer.copy_(kept[name])
        sizes = {n: float(np.abs(a).max(initial=0.0)) for n, a in slopes.items()}
        most = max(sizes.values(), default=0.0)
        self._idle = frozenset(n for n, size in sizes.items() if size < _ROUNDING * most)
        if not slopes:
            raise UserFileError(f"{own.place}: no parameter of the module has a gradient")
        return firsts({n: self._runtime.to_numpy(t) for n, t in outputs.items()}, slopes)

    def _state_of(self, module: Any) -> dict[str, Any]:
        """Parameters and buffers by name.

        Without those whose first gradient is rounding (of a bias before a batch norm), which AdamW
        makes steps of; buffers follow them.
        """
        named = module.named_parameters()
        state = {f"parameters.{n}": p for n, p in named if n not in self._idle}
        if self._idle:
            return state
        return {**state, **{f"buffers.{n}": b for n, b in module.named_buffers()}}

    def _called(self, built: _Built, wrap: Wrap) -> Callable[[], Any]:
        def checked(out: Any) -> None:
            self._leaves(out, built.place)

        step: Any = built.step
        return self._file.pointing(step.wrapped(wrap), built.place, checked)

    def observe(self, program: Any, steps: int, call: Callable[[], Any]) -> dict[str, NDArray[Any]]:
        """What any own step shows, and outputs and gradients at the first state."""
        return with_firsts(super().observe(program, steps, call), self._firsts)


def _inference(torch: Any, own: OwnModule) -> Step:
    def forward() -> Any:
        with torch.inference_mode():
            return leaves_of(torch, own.module(*own.arguments, **own.named))

    return Step(forward, lambda compiled: compiled())


def inputs_of(own: OwnModule) -> tuple[Any, ...]:
    """The example inputs, as a loss is given them."""
    return own.arguments or tuple(own.named.values())


def on_device(torch: Any, own: OwnModule, device: Any) -> OwnModule:
    """*own* with module and inputs on *device*."""

    def moved(value: Any) -> Any:
        return value.to(device) if isinstance(value, torch.Tensor) else value

    tree = torch.utils._pytree.tree_map  # noqa: SLF001  (torch.export's own trees)
    return replace(
        own,
        module=own.module.to(device),
        arguments=tree(moved, own.arguments),
        named=tree(moved, dict(own.named)),
    )
