"""Reading beyond the end of an array: an error, or a number that nobody stored there."""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of

VALUES = (1.0, 2.0, 3.0)
BEYOND = 10


def torch_findings() -> dict[str, Any]:
    """Element 10 of three."""
    import torch

    x = torch.tensor(VALUES)
    error = error_of(lambda: x[BEYOND])
    return {"refused": error != "", "error": error, "value": None if error else float(x[BEYOND])}


def jax_findings() -> dict[str, Any]:
    """Element 10 of three, directly and under jit; NumPy refuses the same read."""
    import jax
    import jax.numpy as jnp

    x = jnp.asarray(VALUES)
    index = jnp.asarray(BEYOND)
    error = error_of(lambda: x[index])
    jitted = jax.jit(lambda a, i: a[i])
    return {
        "refused": error != "",
        "error": error,
        "value": None if error else float(x[index]),
        "compiled_value": float(jitted(x, index)),
    }
