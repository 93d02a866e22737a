"""The element-wise chain in PyTorch: one operation after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``x``, ``scale`` and ``shift``, (n,) each."""
    import torch
    import torch.nn.functional as F

    del size
    x, scale, shift = (runtime.tensor(arrays[name]) for name in ("x", "scale", "shift"))

    def chain(x: Any, scale: Any, shift: Any) -> Any:
        square = x * x
        bell = F.silu(x) * torch.exp(-square)
        return 0.6 * torch.tanh(scale * x + shift) + 0.3 * bell + 0.1 * torch.sqrt(1.0 + square)

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        mapped = wrap(chain)
        current = x

        def step() -> Any:
            nonlocal current
            current = mapped(current, scale, shift)
            return current

        return step

    return TorchParts(make_step=make_step, forward=lambda: chain(x, scale, shift))
