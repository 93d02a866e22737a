"""One training step of PyTorch, for every workload that trains: shared weights in, Adam, loss.

Shared inputs name a weight as ``named_parameters`` does and keep it in JAX's layout: dense
kernels (in, out), convolution kernels (height, width, in, out). PyTorch keeps (out, in) and
(out, in, height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def adopt(model: Any, arrays: Arrays, runtime: TorchRuntime) -> Any:
    """*model* on the device with the weights of the shared inputs; returns it.

    Raises:
        KeyError: the shared inputs lack one of its parameters.
    """
    import torch

    model.to(runtime.device)
    with torch.no_grad():
        for name, owner, parameter in _owned(model):
            parameter.copy_(_swap(owner, torch.from_numpy(arrays[name]), to_torch=True))
    return runtime.parallel(model)


def shared(model: Any, *, gradients: bool = False) -> dict[str, Any]:
    """Parameters of *model*, or their gradients, in the layout of the shared inputs."""
    return {
        name: _swap(owner, parameter.grad if gradients else parameter, to_torch=False)
        for name, owner, parameter in _owned(model)
    }


def _owned(model: Any) -> list[tuple[str, Any, Any]]:
    found = []
    for name, parameter in model.named_parameters():
        found.append((name, model.get_submodule(name.rpartition(".")[0]), parameter))
    return found


def _swap(owner: Any, value: Any, *, to_torch: bool) -> Any:
    from torch import nn

    if isinstance(owner, nn.Linear) and value.ndim == 2:
        return value.T
    if isinstance(owner, nn.Conv2d) and value.ndim == 4:
        return value.permute((3, 2, 0, 1) if to_torch else (2, 3, 1, 0))
    return value


def train_parts(
    runtime: TorchRuntime,
    model: Any,
    loss_of: Callable[..., Any],
    forward: Callable[..., Any],
    *,
    batch: Sequence[Any],
    learning_rate: float,
    variant: str = "",
    compile_part: Callable[[Callable[..., Any]], None] | None = None,
) -> TorchParts:
    """Parts that train *model* with Adam on one *batch*, the tensors that *loss_of* takes.

    ``wrap`` is applied to the whole step, or by *compile_part* to a part of the model where
    the whole step is a long Python loop.
    """
    optimizer, optimizer_name = runtime.adam(model.parameters(), learning_rate)

    def train(*batch: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(*batch)
        loss.backward()
        optimizer.step()
        return loss

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        if compile_part is None:
            return runtime.bind(wrap(train), *batch)
        compile_part(wrap)
        return runtime.bind(train, *batch)

    def gradients() -> dict[str, Any]:
        optimizer.zero_grad(set_to_none=True)
        loss_of(*batch).backward()
        return shared(model, gradients=True)

    return TorchParts(
        make_step=make_step,
        forward=lambda: forward(*batch),
        gradients=gradients,
        parameters=lambda: shared(model),
        variant=", ".join(text for text in (optimizer_name, variant) if text),
    )
