"""The small classifier of several checks: inputs, weights, and its training in plain NumPy.

One hidden layer with rectified units, softmax cross-entropy, Adam: as in ``training_curves`` and
``derivations``. The NumPy version counts in float64 and stands for the formulas themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
Weights = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Task:
    """Batches of shape (steps, batch, inputs), their labels (steps, batch), and first weights."""

    x: NDArray[Any]
    y: NDArray[Any]
    weights: Weights


def make_task(steps: int, batch: int, inputs: int, hidden: int, classes: int) -> Task:
    """A task that can be learned: labels are those of a random linear map."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((steps, batch, inputs)).astype(np.float32)
    y = np.argmax(x @ rng.standard_normal((inputs, classes)), axis=-1).astype(np.int64)
    weights = {
        "w1": rng.standard_normal((inputs, hidden)) * np.sqrt(2 / inputs),
        "b1": np.zeros(hidden),
        "w2": rng.standard_normal((hidden, classes)) * np.sqrt(2 / hidden),
        "b2": np.zeros(classes),
    }
    return Task(x, y, {k: v.astype(np.float32) for k, v in weights.items()})


def loss_and_gradient(w: Weights, x: NDArray[Any], y: NDArray[Any]) -> tuple[float, Weights]:
    """Mean cross-entropy of one batch and its gradient, in the precision of the weights."""
    rows = np.arange(len(x))
    before = x @ w["w1"] + w["b1"]
    hidden = np.maximum(before, 0)
    logits = hidden @ w["w2"] + w["b2"]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    error = np.exp(log_p)
    error[rows, y] -= 1
    error /= len(x)
    back = (error @ w["w2"].T) * (before > 0)
    gradient = {
        "w1": x.T @ back,
        "b1": back.sum(axis=0),
        "w2": hidden.T @ error,
        "b2": error.sum(axis=0),
    }
    return float(-log_p[rows, y].mean()), gradient


def reference_curve(task: Task) -> list[float]:
    """The loss before each step of Adam, in float64."""
    w = {k: v.astype(np.float64) for k, v in task.weights.items()}
    m = {k: np.zeros_like(v) for k, v in w.items()}
    v2 = {k: np.zeros_like(v) for k, v in w.items()}
    losses = []
    for step, (x, y) in enumerate(zip(task.x.astype(np.float64), task.y, strict=True), start=1):
        loss, gradient = loss_and_gradient(w, x, y)
        losses.append(loss)
        for name, g in gradient.items():
            m[name] = BETA1 * m[name] + (1 - BETA1) * g
            v2[name] = BETA2 * v2[name] + (1 - BETA2) * g * g
            mean, square = m[name] / (1 - BETA1**step), v2[name] / (1 - BETA2**step)
            w[name] = w[name] - RATE * mean / (np.sqrt(square) + EPSILON)
    return losses
