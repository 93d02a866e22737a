"""Interrupted campaigns of fake workers: gone on with, they give the same evidence."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from tests.benchmarks.harness import Row
from tests.fakes.interrupting import KINDS, Case, Cut, apart
from tests.fakes.interrupting import compared as evidence_of
from tests.fakes.kit import make_script


def resume(groups: int) -> list[Row]:
    """Interrupted once to three times at random steps, by Ctrl-C and by a kill."""
    chance = random.Random(16)
    equal, taken_up, told = 0, 0, []
    for number in range(groups):
        kind = KINDS[number % len(KINDS)]
        with tempfile.TemporaryDirectory() as place, apart(Path(place)):
            case = Case(make_script(Path(place)), kind, seed=number)
            steps, whole = case.whole()
            for _ in range(1 + number % 3):
                case.interrupt(
                    Cut(chance.randint(steps // 8, steps // 2), kill=chance.random() < 0.5)
                )
            before = case.finished
            finished = case.go_on()
            same = evidence_of(finished) == whole
            equal += same
            taken_up += before
            if not same:
                told.append(f"{kind}, seed {number}")
    return [
        Row(
            f"resumed as uninterrupted, {taken_up} launches taken up",
            f"{groups} of {groups} equal",
            f"{equal} of {groups}" + (f" (not: {'; '.join(told)})" if told else ""),
            equal == groups,
        )
    ]
