"""Where the winner changes, and what was toggled, in words.

Knows winner changes and toggles of the evidence. It must not know a report.
"""

from __future__ import annotations

from advisor.evidence import Attribution
from advisor.pair import CUDA_GRAPHS
from advisor.reading.called import CalledComparison
from advisor.reading.crossover import WinnerChange
from advisor.render.wording import count_of, name_of, plain, say, size_text

_LONG = 4
"""Numbers that a sentence can hold twice."""


def change_text(change: WinnerChange) -> str:
    """Both winners with what each needs, and about where they meet."""
    below, above = change.below, change.above
    if change.by == "size":
        fixed, moved = _cores(below), (_size(below, above), _size(above, below))
    else:
        fixed, moved = size_text(dict(below.shape), below.size), (_cores(below), _cores(above))
    if below.precision != "float32":
        fixed = say("measurements.winner.precision", fixed=fixed, precision=below.precision)
    text = say(
        "measurements.winner.changes",
        fixed=fixed,
        first=_winner(below),
        first_with=moved[0],
        second=_winner(above),
        second_with=moved[1],
    )
    if change.at is None:
        return text
    key, value = change.at
    if key == "flops":
        where = say("measurements.winner.at_operations", value=value)
    else:
        where = say("measurements.winner.at", key=key, value=value)
    return say("measurements.winner.meeting", changes=text, where=where)


def _winner(called: CalledComparison) -> str:
    return name_of("jax" if called.verdict == "jax_faster" else "pytorch")


def _cores(called: CalledComparison) -> str:
    """``2 cores``; the device where it is another than the CPU."""
    on_cpu = called.device.startswith("cpu")
    return count_of(called.cores, "core") if on_cpu and called.cores else called.device


def _size(one: CalledComparison, other: CalledComparison) -> str:
    """The size of *one*; of a long one only in what it differs from *other*."""
    shape, beside = dict(one.shape), dict(other.shape)
    if len(shape) > _LONG and shape.keys() == beside.keys():
        shape = {key: value for key, value in shape.items() if value != beside[key]}
    return size_text(shape, one.size)


def toggle_text(toggle: Attribution) -> str:
    """What was flipped, from without to with."""
    if toggle.kind == "compile":
        graphs = toggle.mode == CUDA_GRAPHS
        key = "measurements.toggle.graphs" if graphs else "measurements.toggle.compiled"
        return say(key, size=toggle.size, mode=toggle.mode_off)
    if toggle.kind == "cores":
        cores, without = plain(toggle.cores), plain(toggle.cores_off)
        return say("measurements.toggle.cores", cores=cores, without=without)
    return say("measurements.toggle.variant", size=toggle.size, without=toggle.size_off)
