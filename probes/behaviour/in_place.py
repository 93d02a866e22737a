"""Changing one element of an array: by assignment, and in the way that the framework offers."""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of


def torch_findings() -> dict[str, Any]:
    """An assignment, and one to a weight that a gradient needs."""
    import torch

    x = torch.zeros(3)

    def assign() -> None:
        x[0] = 1.0

    def spoil() -> None:
        w = torch.ones(3, requires_grad=True)
        y = w.exp()
        y[0] = 0.0
        y.sum().backward()

    error = error_of(assign)
    return {
        "assigned": error == "" and float(x[0]) == 1.0,
        "error": error,
        "spoiled_gradient_refused": error_of(spoil) != "",
    }


def jax_findings() -> dict[str, Any]:
    """An assignment, and ``.at[].set``, which returns a new array."""
    import jax.numpy as jnp

    x = jnp.zeros(3)

    def assign() -> None:
        x[0] = 1.0

    error = error_of(assign)
    changed = x.at[0].set(1.0)
    return {
        "assigned": error == "" and float(x[0]) == 1.0,
        "error": error,
        "functional": float(changed[0]) == 1.0 and float(x[0]) == 0.0,
    }
