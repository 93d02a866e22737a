"""One training step of JAX, for every family that trains: batches in turn, loss, optimizer.

The step is one pure function of a state and a batch, jitted whole; a Python loop feeds it, as
training loops do. Parameters are one flat dictionary under the names of the shared inputs.
Knows how a step is put together; knows no model.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from probes.models.gradients import by_kind
from probes.workload import Arrays, JaxParts
from probes.workloads.jax_training import parameters_of

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

__all__ = ["batches_of", "in_turn", "parameters_of", "train_parts"]


def batches_of(arrays: Arrays, runtime: JaxRuntime, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The arrays called *names*, one tuple of arrays for every batch of their first axis."""
    return [
        tuple(runtime.array(arrays[name][turn]) for name in names)
        for turn in range(len(arrays[names[0]]))
    ]


def in_turn(step: Callable[[Any, Any], Any]) -> Callable[[Any], Callable[[Any, Any], Any]]:
    """``make_step`` of parts whose inputs are batches: *step* is given one after the other."""

    def make_step(wrap: Callable[..., Any]) -> Callable[[Any, Any], Any]:
        advance = wrap(step)
        turns = itertools.count()

        def call(state: Any, batches: Sequence[Any]) -> Any:
            return advance(state, batches[next(turns) % len(batches)])

        return call

    return make_step


def train_parts(
    parameters: dict[str, Any],
    batches: Sequence[tuple[Any, ...]],
    *,
    loss: Callable[..., Any],
    forward: Callable[..., Any],
    optimizer: Any,
    variant: str,
    carried: Any = None,
) -> JaxParts:
    """Parts that train on one of *batches* after the other.

    Args:
        parameters: the weights.
        batches: what *loss* and *forward* take, in turn.
        loss: ``loss(parameters, batch)``, a scalar; with *carried*
            ``loss(parameters, carried, batch)``, which returns the scalar and what is carried on.
        forward: the outputs, of the same arguments.
        optimizer: an optax transformation.
        variant: what is said about the variant.
        carried: what the model updates besides its weights, such as running averages.
    """
    import jax
    import optax

    def whole(p: Any, kept: Any, batch: Any) -> tuple[Any, Any]:
        if carried is None:
            return loss(p, batch), None
        value, kept = loss(p, kept, batch)
        return value, kept

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, kept, rule_state = state
        (value, kept), gradients = jax.value_and_grad(whole, has_aux=True)(p, kept, batch)
        updates, rule_state = optimizer.update(gradients, rule_state, p)
        return (optax.apply_updates(p, updates), kept, rule_state), value

    def outputs(state: Any, batches: Any) -> Any:
        arguments = (state[0],) if carried is None else (state[0], state[1])
        return forward(*arguments, batches[0])

    def gradients(state: Any, batches: Any) -> dict[str, Any]:
        slopes, _ = jax.grad(whole, has_aux=True)(*state[:2], batches[0])
        return by_kind(slopes, jax.numpy.concatenate)

    return JaxParts(
        # For looking at what is traced; what runs is `make_step`.
        step=lambda state, batches: step(state, batches[0]),
        make_step=in_turn(step),
        state=(parameters, carried, jax.jit(optimizer.init)(parameters)),
        inputs=batches,
        forward=outputs,
        gradients=gradients,
        parameters=lambda state: state[0],
        variant=f"{variant}, the whole step jitted",
    )
