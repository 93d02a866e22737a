"""In which order modes take turns: random, but no mode is favoured by its place.

Pure; the randomness is keyed by the run's seed and the launch, so a run can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Sequence


def block_orders(modes: Sequence[str], rounds: int, key: str) -> list[list[str]]:
    """One order of *modes* per round.

    Within each run of ``len(modes)`` rounds every mode stands at every place once (a Latin
    square with its rows and its modes shuffled), so drift inside a launch hits all alike.
    """
    generator = random.Random(key)  # noqa: S311  (a schedule, not a secret)
    orders: list[list[str]] = []
    while len(orders) < rounds:
        shuffled = list(modes)
        generator.shuffle(shuffled)
        square = [shuffled[i:] + shuffled[:i] for i in range(len(shuffled))]
        generator.shuffle(square)
        orders.extend(square)
    return orders[:rounds]


def launch_order(names: Sequence[str], index: int, key: str) -> list[str]:
    """The order in which workers are started in launch *index*: reversed every other launch."""
    generator = random.Random(key)  # noqa: S311  (a schedule, not a secret)
    shuffled = list(names)
    generator.shuffle(shuffled)
    return shuffled if index % 2 == 0 else shuffled[::-1]
