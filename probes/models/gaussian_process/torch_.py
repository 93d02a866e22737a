# mypy: disallow-subclassing-any=False
"""The Gaussian process in PyTorch: restarts as a batch, ``torch.linalg``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from probes.model import Size
from probes.models.gaussian_process.inputs import JITTER, LEARNING_RATE
from probes.models.torch_step import adopt, batches_of, train_parts
from probes.workload import Arrays, TorchParts

if TYPE_CHECKING:
    from probes.torch_runtime import TorchRuntime


def make_model(size: Size) -> Any:
    """The process: points (n, dimensions) and targets (n,) to likelihoods (restarts,)."""
    import torch
    from torch import nn

    class Process(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kind = {"dtype": torch.float64}
            restarts = size["restarts"]
            self.log_scales = nn.Parameter(torch.empty(restarts, size["dimensions"], **kind))
            self.log_variance = nn.Parameter(torch.empty(restarts, **kind))
            self.log_noise = nn.Parameter(torch.empty(restarts, **kind))

        def kernel(self, x: Any) -> Any:
            scaled = x * (-self.log_scales).exp()[:, None]
            squares = scaled.square().sum(-1)
            products = scaled @ scaled.transpose(-1, -2)
            distances = (squares[..., None] + squares[..., None, :] - 2 * products).clamp_min(0)
            return self.log_variance.exp()[:, None, None] * (-0.5 * distances).exp()

        def forward(self, x: Any, y: Any) -> Any:
            n = x.shape[0]
            noise = self.log_noise.exp()[:, None, None] + JITTER
            eye = torch.eye(n, dtype=x.dtype, device=x.device)
            factor = torch.linalg.cholesky(self.kernel(x) + noise * eye)
            right = y[:, None].expand(size["restarts"], n, 1)
            solved = torch.linalg.solve_triangular(factor, right, upper=False)
            half_log = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            fitted = 0.5 * solved.square().sum((-2, -1))
            return -(fitted + half_log + 0.5 * n * math.log(2 * math.pi)) / n

    return Process()


def build(arrays: Arrays, size: Size, runtime: TorchRuntime, variant: str) -> TorchParts:
    """Parts of the step over the data sets."""
    model = adopt(make_model(size), arrays, runtime)
    return train_parts(
        runtime,
        model,
        variant,
        batches=batches_of(arrays, runtime, ("x", "y")),
        loss=lambda x, y: -model(x, y).sum(),
        forward=model,
        optimizer=("Adam", model.parameters(), {"lr": LEARNING_RATE}),
        how="torch.linalg.cholesky",
    )
