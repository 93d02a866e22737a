"""Derivatives of higher order in PyTorch: nested ``torch.func.grad`` under ``vmap``.

With ``graph`` nested ``torch.autograd.grad`` with ``create_graph``, as physics-informed networks
are mostly written: the points do not mix, so the gradient of a sum is that of every point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``x`` (points,)."""
    import torch
    from torch.func import grad, vmap

    first, *weights = (runtime.tensor(arrays[name]) for name in ("x", "w", "b", "v"))

    def network(x: Any, w: Any, b: Any, v: Any) -> Any:
        return (v * torch.tanh(w * x + b)).sum()

    nested: Callable[..., Any] = network
    for _ in range(size["order"]):
        nested = grad(nested)
    mapped = vmap(nested, in_dims=(0, None, None, None))

    def by_graph(x: Any, w: Any, b: Any, v: Any) -> Any:
        x = x.detach().requires_grad_()
        found = (v * torch.tanh(w * x[:, None] + b)).sum(-1)
        for order in range(1, size["order"] + 1):
            more = order < size["order"]
            (found,) = torch.autograd.grad(found.sum(), x, create_graph=more)
        return found.detach()

    derivative = by_graph if size.get("graph") else mapped
    how = "torch.autograd.grad with create_graph" if size.get("graph") else "torch.func.grad, vmap"

    def move(x: Any, *weights: Any) -> Any:
        return first + 0.1 * torch.tanh(derivative(x, *weights))

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(move)
        x = first.clone()

        def step() -> Any:
            nonlocal x
            x = advance(x, *weights)
            return x

        return step

    return TorchParts(
        make_step=make_step,
        forward=lambda: derivative(first, *weights),
        variant=f"{how}, nested {size['order']} times",
    )
