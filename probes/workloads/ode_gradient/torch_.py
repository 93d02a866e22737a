"""The neural ODE in PyTorch: a Python loop over the steps, autograd through all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.ode_gradient.inputs import LEARNING_RATE
from probes.workloads.torch_training import adopt, train_parts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step from ``start`` to ``target``."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    d, width, steps = size["dimension"], size["width"], size["steps"]
    h = 1.0 / steps

    class VectorField(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(d, width)
            self.outer = nn.Linear(width, d, bias=False)

        def forward(self, y: Any) -> Any:
            return self.outer(torch.tanh(self.inner(y)))

    field = adopt(VectorField(), arrays, runtime)

    def runge_kutta_step(y: Any) -> Any:
        k1 = field(y)
        k2 = field(y + 0.5 * h * k1)
        k3 = field(y + 0.5 * h * k2)
        k4 = field(y + h * k3)
        return y + (h / 6.0) * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

    advance = runge_kutta_step

    def integrate(y: Any) -> Any:
        for _ in range(steps):
            y = advance(y)
        return y

    def compile_advance(wrap: Callable[..., Any]) -> None:
        nonlocal advance
        advance = wrap(runge_kutta_step)

    return train_parts(
        runtime,
        field,
        lambda start, target: F.mse_loss(integrate(start), target),
        lambda start, _target: integrate(start),
        batch=(runtime.tensor(arrays["start"]), runtime.tensor(arrays["target"])),
        learning_rate=LEARNING_RATE,
        variant="Python loop; one step is what compile compiles",
        compile_part=compile_advance,
    )
