"""What compilers had to do more than once, in words: graph breaks, recompilations, traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Key of the counter, what one of them is called, and how many are usual.
_COUNTED = (
    ("graph_breaks", ("graph break", "graph breaks"), 0),
    ("recompiles", ("recompilation", "recompilations"), 0),
    ("cudagraph_skips", ("graph without CUDA graphs", "graphs without CUDA graphs"), 0),
    ("traces", ("trace", "traces"), 1),
)


def counted(counters: Mapping[str, Any]) -> str:
    """``1 graph break, 4 traces``: what is unusual, or nothing."""
    told = []
    for key, (one, several), usual in _COUNTED:
        number = counters.get(key)
        if isinstance(number, int) and number > usual:
            told.append(f"{number} {one if number == 1 else several}")
    return ", ".join(told)
