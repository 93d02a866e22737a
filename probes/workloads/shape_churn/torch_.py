"""The stream in PyTorch: every sequence as it is; the work on one of them may be compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.shape_churn.inputs import sequences

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the state (width,)."""
    import torch
    import torch.nn.functional as F

    del size
    first, w1, w2 = (runtime.tensor(arrays[name]) for name in ("state", "w1", "w2"))
    stream = [runtime.tensor(x) for x in sequences(arrays)]

    def fold(state: Any, x: Any, w1: Any, w2: Any) -> Any:
        inner = F.gelu((x + state) @ w1, approximate="tanh")
        return torch.tanh((inner @ w2).mean(0))

    def run(advance: Callable[..., Any], state: Any) -> Any:
        for x in stream:
            state = advance(state, x, w1, w2)
        return state

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        advance = wrap(fold)
        state = first

        def step() -> Any:
            nonlocal state
            state = run(advance, state)
            return state

        return step

    return TorchParts(
        make_step=make_step,
        forward=lambda: run(fold, first),
        variant="sequences as they are; the work on one is what compile compiles",
    )
