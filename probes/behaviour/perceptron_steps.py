"""One training step of the small classifier in each framework, Adam included, as users write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from probes.behaviour.perceptron import BETA1, BETA2, EPSILON, RATE, Task

Step = Callable[[Any, Any], Any]


def torch_step(task: Task) -> Step:
    """A step that takes NumPy arrays of one batch and returns the loss before it."""
    import torch
    from torch import nn

    w = task.weights
    model = nn.Sequential(nn.Linear(*w["w1"].shape), nn.ReLU(), nn.Linear(*w["w2"].shape))
    with torch.no_grad():
        for layer, number in ((model[0], 1), (model[2], 2)):
            # Linear keeps its weights as (out, in).
            layer.weight.copy_(torch.from_numpy(w[f"w{number}"].T))
            layer.bias.copy_(torch.from_numpy(w[f"b{number}"]))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, betas=(BETA1, BETA2), eps=EPSILON)

    def step(x: Any, y: Any) -> Any:
        loss = nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def jax_step(task: Task) -> Step:
    """The same with a pure function of the weights; state is donated, as is usual."""
    import jax
    import jax.numpy as jnp

    def loss_of(w: Any, x: Any, y: Any) -> Any:
        hidden = jax.nn.relu(x @ w["w1"] + w["b1"])
        log_p = jax.nn.log_softmax(hidden @ w["w2"] + w["b2"])
        return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()

    def update(state: Any, x: Any, y: Any) -> Any:
        w, m, v, count = state
        loss, g = jax.value_and_grad(loss_of)(w, x, y)
        count = count + 1
        m = jax.tree.map(lambda a, b: BETA1 * a + (1 - BETA1) * b, m, g)
        v = jax.tree.map(lambda a, b: BETA2 * a + (1 - BETA2) * b * b, v, g)

        def moved(weight: Any, mean: Any, square: Any) -> Any:
            mean, square = mean / (1 - BETA1**count), square / (1 - BETA2**count)
            return weight - RATE * mean / (jnp.sqrt(square) + EPSILON)

        return (jax.tree.map(moved, w, m, v), m, v, count), loss

    jitted = jax.jit(update, donate_argnums=0)
    weights = {k: jnp.asarray(v) for k, v in task.weights.items()}
    zeros = [{k: jnp.zeros_like(v) for k, v in weights.items()} for _ in range(2)]
    state = [(weights, *zeros, jnp.zeros((), jnp.float32))]

    def step(x: Any, y: Any) -> Any:
        state[0], loss = jitted(state[0], x, y)
        return loss

    return step
