# mypy: disallow-subclassing-any=False
"""The residual network in PyTorch: modules, channels last in memory where asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size, groups_of
from probes.models.resnet.inputs import (
    AVERAGED,
    EPSILON,
    LARGE_IMAGE,
    LEARNING_RATE,
    MOMENTUM,
    WEIGHT_DECAY,
    Block,
    Conv,
    blocks,
    stem,
)
from probes.models.torch_step import adopt, batches_of, images, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_conv(conv: Conv, norm: str) -> Any:
    """A convolution and the normalisation after it."""
    from torch import nn

    class ConvNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(
                conv.n_in,
                conv.n_out,
                conv.side,
                conv.stride,
                padding=conv.side // 2,
                groups=conv.groups,
                bias=norm == "none",
            )
            self.norm: Any = nn.Identity()
            if norm == "batch":
                self.norm = nn.BatchNorm2d(conv.n_out, eps=EPSILON, momentum=AVERAGED)
            elif norm == "group":
                self.norm = nn.GroupNorm(groups_of(conv.n_out), conv.n_out, eps=EPSILON)

        def forward(self, x: Any) -> Any:
            return self.norm(self.conv(x))

    return ConvNorm()


def make_block(block: Block, size: Size) -> Any:
    """One block: what its convolutions make of the input, added to the input."""
    import torch.nn.functional as F
    from torch import nn

    depthwise = size["block"] == "depthwise"
    names = [conv.name.rpartition(".")[2] for conv in block.convolutions]

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, conv in zip(names, block.convolutions, strict=True):
                self.add_module(name, make_conv(conv, size["norm"]))
            if block.shortcut is not None:
                self.shortcut = make_conv(block.shortcut, size["norm"])

        def forward(self, x: Any) -> Any:
            inner = x
            for name in names[:-1]:
                inner = getattr(self, name)(inner)
                inner = F.relu6(inner) if depthwise else F.relu(inner)
            inner = getattr(self, names[-1])(inner)
            if block.added:
                inner = inner + (x if block.shortcut is None else self.shortcut(x))
            return inner if depthwise else F.relu(inner)

    return Residual()


def make_model(size: Size) -> Any:
    """The model as a module: (batch, channels, image, image) to (batch, classes) logits."""
    import torch.nn.functional as F
    from torch import nn

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = make_conv(stem(size), size["norm"])
            self.blocks = nn.Sequential(*(make_block(block, size) for block in blocks(size)))
            self.head = nn.Linear(size["widths"][-1], size["classes"])

        def forward(self, x: Any) -> Any:
            x = F.relu(self.stem(x))
            if size["image"] >= LARGE_IMAGE:
                x = F.max_pool2d(x, 3, 2, padding=1)
            return self.head(self.blocks(x).mean((2, 3)))

    return ResNet()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step; in training mode throughout."""
    import torch
    import torch.nn.functional as F

    last = variant.endswith("_last")
    layout = torch.channels_last if last else torch.contiguous_format
    model = adopt(make_model(size), arrays, runtime).to(memory_format=layout)
    return train_parts(
        runtime,
        model,
        variant,
        batches=[(images(x, layout), y) for x, y in batches_of(arrays, runtime, ("x", "y"))],
        loss=lambda x, y: F.cross_entropy(model(x), y),
        forward=lambda x, _y: model(x),
        optimizer=(
            "SGD",
            model.parameters(),
            {"lr": LEARNING_RATE, "momentum": MOMENTUM, "weight_decay": WEIGHT_DECAY},
        ),
        how="channels last" if last else "channels first",
    )
