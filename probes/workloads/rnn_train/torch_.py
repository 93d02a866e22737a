"""The LSTM in PyTorch: a cell in a Python loop, or the library's own ``nn.LSTM``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.rnn_train.inputs import CLASSES, LEARNING_RATE
from probes.workloads.torch_training import adopt, train_parts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step on ``x`` (steps, batch, features)."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    n_in, n = size["features"], size["hidden"]

    def cell(projected: Any, hidden: Any, memory: Any, recurrent: Any) -> tuple[Any, Any]:
        i, f, g, o = (projected + F.linear(hidden, recurrent)).chunk(4, dim=-1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(memory), memory

    class WrittenLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight_ih_l0 = nn.Parameter(torch.empty(4 * n, n_in))
            self.weight_hh_l0 = nn.Parameter(torch.empty(4 * n, n))
            self.cell = cell

        def forward(self, x: Any) -> tuple[Any, Any]:
            hidden, memory = x.new_zeros(2, x.shape[1], n).unbind(0)
            for projected in F.linear(x, self.weight_ih_l0).unbind(0):
                hidden, memory = self.cell(projected, hidden, memory, self.weight_hh_l0)
            return hidden[None], (hidden, memory)

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(n_in, n, bias=False) if size["vendor"] else WrittenLSTM()
            self.head = nn.Linear(n, CLASSES)

        def forward(self, x: Any) -> Any:
            outputs, _ = self.lstm(x)
            return self.head(outputs[-1])

    model = adopt(Classifier(), arrays, runtime)

    def compile_cell(wrap: Callable[..., Any]) -> None:
        model.lstm.cell = wrap(cell)

    return train_parts(
        runtime,
        model,
        lambda x, y: F.cross_entropy(model(x), y),
        lambda x, _y: model(x),
        batch=(runtime.tensor(arrays["x"]), runtime.tensor(arrays["y"])),
        learning_rate=LEARNING_RATE,
        variant="nn.LSTM" if size["vendor"] else "Python loop; the cell is what compile compiles",
        compile_part=None if size["vendor"] else compile_cell,
    )
