# mypy: disallow-subclassing-any=False
"""The dense network in PyTorch: a list of linear layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.mlp.inputs import LEARNING_RATE, layers
from probes.models.torch_step import adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The model as a module: (batch, inputs) to (batch, classes) logits."""
    import torch.nn.functional as F
    from torch import nn

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for _, n_in, n_out in layers(size))

        def forward(self, x: Any) -> Any:
            *hidden, last = self.layers
            for layer in hidden:
                x = F.relu(layer(x))
            return last(x)

    return Mlp()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of ``x`` and ``y``."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)
    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("x", "y")),
        loss=lambda x, y: F.cross_entropy(model(x), y),
        forward=lambda x, _y: model(x),
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
    )
