"""What it costs to compile when every call has another length.

``once_s`` is what compiling costs before lengths stop mattering, ``each_s`` what every further
new length costs; the driver works out from the two how many lengths make both equal.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LENGTHS = (17, 23, 31, 40, 52, 66, 81, 97, 113, 128)
# After so many lengths torch.compile has made its graph for any length.
SETTLED = 2


def _times_s(call: Callable[[Any], Any], make: Callable[[Any], Any]) -> list[float]:
    times = []
    for length in LENGTHS:
        x = make(np.linspace(0.0, 1.0, length, dtype=np.float32))
        start = time.perf_counter()
        call(x)
        times.append(time.perf_counter() - start)
    return times


def torch_findings() -> dict[str, Any]:
    """``torch.compile`` with its own compiler, as a user writes it."""
    import torch

    def work(x: Any) -> Any:
        return torch.softmax(torch.tanh(x) * 3, dim=0).sum()

    torch._dynamo.reset()  # noqa: SLF001  (where its users are told to find it)
    times = _times_s(torch.compile(work), torch.from_numpy)
    return {"once_s": sum(times[:SETTLED]), "each_s": statistics.median(times[SETTLED:])}


def jax_findings() -> dict[str, Any]:
    """``jax.jit``."""
    import jax
    import jax.numpy as jnp

    jitted = jax.jit(lambda x: jax.nn.softmax(jnp.tanh(x) * 3).sum())

    # What is compiled first pays for starting the compiler, which is no cost of a length.
    jax.block_until_ready(jax.jit(lambda x: x + 1)(jnp.zeros(3)))
    times = _times_s(lambda x: jax.block_until_ready(jitted(x)), jnp.asarray)
    return {"once_s": 0.0, "each_s": statistics.median(times)}
