"""The residual network in PyTorch: modules, channels last where asked, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.conv_train.inputs import CLASSES, EPSILON, LAST, LEARNING_RATE, MOMENTUM
from probes.workloads.torch_training import adopt, train_parts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step; in training mode throughout, as the inputs say."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class ConvNorm(nn.Module):
        def __init__(self, n_in: int, n_out: int, side: int = 3, stride: int = 1) -> None:
            super().__init__()
            self.conv = nn.Conv2d(n_in, n_out, side, stride, padding=side // 2, bias=False)
            self.norm = nn.BatchNorm2d(n_out, eps=EPSILON, momentum=MOMENTUM)

        def forward(self, x: Any) -> Any:
            return self.norm(self.conv(x))

    class Block(nn.Module):
        def __init__(self, n_in: int, n_out: int, stride: int) -> None:
            super().__init__()
            self.a = ConvNorm(n_in, n_out, stride=stride)
            self.b = ConvNorm(n_out, n_out)
            same = n_in == n_out and stride == 1
            self.shortcut = nn.Identity() if same else ConvNorm(n_in, n_out, 1, stride)

        def forward(self, x: Any) -> Any:
            return F.relu(self.b(F.relu(self.a(x))) + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.stem = ConvNorm(3, width)
            self.first = Block(width, width, 1)
            self.second = Block(width, 2 * width, 2)
            self.head = nn.Linear(2 * width, CLASSES)

        def forward(self, x: Any) -> Any:
            x = self.second(self.first(F.relu(self.stem(x))))
            return self.head(x.mean((2, 3)))

    layout = torch.channels_last if size["layout"] == LAST else torch.contiguous_format
    model = adopt(ResNet(size["width"]), arrays, runtime).to(memory_format=layout)
    x = runtime.tensor(arrays["x"]).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    y = runtime.tensor(arrays["y"])
    return train_parts(
        runtime,
        model,
        lambda x, y: F.cross_entropy(model(x), y),
        lambda x, _y: model(x),
        batch=(x, y),
        learning_rate=LEARNING_RATE,
        variant="channels last" if size["layout"] == LAST else "channels first",
    )
