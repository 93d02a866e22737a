"""What a program computed, as named arrays that the driver compares between modes.

``forward``; ``grad.NAME`` per parameter; ``curve`` (steps,), the loss of each of the first
steps or the mean magnitude of what a step returns where nothing is trained; ``param.NAME``
after those steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Observation = dict[str, NDArray[Any]]


def observe_training(
    forward: NDArray[Any] | None,
    gradients: Mapping[str, NDArray[Any]],
    losses: Sequence[NDArray[Any]],
    parameters: Mapping[str, NDArray[Any]],
) -> Observation:
    """One observation from its pieces."""
    found: Observation = {}
    if forward is not None:
        found["forward"] = forward
    found.update({f"grad.{name}": value for name, value in gradients.items()})
    if losses:
        found["curve"] = np.array([float(np.mean(np.abs(loss))) for loss in losses])
    found.update({f"param.{name}": value for name, value in parameters.items()})
    return found
