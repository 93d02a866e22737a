# mypy: disallow-subclassing-any=False
"""The differential equation in PyTorch: a Python loop over the steps of the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.ode.inputs import LEARNING_RATE, field
from probes.models.torch_step import Wrap, adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The solver as a module: (batch, states) to the trajectory (steps, batch, states).

    Its ``step`` is what one step does, and can be replaced by something compiled.
    """
    import torch
    from torch import nn

    h = 1.0 / size["steps"]

    class Solver(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for _, n_in, n_out in field(size))
            self.step = self.euler if size["solver"] == "euler" else self.runge_kutta

        def field(self, y: Any) -> Any:
            *hidden, last = self.layers
            for layer in hidden:
                y = torch.tanh(layer(y))
            return last(y)

        def euler(self, y: Any) -> Any:
            return y + h * self.field(y)

        def runge_kutta(self, y: Any) -> Any:
            k1 = self.field(y)
            k2 = self.field(y + 0.5 * h * k1)
            k3 = self.field(y + 0.5 * h * k2)
            k4 = self.field(y + h * k3)
            return y + (h / 6.0) * (k1 + 2.0 * k2 + 2.0 * k3 + k4)

        def forward(self, y: Any) -> Any:
            track = []
            for _ in range(size["steps"]):
                y = self.step(y)
                track.append(y)
            return torch.stack(track)

    return Solver()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of starts and trajectories."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)

    def loss(start: Any, track: Any) -> Any:
        return F.mse_loss(model(start), track)

    def step_compiled(wrap: Wrap) -> Any:
        model.step = wrap(model.step)
        return loss

    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("start", "track")),
        loss=loss,
        forward=lambda start, _track: model(start),
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
        compiled=None if variant == "compile_loop" else step_compiled,
        how="a Python loop over the steps",
    )
