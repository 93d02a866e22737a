"""Whether a mode computes the same thing when it is built again, in another process.

A framework that overwrites memory, or reads memory that nobody set, gives another result in every
run, and every result may look plausible. Beside `parity`, which compares modes with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from advisor.evidence import Parity, Reason
from advisor.measure.gates import PARITY
from advisor.measure.parity import Observation, compare, read_observation

STEPS = 3
"""How many steps the second build shows; its outputs and gradients come before the first."""


def with_second_look(
    parity: Parity,
    first: Mapping[str, Observation | None],
    again: Mapping[str, Path],
    tolerance: Mapping[str, float],
) -> Parity:
    """*parity*, failed for the modes that showed something else when they were built once more.

    Args:
        parity: What the modes' first builds are as against each other.
        first: What those showed, over all steps.
        again: Where the modes showed it the second time; some, or none, were not built again.
        tolerance: As for `compare`: what two frameworks may not differ in, one may not either.
    """
    problems: dict[str, Reason] = {}
    for label, path in again.items():
        before, shown = first.get(label), read_observation(path)
        if not before:
            continue
        if not shown:
            problems[label] = Reason("unreadable")
            continue
        agreement = compare(_up_to(before, STEPS), _up_to(shown, STEPS), tolerance)
        if agreement.differences:
            differences = [{"case": d.case, **d.values} for d in agreement.differences]
            problems[label] = Reason("not-itself", "built-again", {"differences": differences})
    if not problems:
        return parity
    # Where a mode differs from itself, that it differs from others says no more.
    return replace(
        parity, status="failed", problems={**parity.problems, **problems}, reason=Reason(PARITY)
    )


def _up_to(shown: Observation, steps: int) -> Observation:
    """*shown* with its curve cut to *steps*, and without what only holds after all steps."""
    pieces = {name: value for name, value in shown.items() if not name.startswith("param.")}
    if "curve" in pieces:
        pieces["curve"] = pieces["curve"][:steps]
    return pieces
