"""Export of a small network whose batch stays open, run again at batches it was not made with."""

from __future__ import annotations

from typing import Any

import numpy as np

from probes.behaviour.seeing import error_of

BATCHES = (1, 7, 32)
_RNG = np.random.default_rng(5)
W = _RNG.standard_normal((8, 4)).astype(np.float32)


def _x(batch: int) -> Any:
    return np.linspace(-1, 1, batch * 8, dtype=np.float32).reshape(batch, 8)


def _matches(run: Any) -> int:
    """At how many of the batches *run* gives what NumPy gives."""
    return sum(
        bool(np.allclose(np.asarray(run(_x(batch))), np.tanh(_x(batch) @ W), atol=1e-5))
        for batch in BATCHES
    )


def torch_findings() -> dict[str, Any]:
    """``torch.export`` with a dynamic dimension."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.from_numpy(W))

        def forward(self, x: Any) -> Any:
            return torch.tanh(x @ self.w)

    def export() -> Any:
        shapes = {"x": {0: torch.export.Dim("batch", min=1)}}
        # A batch of 1 would be taken for a constant.
        return torch.export.export(Net(), (torch.from_numpy(_x(4)),), dynamic_shapes=shapes)

    error = error_of(export)
    if error:
        return {"exported": False, "error": error, "batches": 0}
    module = export().module()
    with torch.no_grad():
        return {
            "exported": True,
            "error": "",
            "batches": _matches(lambda x: module(torch.from_numpy(x))),
        }


def jax_findings() -> dict[str, Any]:
    """``jax.export`` with a symbolic dimension; storing it needs a package of its own."""
    import jax
    from jax import export as jax_export

    def made() -> Any:
        (batch,) = jax_export.symbolic_shape("batch")
        shape = jax.ShapeDtypeStruct((batch, 8), np.float32)
        return jax_export.export(jax.jit(lambda x: jax.numpy.tanh(x @ W)))(shape)

    error = error_of(made)
    if error:
        return {"exported": False, "error": error, "batches": 0}
    exported = made()
    with jax.default_matmul_precision("highest"):
        return {
            "exported": True,
            "error": "",
            "batches": _matches(exported.call),
            "stored": error_of(exported.serialize) == "",
            "storing_error": error_of(exported.serialize),
        }
