"""What of a step's state is compared: after few steps, and after all where nothing moved before."""

from __future__ import annotations

import numpy as np
import pytest

from probes.own.leaves import STATE_STEPS, Leaf, Watched


def leaf(value: float) -> list[Leaf]:
    return [Leaf("w", np.array([value]), "float64")]


@pytest.mark.parametrize(
    ("moves_at", "steps", "seen"),
    [
        (1, 20, STATE_STEPS),
        # Gradients that are gathered over many calls move nothing at first.
        (8, 20, 20),
        (1, 3, 3),
        (99, 20, 0),
    ],
)
def test_states_are_compared_before_rounding_has_grown(moves_at, steps, seen):
    watched = Watched(before=leaf(0.0))
    for number in range(1, steps + 1):
        watched.steps.append([])
        value = float(number) if number >= moves_at else 0.0
        watched.note_state(steps, lambda value=value: leaf(value))
    assert watched.after[0].values[0] == seen
