# mypy: disallow-subclassing-any=False
"""The U-Net in PyTorch: modules, scaled_dot_product_attention, channels last where asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from probes.model import Size, groups_of
from probes.models.torch_step import adopt, batches_of, images, train_parts
from probes.models.unet.inputs import (
    CLIP,
    EPSILON,
    LEARNING_RATE,
    Block,
    Change,
    middle,
    time_width,
    way_down,
    way_up,
)
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def group_norm(channels: int) -> Any:
    """Group normalisation of *channels*."""
    from torch import nn

    return nn.GroupNorm(groups_of(channels), channels, eps=EPSILON)


def make_block(part: Block, features: int) -> Any:
    """A residual block: images (batch, in, side, side) and the time (batch, features) to images."""
    import torch.nn.functional as F
    from torch import nn

    width = part.n_out

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = group_norm(part.n_in), group_norm(width)
            self.conv1 = nn.Conv2d(part.n_in, width, 3, padding=1)
            self.conv2 = nn.Conv2d(width, width, 3, padding=1)
            self.time = nn.Linear(features, width)
            if part.n_in != width:
                self.shortcut = nn.Conv2d(part.n_in, width, 1)
            if part.attention:
                self.norm3 = group_norm(width)
                self.qkv = nn.Conv2d(width, 3 * width, 1)
                self.project = nn.Conv2d(width, width, 1)

        def attended(self, x: Any) -> Any:
            qkv = self.qkv(self.norm3(x)).flatten(2).transpose(1, 2)
            q, k, v = (part[:, None] for part in qkv.chunk(3, dim=-1))
            mixed = F.scaled_dot_product_attention(q, k, v)[:, 0]
            return x + self.project(mixed.transpose(1, 2).unflatten(2, x.shape[2:]))

        def forward(self, x: Any, time: Any) -> Any:
            inner = self.conv1(F.silu(self.norm1(x)))
            inner = inner + self.time(time)[:, :, None, None]
            inner = self.conv2(F.silu(self.norm2(inner)))
            x = inner + (x if part.n_in == width else self.shortcut(x))
            return self.attended(x) if part.attention else x

    return Residual()


def sines(time: Any, features: int) -> Any:
    """Sines and cosines (batch, features) of times (batch,) (Vaswani et al., 2017)."""
    import torch

    half = features // 2
    steps = torch.arange(half, device=time.device)
    angles = time[:, None] * torch.exp(-math.log(10000) / half * steps)
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


def make_part(part: Block | Change, size: Size, stride: int = 1) -> Any:
    """A block, or the convolution of a change of resolution."""
    from torch import nn

    if isinstance(part, Block):
        return make_block(part, time_width(size))
    return nn.Conv2d(part.width, part.width, 3, stride, padding=1)


def make_model(size: Size) -> Any:
    """The model: noisy images (batch, channels, image, image) and times (batch,) to the noise."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    first, features = size["widths"][0], time_width(size)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            pair = (nn.Linear(first, features), nn.Linear(features, features))
            self.time = nn.ModuleList(pair)
            self.first = nn.Conv2d(size["channels"], first, 3, padding=1)
            self.down = nn.ModuleList(make_part(part, size, 2) for part in way_down(size))
            self.middle = nn.ModuleList(make_part(part, size) for part in middle(size))
            self.up = nn.ModuleList(make_part(part, size) for part in way_up(size))
            self.norm = group_norm(first)
            self.last = nn.Conv2d(first, size["channels"], 3, padding=1)

        def forward(self, x: Any, time: Any) -> Any:
            time = F.silu(self.time[1](F.silu(self.time[0](sines(time, first)))))
            x = self.first(x)
            kept = [x]
            for layer in self.down:
                x = layer(x) if isinstance(layer, nn.Conv2d) else layer(x, time)
                kept.append(x)
            for layer in self.middle:
                x = layer(x, time)
            for layer in self.up:
                if isinstance(layer, nn.Conv2d):
                    x = layer(F.interpolate(x, scale_factor=2.0, mode="nearest"))
                else:
                    x = layer(torch.cat((x, kept.pop()), dim=1), time)
            return self.last(F.silu(self.norm(x)))

    return UNet()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of images, noise and times."""
    import torch
    import torch.nn.functional as F

    last = variant.endswith("_last")
    layout = torch.channels_last if last else torch.contiguous_format
    model = adopt(make_model(size), arrays, runtime).to(memory_format=layout)
    schedule = runtime.tensor(arrays["schedule"])

    def noisy(x: Any, noise: Any, time: Any) -> Any:
        kept, added = schedule[time].unbind(-1)
        return kept[:, None, None, None] * x + added[:, None, None, None] * noise

    def forward(x: Any, noise: Any, time: Any) -> Any:
        return model(noisy(x, noise, time), time)

    def shown(x: Any, noise: Any, time: Any) -> Any:
        return forward(x, noise, time).permute(0, 2, 3, 1)

    batches = batches_of(arrays, runtime, ("x", "noise", "time"))
    return train_parts(
        runtime,
        model,
        variant,
        batches=[(images(x, layout), images(noise, layout), time) for x, noise, time in batches],
        loss=lambda x, noise, time: F.mse_loss(forward(x, noise, time), noise),
        forward=shown,
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
        clip=CLIP,
        how="channels last" if last else "channels first",
    )
