"""Small operations in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``x`` (n,)."""
    import torch

    turns = size["turns"]
    first, scale, shift = (runtime.tensor(arrays[name]) for name in ("x", "scale", "shift"))

    def turn_round(x: Any, scale: Any, shift: Any) -> Any:
        for _ in range(turns):
            x = (torch.sin(x * scale) + shift) * 0.9
        return x

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(turn_round)
        x = first

        def step() -> Any:
            nonlocal x
            x = advance(x, scale, shift)
            return x

        return step

    return TorchParts(make_step=make_step, forward=lambda: turn_round(first, scale, shift))
