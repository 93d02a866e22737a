"""What ``torch.compile`` gains and costs in a probe, and how long compiling took.

Knows the entries and comparisons of one probe. It must not know tasks or weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.evidence import Entry, Probe
from advisor.pair import MODES, TORCH_COMPILE, TORCH_EAGER
from advisor.ratio import Ratio


@dataclass(frozen=True)
class CompileCost:
    """What ``torch.compile`` gains (as against eager) and costs in one probe; seconds per step."""

    workload: str
    device: str
    gain: Ratio
    eager_s: float | None
    compiled_s: float | None
    compile_s: float | None
    kinds: tuple[str, ...] = ()


def compile_cost(probe: Probe) -> list[CompileCost]:
    """What compiling makes of PyTorch's step in *probe*: one element, or none if not called."""
    entries = {e.mode: e for e in probe.entries if e.status == "ok"}
    costs = []
    for comparison in probe.comparisons:
        if {comparison.a, comparison.b} != {TORCH_EAGER, TORCH_COMPILE}:
            continue
        gain = comparison.called_ratio(one=TORCH_COMPILE)
        if gain is None:
            continue
        slow, quick = entries.get(TORCH_EAGER), entries.get(TORCH_COMPILE)
        costs.append(
            CompileCost(
                workload=probe.id,
                device=probe.device,
                gain=gain,
                eager_s=slow.median_s if slow else None,
                compiled_s=quick.median_s if quick else None,
                compile_s=_compile_s(quick) if quick else None,
            )
        )
    return costs[:1]


def _compile_s(entry: Entry) -> float | None:
    return entry.compile_s if entry.compile_s is not None else entry.first_call_s


def add_compile_times(probe: Probe, into: dict[str, list[float]]) -> None:
    """Add the compile times of *probe*, seconds, to those of each framework."""
    for entry in probe.entries:
        if entry.status == "ok" and entry.mode in MODES and MODES[entry.mode].compiled:
            seconds = _compile_s(entry)
            if seconds is not None:
                into.setdefault(entry.framework, []).append(seconds)
