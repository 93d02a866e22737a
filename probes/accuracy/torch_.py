"""The classifier in PyTorch: eagerly, as its own introduction writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.accuracy.task import RATE, Task

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime

MODE = "pytorch.eager"


def start(task: Task, runtime: TorchRuntime) -> tuple[Callable[[Any], Any], Callable[[], float]]:
    """A step over the rows of a batch, and the accuracy on images that are kept apart."""
    import torch
    from torch import nn

    first, second = task.weights["w1"].shape, task.weights["w2"].shape
    model = nn.Sequential(nn.Linear(*first), nn.ReLU(), nn.Linear(*second)).to(runtime.device)
    with torch.no_grad():
        for layer, number in ((model[0], 1), (model[2], 2)):
            # Linear keeps its weights as (out, in).
            layer.weight.copy_(runtime.tensor(task.weights[f"w{number}"].T))
            layer.bias.copy_(runtime.tensor(task.weights[f"b{number}"]))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    images, labels = runtime.tensor(task.images), runtime.tensor(task.labels).long()
    test_images, test_labels = runtime.tensor(task.test_images), runtime.tensor(task.test_labels)

    def step(rows: Any) -> Any:
        rows = runtime.tensor(rows)
        loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    def accuracy() -> float:
        with torch.inference_mode():
            return float((model(test_images).argmax(1) == test_labels).float().mean())

    return step, accuracy
