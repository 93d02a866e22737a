"""The deep perceptron in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.memory.inputs import LAYERS, LEARNING_RATE
from probes.workloads.torch_training import adopt, train_parts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step on ``x`` and ``y``, (batch, width)."""
    import torch.nn.functional as F
    from torch import nn

    class Deep(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(LAYERS))

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = F.gelu(layer(x), approximate="tanh")
            return x

    model = adopt(Deep(size["width"]), arrays, runtime)
    return train_parts(
        runtime,
        model,
        lambda x, y: F.mse_loss(model(x), y),
        lambda x, _y: model(x),
        batch=(runtime.tensor(arrays["x"]), runtime.tensor(arrays["y"])),
        learning_rate=LEARNING_RATE,
    )
