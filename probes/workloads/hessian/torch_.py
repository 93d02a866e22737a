"""The Newton step in PyTorch: ``torch.func.hessian`` and ``torch.linalg.solve``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``x`` (n,)."""
    import torch
    from torch.func import grad_and_value, hessian

    del size
    first, a, b = (runtime.tensor(arrays[name]) for name in ("x", "a", "b"))

    def f(x: Any, a: Any, b: Any) -> Any:
        return torch.logsumexp(a @ x + b, 0) + 0.5 * (x @ x)

    def newton(x: Any, a: Any, b: Any) -> tuple[Any, Any]:
        gradient, value = grad_and_value(f)(x, a, b)
        return x - torch.linalg.solve(hessian(f)(x, a, b), gradient), value

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(newton)
        x = first

        def step() -> Any:
            nonlocal x
            x, value = advance(x, a, b)
            return value

        return step

    return TorchParts(
        make_step=make_step,
        forward=lambda: hessian(f)(first, a, b),
        gradients=lambda: {"x": grad_and_value(f)(first, a, b)[0]},
        variant="torch.func.hessian",
    )
