"""The matrix product in PyTorch, without gradient bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over ``state`` and ``factor``, (n, n)."""
    import torch

    dtype = {16: torch.bfloat16, 32: torch.float32, 64: torch.float64}[size.get("bits", 32)]
    state = runtime.tensor(arrays["state"]).to(dtype)
    factor = runtime.tensor(arrays["factor"]).to(dtype)

    def make_step(wrap):  # type: ignore[no-untyped-def]
        product = wrap(torch.matmul)
        current = state

        def step():  # type: ignore[no-untyped-def]
            nonlocal current
            current = product(current, factor)
            return current

        return step

    return TorchParts(make_step=make_step, forward=lambda: state @ factor)
