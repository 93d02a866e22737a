# mypy: disallow-subclassing-any=False
"""The encoder in PyTorch: modules, scaled_dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.torch_step import adopt, batches_of, decayed, train_parts
from probes.models.vit.inputs import (
    EPSILON,
    LEARNING_RATE,
    WEIGHT_DECAY,
    data_name,
    tokens_of,
)
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_block(size: Size) -> Any:
    """One block: (batch, tokens, width) to the same."""
    import torch.nn.functional as F
    from torch import nn

    d = size["width"]

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(d, eps=EPSILON)
            self.qkv = nn.Linear(d, 3 * d)
            self.project = nn.Linear(d, d)
            self.norm2 = nn.LayerNorm(d, eps=EPSILON)
            self.expand = nn.Linear(d, 4 * d)
            self.contract = nn.Linear(4 * d, d)

        def forward(self, x: Any) -> Any:
            parts = self.qkv(self.norm1(x)).chunk(3, dim=-1)
            q, k, v = (part.unflatten(-1, (size["heads"], -1)).transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(q, k, v)
            x = x + self.project(mixed.transpose(1, 2).flatten(2))
            return x + self.contract(F.gelu(self.expand(self.norm2(x)), approximate="tanh"))

    return Block()


def make_model(size: Size) -> Any:
    """The model: (batch, channels, image, image) or (batch, length) tokens to logits."""
    import torch
    from torch import nn

    d = size["width"]

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            if size["image"]:
                self.patch = nn.Conv2d(size["channels"], d, size["patch"], size["patch"])
                self.first = nn.Parameter(torch.zeros(d))
            else:
                self.token = nn.Embedding(size["vocabulary"], d)
            self.position = nn.Parameter(torch.zeros(tokens_of(size), d))
            self.blocks = nn.Sequential(*(make_block(size) for _ in range(size["layers"])))
            self.norm = nn.LayerNorm(d, eps=EPSILON)
            self.head = nn.Linear(d, size["classes"])

        def forward(self, x: Any) -> Any:
            if size["image"]:
                patches = self.patch(x).flatten(2).transpose(1, 2)
                x = torch.cat((self.first.expand(x.shape[0], 1, -1), patches), dim=1)
            else:
                x = self.token(x)
            x = self.blocks(x + self.position)
            return self.head(self.norm(x[:, 0]))

    return Encoder()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of images or texts."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)
    batches = batches_of(arrays, runtime, (data_name(size), "y"))
    if size["image"]:
        batches = [(x.permute(0, 3, 1, 2).contiguous(), y) for x, y in batches]
    return train_parts(
        runtime,
        model,
        variant,
        batches=batches,
        loss=lambda x, y: F.cross_entropy(model(x), y),
        forward=lambda x, _y: model(x),
        optimizer=("AdamW", decayed(model, WEIGHT_DECAY), {"lr": LEARNING_RATE}),
        how="scaled_dot_product_attention",
    )
