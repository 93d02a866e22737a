"""The recommender in PyTorch: ``nn.Embedding(sparse=True)`` and plain gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.embedding_train.inputs import LEARNING_RATE
from probes.workloads.torch_training import adopt, shared

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step on ``ids`` (batch, fields)."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Recommender(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(size["rows"], size["dimension"], sparse=True)
            self.inner = nn.Linear(size["fields"] * size["dimension"], size["hidden"])
            self.outer = nn.Linear(size["hidden"], 1)

        def forward(self, ids: Any) -> Any:
            return self.outer(F.relu(self.inner(self.table(ids).flatten(1)))).squeeze(1)

    model = adopt(Recommender(), arrays, runtime)
    ids, y = runtime.tensor(arrays["ids"]), runtime.tensor(arrays["y"])
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def train(ids: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = F.binary_cross_entropy_with_logits(model(ids), y)
        loss.backward()
        optimizer.step()
        return loss

    def gradients() -> dict[str, Any]:
        optimizer.zero_grad(set_to_none=True)
        F.binary_cross_entropy_with_logits(model(ids), y).backward()
        found = shared(model, gradients=True)
        return {**found, "table.weight": found["table.weight"].to_dense()}

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        return runtime.bind(wrap(train), ids, y)

    return TorchParts(
        make_step=make_step,
        forward=lambda: model(ids),
        gradients=gradients,
        parameters=lambda: shared(model),
        variant="nn.Embedding(sparse=True), torch.optim.SGD",
    )
