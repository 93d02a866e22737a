"""Feeding in PyTorch: ``torch.from_numpy`` and ``to(device)``; the rest may be compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts
from probes.workloads.data_feed.inputs import DEVIATION, KEEP, MEAN, batches

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the blend (batch, image, image, 3)."""
    import torch

    first = runtime.tensor(arrays["state"])

    def blend(state: Any, batch: Any) -> Any:
        x = (batch.float() / 255.0 - MEAN) / DEVIATION
        return KEEP * state + (1.0 - KEEP) * x

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        update, pick = wrap(blend), batches(arrays, size)
        state = first

        def step() -> Any:
            nonlocal state
            state = update(state, torch.from_numpy(pick()).to(runtime.device))
            return state

        return step

    return TorchParts(
        make_step=make_step,
        forward=lambda: blend(first, runtime.tensor(batches(arrays, size)())),
        variant="torch.from_numpy(...).to(device)",
    )
