"""Double-precision solves in PyTorch: ``torch.linalg.solve`` and ``eigvalsh``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, Size, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def build(arrays: Arrays, size: Size, runtime: TorchRuntime) -> TorchParts:
    """Parts over the right-hand sides (batch, n), float64."""
    import torch

    del size
    a, s, start = (runtime.tensor(arrays[name]) for name in ("a", "s", "start"))

    def solve(x: Any, a: Any, s: Any) -> tuple[Any, Any]:
        y = torch.linalg.solve(a, x.unsqueeze(-1)).squeeze(-1)
        return y, torch.linalg.eigvalsh(s + torch.diag_embed(0.01 * y))

    def advance(x: Any, a: Any, s: Any, start: Any) -> Any:
        y, eigenvalues = solve(x, a, s)
        return start + 0.1 * y + 0.1 * eigenvalues

    def make_step(wrap: Callable[..., Any]) -> Callable[[], Any]:
        wrapped = wrap(advance)
        x = start.clone()

        def step() -> Any:
            nonlocal x
            x = wrapped(x, a, s, start)
            return x

        return step

    return TorchParts(make_step=make_step, forward=lambda: torch.stack(solve(start, a, s)))
