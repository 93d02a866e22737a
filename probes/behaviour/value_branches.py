"""The gradient through a loop whose length depends on the values, with and without compiling.

``y`` doubles until it is at least 100, so that for x = 3 it is 2^6 x and its slope is 64.
"""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import error_of

START = 3.0
LIMIT = 100.0
SLOPE = 64.0


def torch_findings() -> dict[str, Any]:
    """Eager, under ``torch.compile`` as it is, and with one whole graph demanded."""
    import torch

    def grow(x: Any) -> Any:
        y = x
        while y < LIMIT:
            y = y * 2
        return y

    def slope(function: Any) -> float:
        x = torch.tensor(START, requires_grad=True)
        function(x).backward()
        return float(x.grad)

    # Dynamo decides what is captured; what compiles its graphs afterwards changes nothing here.
    error = error_of(lambda: slope(torch.compile(grow, backend="eager", fullgraph=True)))
    # It remembers what it gave up on.
    torch._dynamo.reset()  # noqa: SLF001  (where its users are told to find it)
    compiled = torch.compile(grow, backend="eager")
    return {
        "slope": slope(grow),
        "eager": slope(grow) == SLOPE,
        "compiled": error_of(lambda: slope(compiled)) == "" and slope(compiled) == SLOPE,
        "whole_refused": error != "",
        "error": error,
    }


def jax_findings() -> dict[str, Any]:
    """Without jit, under ``jax.jit``, and with the loop written as ``lax.while_loop``."""
    import jax

    def grow(x: Any) -> Any:
        y = x
        while y < LIMIT:
            y = y * 2
        return y

    def with_lax(x: Any) -> Any:
        return jax.lax.while_loop(lambda y: y < LIMIT, lambda y: y * 2, x)

    slope = float(jax.grad(grow)(START))
    compiled = error_of(lambda: jax.jit(jax.grad(grow))(START))
    return {
        "slope": slope,
        "eager": slope == SLOPE,
        "compiled": compiled == "",
        "whole_refused": compiled != "",
        "error": compiled,
        "lax_value": error_of(lambda: jax.jit(with_lax)(START)) == "",
        "lax_reverse": error_of(lambda: jax.jit(jax.grad(with_lax))(START)) == "",
        "lax_forward": error_of(lambda: jax.jit(jax.jacfwd(with_lax))(START)) == "",
    }
