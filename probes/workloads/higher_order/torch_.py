"""Derivatives of higher order in PyTorch: nested ``torch.func.grad`` under ``vmap``."""

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
    derivative = vmap(nested, in_dims=(0, None, None, None))

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
        variant=f"torch.func.grad nested {size['order']} times, vmap",
    )
