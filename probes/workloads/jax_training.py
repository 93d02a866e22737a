"""One training step of JAX, for every workload that trains: a pure step with Adam, donated.

Parameters are one flat dictionary under the names of the shared inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def parameters_of(arrays: Arrays, runtime: JaxRuntime, data: tuple[str, ...]) -> dict[str, Any]:
    """Every shared array but those called *data*, on the device."""
    return {name: runtime.array(a) for name, a in arrays.items() if name not in data}


def train_parts(
    parameters: dict[str, Any],
    loss: Callable[[Any, Any], Any],
    forward: Callable[[Any, Any], Any],
    batch: Any,
    learning_rate: float,
    *,
    variant: str = "",
) -> JaxParts:
    """Parts that train with Adam on one *batch*; ``loss(parameters, batch)`` is a scalar."""
    import jax
    import optax

    optimizer = optax.adam(learning_rate)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, optimizer_state = state
        value, gradients = jax.value_and_grad(loss)(p, batch)
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, p)
        return (optax.apply_updates(p, updates), optimizer_state), value

    name = "optax.adam"
    return JaxParts(
        step=step,
        state=(parameters, jax.jit(optimizer.init)(parameters)),
        inputs=batch,
        forward=lambda state, batch: forward(state[0], batch),
        gradients=lambda state, batch: jax.grad(loss)(state[0], batch),
        parameters=lambda state: state[0],
        variant=", ".join(text for text in (name, variant) if text),
    )
