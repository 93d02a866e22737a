"""The small classifier in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the batch (batch, width)."""
    import torch

    del size
    first, w1, w2 = (runtime.tensor(arrays[name]) for name in ("x", "w1", "w2"))

    def classify(x: Any, w1: Any, w2: Any) -> tuple[Any, Any]:
        probabilities = torch.softmax(torch.relu(x @ w1) @ w2, dim=-1)
        return probabilities, first + 0.1 * probabilities[:, :1]

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(classify)
        x = first.clone()

        def step() -> Any:
            nonlocal x
            probabilities, x = advance(x, w1, w2)
            return probabilities

        return step

    # Nothing may run before the first call that is timed.
    return TorchParts(make_step=make_step, forward=None)
