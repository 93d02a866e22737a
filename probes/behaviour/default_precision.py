"""What becomes of a request for float64: kept, or quietly made float32.

``1 + 1e-12 - 1`` is 1e-12 in float64 and 0 in float32.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

TINY = 1e-12


def torch_findings() -> dict[str, Any]:
    """A tensor that is asked for as float64."""
    import torch

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        x = torch.ones(2, dtype=torch.float64) + TINY - 1
    return {
        "float64_kept": x.dtype == torch.float64,
        "tiny_kept": bool(abs(float(x[0]) - TINY) < 1e-3 * TINY),
        "type": str(x.dtype).removeprefix("torch."),
        "warned": bool(heard),
    }


def jax_findings() -> dict[str, Any]:
    """One asked for as float64, one made of float64 numbers; and with 64-bit types switched on."""
    import jax
    import jax.numpy as jnp

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        x = jnp.ones(2, dtype=jnp.float64) + TINY - 1
    with warnings.catch_warnings(record=True) as heard_converting:
        warnings.simplefilter("always")
        converted = jnp.asarray(np.ones(2))
    was = bool(jax.config.jax_enable_x64)
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003  (no name is taken)
    try:
        wide = jnp.ones(2, dtype=jnp.float64) + TINY - 1
        switched = bool(abs(float(wide[0]) - TINY) < 1e-3 * TINY)
    finally:
        jax.config.update("jax_enable_x64", was)
    return {
        "float64_kept": x.dtype == jnp.float64,
        "tiny_kept": bool(abs(float(x[0]) - TINY) < 1e-3 * TINY),
        "type": str(x.dtype),
        "warned": bool(heard),
        "switched": switched,
        "converted_type": str(converted.dtype),
        "converted_warned": bool(heard_converting),
    }
