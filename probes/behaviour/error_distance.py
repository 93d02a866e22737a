"""How far an error's message is from the line at fault: is the user's line in the traceback?

The fault is a product of shapes that do not fit, two calls below the user's entry.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

_FAULT = "x @ w  # at fault"


def _distance(call: Callable[[], Any]) -> dict[str, Any]:
    """Whether the faulty line is shown, frames below it, and characters of the whole message."""
    try:
        call()
    except Exception as error:
        # Python's own printing, since frameworks hide frames of their own from it.
        text = "".join(traceback.format_exception(error))
        frames = traceback.extract_tb(error.__traceback__)
        places = [i for i, frame in enumerate(frames) if _FAULT in (frame.line or "")]
        return {
            "line_shown": _FAULT in text,
            "frames_below": len(frames) - 1 - places[-1] if places else None,
            "shapes_named": "3" in str(error) and "5" in str(error),
            "characters": len(text),
            "error": type(error).__name__,
        }
    return {"line_shown": False, "error": ""}


def torch_findings() -> dict[str, Any]:
    """Eager, and compiled whole."""
    import torch

    def layer(x: Any, w: Any) -> Any:
        return x @ w  # at fault

    def model(x: Any, w: Any) -> Any:
        return torch.tanh(layer(x, w))

    compiled = torch.compile(model, backend="eager")
    return _both(
        lambda: model(torch.ones(2, 3), torch.ones(5, 2)),
        lambda: compiled(torch.ones(2, 3), torch.ones(5, 2)),
    )


def jax_findings() -> dict[str, Any]:
    """Without jit, and the gradient under jit."""
    import jax
    import jax.numpy as jnp

    def layer(x: Any, w: Any) -> Any:
        return x @ w  # at fault

    def model(x: Any, w: Any) -> Any:
        return jnp.tanh(layer(x, w)).sum()

    return _both(
        lambda: model(jnp.ones((2, 3)), jnp.ones((5, 2))),
        lambda: jax.jit(jax.grad(model))(jnp.ones((2, 3)), jnp.ones((5, 2))),
    )


def _both(eager: Callable[[], Any], compiled: Callable[[], Any]) -> dict[str, Any]:
    return {
        f"{mode}_{name}": value
        for mode, call in (("eager", eager), ("compiled", compiled))
        for name, value in _distance(call).items()
    }
