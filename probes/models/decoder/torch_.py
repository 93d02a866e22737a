# mypy: disallow-subclassing-any=False
"""The decoder in PyTorch: modules, scaled_dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.decoder.inputs import (
    BETAS,
    CLIP,
    EPSILON,
    LEARNING_RATE,
    ROTARY_BASE,
    WEIGHT_DECAY,
    gated_width,
)
from probes.models.torch_step import adopt, batches_of, decayed, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def norm(size: Size) -> Any:
    """The normalisation of *size*, with a scale and no shift."""
    from torch import nn

    if size["norm"] == "rms":
        return nn.RMSNorm(size["width"], eps=EPSILON)
    return nn.LayerNorm(size["width"], eps=EPSILON, bias=False)


def mlp_layers(size: Size) -> dict[str, Any]:
    """The dense layers of a block by name."""
    from torch import nn

    d = size["width"]
    if size["mlp"] == "gelu":
        pairs = {"expand": (d, 4 * d), "contract": (4 * d, d)}
    else:
        inner = gated_width(d)
        pairs = {"gate": (d, inner), "expand": (d, inner), "contract": (inner, d)}
    return {name: nn.Linear(*pair, bias=False) for name, pair in pairs.items()}


def rotated(x: Any, turns: Any) -> Any:
    """Features of (batch, heads, length, features) turned by *turns*, cosines and sines."""
    import torch

    cosine, sine = turns
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1)


def turns_of(places: Any, features: int) -> tuple[Any, Any]:
    """Cosines and sines (length, features / 2) of rotary positions (Su et al., 2021)."""
    import torch

    powers = torch.arange(0, features, 2, device=places.device) / features
    angles = places[:, None] * ROTARY_BASE**-powers
    return angles.cos(), angles.sin()


def make_block(size: Size) -> Any:
    """One block: (batch, length, width) to the same, given the turns of rotary positions."""
    import torch.nn.functional as F
    from torch import nn

    d, heads = size["width"], size["heads"]

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = norm(size), norm(size)
            self.qkv = nn.Linear(d, 3 * d, bias=False)
            self.project = nn.Linear(d, d, bias=False)
            for name, layer in mlp_layers(size).items():
                self.add_module(name, layer)

        def heads_of(self, x: Any, turns: Any) -> tuple[Any, Any, Any]:
            """Queries, keys and values, (batch, heads, length, features) each."""
            parts = self.qkv(self.norm1(x)).chunk(3, dim=-1)
            q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
            if turns is not None:
                q, k = rotated(q, turns), rotated(k, turns)
            return q, k, v

        def mlp(self, x: Any) -> Any:
            x = self.norm2(x)
            if size["mlp"] == "gelu":
                return self.contract(F.gelu(self.expand(x), approximate="tanh"))
            return self.contract(F.silu(self.gate(x)) * self.expand(x))

        def forward(self, x: Any, turns: Any) -> Any:
            mixed = F.scaled_dot_product_attention(*self.heads_of(x, turns), is_causal=True)
            x = x + self.project(mixed.transpose(1, 2).flatten(2))
            return x + self.mlp(x)

    return Block()


def make_model(size: Size) -> Any:
    """The model as a module: (batch, length) tokens to (batch, length, vocabulary) logits."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    rotary = size["positions"] == "rotary"

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(size["vocabulary"], size["width"])
            self.position = None if rotary else nn.Embedding(size["length"], size["width"])
            self.blocks = nn.ModuleList(make_block(size) for _ in range(size["layers"]))
            self.norm = norm(size)
            if rotary:
                turns = turns_of(torch.arange(size["length"]), size["width"] // size["heads"])
                self.register_buffer("turns", torch.stack(turns), persistent=False)

        def forward(self, tokens: Any) -> Any:
            x, length = self.token(tokens), tokens.shape[1]
            if self.position is not None:
                x = x + self.position.weight[:length]
            turns = self.turns[:, :length] if rotary else None
            for block in self.blocks:
                x = block(x, turns)
            return F.linear(self.norm(x), self.token.weight)

    return Decoder()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the training step over the batches of ``tokens``."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)

    def loss(tokens: Any) -> Any:
        logits = model(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("tokens",)),
        loss=loss,
        forward=lambda tokens: model(tokens[:, :-1]),
        optimizer=(
            "AdamW",
            decayed(model, WEIGHT_DECAY),
            {"lr": LEARNING_RATE, "betas": BETAS},
        ),
        clip=CLIP,
        how="scaled_dot_product_attention",
    )
