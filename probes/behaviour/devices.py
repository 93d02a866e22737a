"""Which accelerator each framework can use here, and whether reduced precision runs."""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of


def torch_findings() -> dict[str, Any]:
    """The accelerator that PyTorch names, and a product under autocast on what there is."""
    import torch

    current = torch.accelerator.current_accelerator if hasattr(torch, "accelerator") else None
    found = current() if current is not None and torch.accelerator.is_available() else None
    kind = found.type if found is not None else "cpu"

    def product() -> Any:
        a = torch.ones(64, 64, device=kind)
        with torch.autocast(kind, dtype=torch.bfloat16):
            return (a @ a).float().sum().item()

    return {"accelerator": kind != "cpu", "kind": kind, "autocast": error_of(product) == ""}


def jax_findings() -> dict[str, Any]:
    """JAX's default backend, and a product of bfloat16 numbers."""
    import jax
    import jax.numpy as jnp

    def product() -> Any:
        a = jnp.ones((64, 64), jnp.bfloat16)
        return float((a @ a).sum())

    kind = jax.default_backend()
    return {"accelerator": kind != "cpu", "kind": kind, "autocast": error_of(product) == ""}
