"""The classifier in JAX: a pure step, compiled whole, as its own introduction writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probes.accuracy.task import RATE, Task

if TYPE_CHECKING:
    from probes.jax_runtime import JaxRuntime

MODE = "jax.jit"


def start(task: Task, runtime: JaxRuntime) -> tuple[Callable[[Any], Any], Callable[[], float]]:
    """A step over the rows of a batch, and the accuracy on images that are kept apart."""
    import jax
    import optax

    optimizer = optax.adam(RATE)
    images, labels = runtime.array(task.images), runtime.array(task.labels)
    test_images, test_labels = runtime.array(task.test_images), runtime.array(task.test_labels)
    weights = {name: runtime.array(array) for name, array in task.weights.items()}
    state = (weights, optimizer.init(weights))

    def logits_of(w: Any, x: Any) -> Any:
        return jax.nn.relu(x @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"]

    def loss_of(w: Any, x: Any, y: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(logits_of(w, x), y).mean()

    def advance(state: Any, images: Any, labels: Any, rows: Any) -> Any:
        w, moments = state
        loss, slopes = jax.value_and_grad(loss_of)(w, images[rows], labels[rows])
        updates, moments = optimizer.update(slopes, moments, w)
        return (optax.apply_updates(w, updates), moments), loss

    advanced = jax.jit(advance, donate_argnums=0)
    hits = jax.jit(lambda w, x, y: (logits_of(w, x).argmax(1) == y).mean())

    def step(rows: Any) -> Any:
        nonlocal state
        state, loss = advanced(state, images, labels, rows)
        return loss

    def accuracy() -> float:
        return float(hits(state[0], test_images, test_labels))

    return step, accuracy
