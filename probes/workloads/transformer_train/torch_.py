"""The transformer in PyTorch: modules, scaled_dot_product_attention, the loss from logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.torch_training import adopt, train_parts
from probes.workloads.transformer_train.inputs import EPSILON, HEAD_WIDTH, LEARNING_RATE

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The model as a module: (batch, length) tokens to (batch, length, vocabulary) logits."""
    import torch
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
            q, k, v = (
                part.unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
            )
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.project(mixed.transpose(1, 2).flatten(2))
            return x + self.contract(F.gelu(self.expand(self.norm2(x)), approximate="tanh"))

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(size["vocabulary"], d)
            self.position = nn.Embedding(size["length"], d)
            self.blocks = nn.ModuleList(Block() for _ in range(size["blocks"]))
            self.norm = nn.LayerNorm(d, eps=EPSILON)
            self.head = nn.Linear(d, size["vocabulary"], bias=False)

        def forward(self, tokens: Any) -> Any:
            places = torch.arange(tokens.shape[1], device=tokens.device)
            x = self.token(tokens) + self.position(places)
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    return Transformer()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts of the training step on ``tokens``."""
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime)
    tokens = runtime.tensor(arrays["tokens"])

    def loss(tokens: Any) -> Any:
        logits = model(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    return train_parts(
        runtime,
        model,
        loss,
        lambda tokens: model(tokens[:, :-1]),
        batch=(tokens,),
        learning_rate=LEARNING_RATE,
        variant="scaled_dot_product_attention",
    )
