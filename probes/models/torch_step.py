"""One training step of PyTorch, for every family that trains: batches in turn, loss, optimizer.

Knows how a step is put together and what of it is compiled; knows no model. Weights have the
names and the layout that `probes.workloads.torch_training` describes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from probes.models.gradients import by_kind
from probes.models.torch_graph import recorded_step
from probes.workload import Arrays, TorchParts
from probes.workloads.torch_training import adopt, shared

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime

__all__ = ["Wrap", "adopt", "batches_of", "decayed", "images", "train_parts"]

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
Rule = tuple[str, Any, Mapping[str, Any]]


def batches_of(
    arrays: Arrays, runtime: TorchRuntime, names: Sequence[str]
) -> list[tuple[Any, ...]]:
    """The arrays called *names*, one tuple of tensors for every batch of their first axis."""
    return [
        tuple(runtime.tensor(arrays[name][turn]) for name in names)
        for turn in range(len(arrays[names[0]]))
    ]


def images(x: Any, layout: Any) -> Any:
    """Images (batch, height, width, channels) as PyTorch has them, in the memory format *layout*.

    The result is (batch, channels, height, width).
    """
    return x.permute(0, 3, 1, 2).contiguous(memory_format=layout)


def decayed(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups in which matrices decay, and biases and norms do not."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def train_parts(
    runtime: TorchRuntime,
    model: Any,
    variant: str,
    *,
    batches: Sequence[tuple[Any, ...]],
    loss: Callable[..., Any],
    forward: Callable[..., Any],
    optimizer: Rule,
    sparse: Rule | None = None,
    clip: float | None = None,
    compiled: Callable[[Wrap], Callable[..., Any]] | None = None,
    how: str = "",
) -> TorchParts:
    """Parts that train *model* on one of *batches* after the other.

    Args:
        runtime: where it runs.
        model: the module, whose parameters are observed.
        variant: its id; ``compile_step`` compiles the optimizer too, which then is not fused,
            since Inductor fuses what is written as a loop and leaves a fused kernel alone.
        batches: what *loss* and *forward* take, in turn.
        loss: the scalar loss of a batch.
        forward: the outputs for a batch.
        optimizer: name in ``torch.optim``, parameters or groups of them, options.
        sparse: a second one, for parameters whose gradients are sparse; there is no fused one.
        clip: largest norm of all gradients.
        compiled: the loss, given what compiles; by default all of it is compiled.
        how: what else is to be said about the variant.
    """
    whole = variant == "compile_step"
    rules = [_rule(runtime, optimizer, fused=not whole)]
    if sparse is not None:
        rules.append(_rule(runtime, sparse, fused=False))
    step = _TrainingStep(
        model=model,
        bare=runtime.bare(model),
        batches=batches,
        loss=loss,
        optimizers=[rule for rule, _ in rules],
        clip=clip,
        whole=whole,
        compiled=compiled or (lambda wrap: wrap(loss)),
    )
    return TorchParts(
        make_step=step.made,
        make_recorded=step.recorded,
        forward=lambda: forward(*batches[0]),
        gradients=step.gradients,
        parameters=lambda: shared(step.bare),
        variant=", ".join(text for text in (variant, *(name for _, name in rules), how) if text),
    )


@dataclass(frozen=True, kw_only=True)
class _TrainingStep:
    """One step and the ways to run it; fields as the arguments of `train_parts`."""

    model: Any
    bare: Any
    batches: Sequence[tuple[Any, ...]]
    loss: Callable[..., Any]
    optimizers: Sequence[Any]
    clip: float | None
    whole: bool
    compiled: Callable[[Wrap], Callable[..., Any]]

    def made(self, wrap: Wrap) -> Callable[[], Any]:
        """The step over one batch after the other, of which *wrap* compiles what is compiled."""
        loss_of = self.compiled(wrap)
        update = wrap(self._update) if self.whole else self._update
        turn = itertools.cycle(self.batches)
        return lambda: self._taken(loss_of, update, next(turn))

    def recorded(self, wrap: Wrap) -> Callable[[], Any]:
        """The same, recorded as one CUDA graph."""
        loss_of = self.compiled(wrap)
        return recorded_step(
            lambda *batch: self._taken(loss_of, self._update, batch),
            self.batches,
            (*self.model.parameters(), *self.model.buffers()),
            self.optimizers,
        )

    def gradients(self) -> dict[str, Any]:
        """Gradients of the first batch at the present parameters, after their names."""
        import torch

        self._forget()
        self.loss(*self.batches[0]).backward()
        named = shared(self.bare, gradients=True)
        return by_kind({k: v.to_dense() if v.is_sparse else v for k, v in named.items()}, torch.cat)

    def _taken(self, loss_of: Any, update: Callable[[], None], batch: tuple[Any, ...]) -> Any:
        self._forget()
        value = loss_of(*batch)
        value.backward()
        update()
        return value

    def _forget(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)

    def _update(self) -> None:
        if self.clip is not None:
            from torch.nn.utils import clip_grad_norm_

            clip_grad_norm_(list(self.model.parameters()), self.clip)
        for optimizer in self.optimizers:
            optimizer.step()


def _rule(runtime: TorchRuntime, asked: Rule, *, fused: bool) -> tuple[Any, str]:
    name, parameters, options = asked
    return runtime.optimizer(name, parameters, fused=fused, **options)
