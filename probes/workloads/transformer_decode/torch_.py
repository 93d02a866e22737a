"""Decoding in PyTorch: a static cache written in place, under ``torch.inference_mode``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.torch_training import adopt
from probes.workloads.transformer_train.inputs import HEAD_WIDTH
from probes.workloads.transformer_train.torch_ import make_model

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the last token, its place and the caches (blocks of (1, heads, length, 32))."""
    import torch
    import torch.nn.functional as F

    model = adopt(make_model(size), arrays, runtime).eval()
    length = size["length"]
    places = torch.arange(length, device=runtime.device)

    def attend(block: Any, x: Any, position: Any, cache: Any) -> Any:
        mask = (places <= position)[None]
        q, k, v = (
            part.unflatten(-1, (1, -1, HEAD_WIDTH)).transpose(1, 2)
            for part in block.qkv(block.norm1(x)).chunk(3, dim=-1)
        )
        keys, values = cache
        keys.index_copy_(2, position, k)
        values.index_copy_(2, position, v)
        mixed = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        return block.project(mixed.flatten(1))

    def decode(token: Any, position: Any, caches: Any) -> tuple[Any, Any, Any]:
        x = model.token(token) + model.position(position)
        for block, cache in zip(model.blocks, caches, strict=True):
            x = x + attend(block, x, position, cache)
            inner = F.gelu(block.expand(block.norm2(x)), approximate="tanh")
            x = x + block.contract(inner)
        logits = model.head(model.norm(x))
        return logits, logits.argmax(-1), (position + 1) % length

    def fresh() -> tuple[Any, Any, Any]:
        shape = (1, size["width"] // HEAD_WIDTH, length, HEAD_WIDTH)
        caches = [
            tuple(torch.zeros(shape, device=runtime.device) for _ in range(2)) for _ in model.blocks
        ]
        return runtime.tensor(arrays["token"]), places[:1].clone(), caches

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(decode)
        with torch.inference_mode():
            token, position, caches = fresh()

        def step() -> Any:
            nonlocal token, position
            with torch.inference_mode():
                logits, token, position = advance(token, position, caches)
            return logits

        return step

    def forward() -> Any:
        with torch.inference_mode():
            return decode(*fresh())[0]

    return TorchParts(
        make_step=make_step,
        forward=forward,
        variant="static cache written in place, inference mode",
    )
