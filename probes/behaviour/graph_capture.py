"""Whether a training step runs without a graph, and whether it can be captured as one."""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of


def torch_findings() -> dict[str, Any]:
    """Graphs and breaks of the classifier's loss; and of one that branches on values."""
    import torch
    from torch import nn
    from torch._dynamo.utils import counters

    model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    x, y = torch.ones(3, 8), torch.zeros(3, dtype=torch.long)

    def loss(x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(model(x), y)

    def branching(x: Any, y: Any) -> Any:
        hidden = model(x)
        if hidden.sum() > 0:
            hidden = hidden * 2
        return nn.functional.cross_entropy(hidden, y)

    def graphs_of(function: Any) -> int:
        torch._dynamo.reset()  # noqa: SLF001  (where its users are told to find it)
        before = counters["stats"]["unique_graphs"]
        torch.compile(function, backend="eager")(x, y).backward()
        return int(counters["stats"]["unique_graphs"] - before)

    eager = error_of(lambda: loss(x, y).backward())
    whole = torch.compile(loss, backend="eager", fullgraph=True)
    captured = error_of(lambda: whole(x, y)) == ""
    return {
        "eager": eager == "",
        "whole": captured,
        "graphs": graphs_of(loss),
        "branching_graphs": graphs_of(branching),
    }


def jax_findings() -> dict[str, Any]:
    """The same loss without jit, its graph as JAX prints it, and under jit."""
    import jax
    import jax.numpy as jnp

    w = {"a": jnp.ones((8, 4)), "b": jnp.ones((4, 2))}
    x = jnp.ones((3, 8))

    def loss(w: Any, x: Any) -> Any:
        return -jax.nn.log_softmax(jax.nn.relu(x @ w["a"]) @ w["b"])[:, 0].mean()

    def branching(w: Any, x: Any) -> Any:
        hidden = x @ w["a"]
        if hidden.sum() > 0:
            hidden = hidden * 2
        return (hidden @ w["b"]).mean()

    return {
        "eager": error_of(lambda: jax.grad(loss)(w, x)) == "",
        "whole": error_of(lambda: jax.jit(jax.grad(loss))(w, x)) == "",
        "graphs": 1 if error_of(lambda: jax.make_jaxpr(loss)(w, x)) == "" else 0,
        "branching_graphs": 0 if error_of(lambda: jax.jit(branching)(w, x)) else 1,
        "branching_eager": error_of(lambda: jax.grad(branching)(w, x)) == "",
    }
