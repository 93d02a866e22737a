"""Message passing in PyTorch: ``index_select`` gathers, ``index_add`` sums by target.

``h[source]`` would do the same with a gradient that is several times as slow on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.segment_sum.inputs import DATA, LAYERS, LEARNING_RATE
from probes.workloads.torch_training import adopt, train_parts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step on the whole graph."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    d = size["features"]

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Linear(d, d, bias=False)
            self.neighbours = nn.Linear(d, d)

        def forward(self, h: Any, source: Any, target: Any, inverse_degree: Any) -> Any:
            messages = h.index_select(0, source)
            summed = torch.zeros_like(h).index_add(0, target, messages)
            return F.relu(self.own(h) + self.neighbours(summed * inverse_degree))

    class GraphNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
            self.head = nn.Linear(d, 1)

        def forward(self, x: Any, *graph: Any) -> Any:
            for layer in self.layers:
                x = layer(x, *graph)
            return self.head(x)

    model = adopt(GraphNet(), arrays, runtime)
    return train_parts(
        runtime,
        model,
        lambda x, y, *graph: F.mse_loss(model(x, *graph), y),
        lambda x, _y, *graph: model(x, *graph),
        batch=[runtime.tensor(arrays[name]) for name in DATA],
        learning_rate=LEARNING_RATE,
        variant="index_select, index_add",
    )
