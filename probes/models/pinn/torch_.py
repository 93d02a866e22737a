# mypy: disallow-subclassing-any=False
"""The physics-informed network in PyTorch: derivatives by graphs of gradients, or forward.

``torch.compile`` refuses gradients of gradients ("does not currently support double backward",
PyTorch 2.13, 2026-11), so that what is compiled goes forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.pinn.inputs import DIFFUSION, LEARNING_RATE, layers
from probes.models.torch_step import adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The network as a module: points (n, 2) to the unknown (n,)."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for _, n_in, n_out in layers(size))

        def forward(self, z: Any) -> Any:
            *hidden, last = self.layers
            for layer in hidden:
                z = torch.tanh(layer(z))
            return last(z)[:, 0]

    return Network()


def residual_by_graphs(model: Any, z: Any, order: int) -> Any:
    """What is left of the equation at *z* (n, 2), by gradients of gradients.

    Points do not mix, so the gradient of a sum is that of every point.
    """
    import torch

    z = z.detach().requires_grad_()
    u = model(z)
    (slope,) = torch.autograd.grad(u.sum(), z, create_graph=True)
    u_x, u_t = slope.unbind(-1)
    highest = u_x
    for _ in range(order - 1):
        (slope,) = torch.autograd.grad(highest.sum(), z, create_graph=True)
        highest = slope[:, 0]
    return u_t + u * u_x - DIFFUSION * highest


def residual_forward(model: Any, z: Any, order: int) -> Any:
    """What is left of the equation at *z* (n, 2), by derivatives along one direction."""
    import torch
    from torch.func import jvp

    ones, zeros = torch.ones_like(z[:, 0]), torch.zeros_like(z[:, 0])

    def along(function: Callable[[Any], Any], direction: Any) -> Callable[[Any], Any]:
        return lambda at: jvp(function, (at,), (direction,))[1]

    in_x = torch.stack((ones, zeros), dim=-1)
    u_t = along(model, torch.stack((zeros, ones), dim=-1))(z)
    u, u_x = jvp(model, (z,), (in_x,))
    if order == 1:
        return u_t + u * u_x - DIFFUSION * u_x
    highest: Callable[[Any], Any] = model
    for _ in range(order):
        highest = along(highest, in_x)
    return u_t + u * u_x - DIFFUSION * highest(z)


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of points."""
    model = adopt(make_model(size), arrays, runtime)
    residual = residual_by_graphs if variant == "eager" else residual_forward

    def loss(inside: Any, border: Any, values: Any) -> Any:
        left = residual(model, inside, size["order"])
        return left.square().mean() + (model(border) - values).square().mean()

    def forward(inside: Any, _border: Any, _values: Any) -> Any:
        return residual(model, inside, size["order"])

    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("inside", "border", "values")),
        loss=loss,
        forward=forward,
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
        how="torch.autograd.grad with create_graph" if variant == "eager" else "torch.func.jvp",
    )
