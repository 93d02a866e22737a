"""The MLP step in JAX: a pure step over parameters and Adam state, both donated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from probes.workload import Arrays, JaxParts, Size
from probes.workloads.mlp_train.inputs import LEARNING_RATE

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime


def build(arrays: Arrays, size: Size, runtime: JaxRuntime) -> JaxParts:
    """Parts of the training step over the pytree ``{w1, b1, w2, b2}``."""
    import jax
    import optax

    del size
    parameters = {name: runtime.array(arrays[name]) for name in ("w1", "b1", "w2", "b2")}
    optimizer = optax.adam(LEARNING_RATE)

    def logits(p: Any, x: Any) -> Any:
        return jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]

    def loss(p: Any, batch: Any) -> Any:
        x, y = batch
        return optax.softmax_cross_entropy_with_integer_labels(logits(p, x), y).mean()

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        p, optimizer_state = state
        value, gradients = jax.value_and_grad(loss)(p, batch)
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, p)
        return (optax.apply_updates(p, updates), optimizer_state), value

    return JaxParts(
        step=step,
        state=(parameters, jax.jit(optimizer.init)(parameters)),
        inputs=(runtime.array(arrays["x"]), runtime.array(arrays["y"])),
        forward=lambda state, batch: logits(state[0], batch[0]),
        gradients=lambda state, batch: jax.grad(loss)(state[0], batch),
        parameters=lambda state: state[0],
        variant="optax.adam",
    )
