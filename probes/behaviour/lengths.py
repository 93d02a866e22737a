"""How often each framework traces a function when every call has another length."""

from __future__ import annotations

from typing import Any

import numpy as np

LENGTHS = (17, 23, 31, 40, 52, 66, 81, 97, 113, 128)


def torch_findings() -> dict[str, Any]:
    """Graphs that ``torch.compile`` makes; the first two lengths tell it that lengths vary."""
    import torch
    from torch._dynamo.utils import counters

    def work(x: Any) -> Any:
        return torch.softmax(torch.tanh(x) * 3, dim=0).sum()

    torch._dynamo.reset()  # noqa: SLF001  (where its users are told to find it)
    before = counters["stats"]["unique_graphs"]
    # How often is decided before anything is compiled: the quickest backend says the same.
    compiled = torch.compile(work, backend="eager")
    for length in LENGTHS:
        compiled(torch.from_numpy(np.ones(length, np.float32)))
    return {"lengths": len(LENGTHS), "traces": counters["stats"]["unique_graphs"] - before}


def jax_findings() -> dict[str, Any]:
    """``jax.jit``: the traced function counts its own traces."""
    import jax
    import jax.numpy as jnp

    traces = [0]

    def work(x: Any) -> Any:
        traces[0] += 1
        return jax.nn.softmax(jnp.tanh(x) * 3).sum()

    jitted = jax.jit(work)

    for length in LENGTHS:
        jax.block_until_ready(jitted(jnp.asarray(np.ones(length, np.float32))))
    return {"lengths": len(LENGTHS), "traces": traces[0]}
