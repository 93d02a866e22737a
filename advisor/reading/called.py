"""Which measured comparisons may speak about speed, and what each of them says.

Knows the evidence document: verdicts, modes, settings. Only comparisons that were called count;
what is inconclusive or invalid is left out with its reason. It must not know tasks or weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.reading.compile_costs import CompileCost, add_compile_times, compile_cost
from advisor.reading.devices import kinds_of
from advisor.reading.ratios import Ratio, ratio_of
from advisor.reading.variants import (
    JAX_MODE,
    TORCH_MODES,
    Detour,
    detours,
    group_of,
    size_of,
    together_s,
)
from advisor.evidence import Comparison, Evidence, Probe, Reason
from advisor.text import inert

_MARGIN = math.log2(1.05)


@dataclass(frozen=True)
class Cell:
    """What one probe says: how many times as fast JAX is as the best mode of PyTorch.

    Attributes:
        workload: Which work.
        source: Position of its evidence among those given.
        device: Where it ran.
        kinds: What the device is, in words of ``hardware.train``; empty where nothing tells.
        speedup: Time of PyTorch over time of JAX (above 0 in log2: JAX is faster).
        torch_mode: The mode of PyTorch that is compared.
        verdict: ``jax_faster``, ``pytorch_faster`` or ``equivalent``.
        shape: The numbers of its size.
        flops: Floating-point operations of one call, where they are counted.
        together_s: Geometric mean of the best times of both frameworks, seconds.
        best_at: Modes that are faster in another variant, and in which.
        most_cores: On how many cores this work was measured at most, called or not.
        largest: Whether no larger size of this work was measured on these cores, called or not.
    """

    workload: str
    source: int
    device: str
    cores: int | None
    precision: str
    size: str
    speedup: Ratio
    torch_mode: str
    verdict: str
    kinds: tuple[str, ...] = ()
    shape: tuple[tuple[str, Any], ...] = ()
    flops: float | None = None
    together_s: float = math.inf
    best_at: tuple[tuple[str, str], ...] = ()
    most_cores: int | None = None
    largest: bool = True


@dataclass(frozen=True)
class LeftOut:
    """Something that does not count as evidence about speed, and why."""

    workload: str
    reason: str
    text: str
    source: int | None = None


@dataclass(frozen=True)
class Measured:
    """Everything that the evidence says about speed, before any task is known."""

    cells: tuple[Cell, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    compile_costs: tuple[CompileCost, ...] = ()
    compile_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def measured_from(evidence: Sequence[Evidence]) -> Measured:
    """What *evidence* says about speed, in the order of workloads, files and probes."""
    cells: list[Cell] = []
    left: list[LeftOut] = []
    costs: list[CompileCost] = []
    compile_s: dict[str, list[float]] = {}
    for source, document in enumerate(evidence):
        for probe in document.probes:
            refused = _refused(document, probe) or _stands_beside(document, probe)
            if refused is not None:
                left.append(LeftOut(probe.id, *refused, source))
                continue
            kinds = kinds_of(document, probe.device)
            told = _best_of_each(document, probe, source)
            if isinstance(told, Cell):
                most, largest = _most_cores(document, probe), _is_largest(document, probe)
                cells.append(replace(told, kinds=kinds, most_cores=most, largest=largest))
            elif told is not None:
                left.append(told)
            costs.extend(replace(cost, kinds=kinds) for cost in compile_cost(probe))
            add_compile_times(probe, compile_s)
    return Measured(
        cells=tuple(sorted(cells, key=_order)),
        left_out=tuple(sorted(set(left), key=lambda x: (x.workload, x.reason, x.source or 0))),
        compile_costs=tuple(sorted(costs, key=lambda x: (x.workload, x.device, x.gain.log2))),
        compile_s={k: tuple(sorted(v)) for k, v in sorted(compile_s.items())},
    )


def _refused(document: Evidence, probe: Probe) -> tuple[str, str] | None:
    """Why nothing of *probe* counts, whatever its comparisons say."""
    if document.settings != "matched":
        text = "measured with default settings, which are shown but do not decide"
        return "default-settings", text
    if document.selftest is not None and document.selftest.status == "failed":
        return "selftest-failed", "the self-test says that measuring does not work there"
    if probe.parity.status == "failed":
        return "parity-failed", "the two did not compute the same thing"
    return None


def _stands_beside(document: Evidence, probe: Probe) -> tuple[str, str] | None:
    """Why *probe* does not count beside others of the same work."""
    if not probe.weighs:
        return "shown-beside", f"{size_of(probe)} answers a question of its own and is not weighed"
    best = group_of(document, probe)[0]
    if best is probe or together_s(best) == together_s(probe):
        return None
    return "other-variant", f"its variant {size_of(best)} stands for this work"


def _most_cores(document: Evidence, probe: Probe) -> int | None:
    place = (probe.id, probe.device)
    return max((p.cores or 0 for p in document.probes if (p.id, p.device) == place), default=None)


def _is_largest(document: Evidence, probe: Probe) -> bool:
    """Whether no weighed probe of this work does more, by its count or else by its time."""
    place = (probe.id, probe.device, probe.cores, probe.precision)
    others = [
        p
        for p in document.probes
        if (p.id, p.device, p.cores, p.precision) == place
        and p.weighs
        and (p.variant_of or size_of(p)) != (probe.variant_of or size_of(probe))
    ]
    return not any(_work(p) > _work(probe) for p in others)


def _work(probe: Probe) -> tuple[float, float]:
    seconds = together_s(probe)
    return probe.flops or 0.0, seconds if math.isfinite(seconds) else 0.0


def _order(cell: Cell) -> tuple[str, str, str, int, str, float]:
    return (
        cell.workload, cell.device, cell.size, cell.cores or 0, cell.precision, cell.speedup.log2,
    )  # fmt: skip


def _best_of_each(document: Evidence, probe: Probe, source: int) -> Cell | LeftOut:
    """The cell of *probe*, carried to the variant that each framework is fastest in."""
    steps = detours(document, group_of(document, probe))
    torch_mode = next((s.mode for s in steps if s.mode in TORCH_MODES), None)
    cell = _cell(probe, source, torch_mode)
    if isinstance(cell, LeftOut) or not steps:
        return cell
    if torch_mode is not None and cell.torch_mode != torch_mode:
        text = f"{torch_mode} is PyTorch's best in another variant, and was not called in this one"
        return LeftOut(probe.id, "best-mode-not-called", text, source)
    return _carried(cell, steps, source)


def _carried(cell: Cell, steps: Sequence[Detour], source: int) -> Cell | LeftOut:
    log2, variance = cell.speedup.log2, cell.speedup.se**2
    for step in steps:
        log2 += step.log2 if step.mode == JAX_MODE else -step.log2
        variance += step.se**2
    speedup = Ratio(log2, math.sqrt(variance))
    low, high = (math.log2(x) for x in speedup.ci)
    if low > _MARGIN:
        verdict = "jax_faster"
    elif high < -_MARGIN:
        verdict = "pytorch_faster"
    elif low > -_MARGIN and high < _MARGIN:
        verdict = "equivalent"
    else:
        text = "the best variants of the two are too close to be told apart"
        return LeftOut(cell.workload, "inconclusive", text, source)
    places = tuple((step.mode, step.at) for step in steps)
    return replace(cell, speedup=speedup, verdict=verdict, best_at=places)


def _cell(probe: Probe, source: int, torch_mode: str | None = None) -> Cell | LeftOut:
    """What *probe* says of PyTorch's best mode; of *torch_mode*, where that was called."""
    against = {
        mode: comparison
        for comparison in probe.comparisons
        for mode in (comparison.a, comparison.b)
        if mode in TORCH_MODES and JAX_MODE in (comparison.a, comparison.b)
    }
    if not against:
        return LeftOut(probe.id, "not-compared", _why_not_compared(probe), source)
    called = {m: r for m, c in against.items() if (r := ratio_of(c, slow=m)) is not None}
    if not called:
        return LeftOut(probe.id, *_why_not_called(against), source)
    mode = min(called, key=lambda m: (m != torch_mode, called[m].log2, m))
    rival = _possible_rival(probe, mode, called)
    if rival is not None and called[mode].log2 > 0 and mode != torch_mode:
        text = f"{rival} may be PyTorch's best mode here, and its comparison was not called"
        return LeftOut(probe.id, "best-mode-not-called", text, source)
    return Cell(
        workload=probe.id,
        source=source,
        device=probe.device,
        cores=probe.cores,
        precision=probe.precision,
        size=size_of(probe),
        shape=tuple(sorted(probe.size.items())),
        flops=probe.flops,
        together_s=together_s(probe),
        speedup=called[mode],
        torch_mode=mode,
        verdict=_verdict(against[mode]),
    )


def _verdict(comparison: Comparison) -> str:
    if comparison.verdict == "equivalent":
        return "equivalent"
    faster = comparison.a if comparison.verdict == "a_faster" else comparison.b
    return "jax_faster" if faster == JAX_MODE else "pytorch_faster"


def _possible_rival(probe: Probe, mode: str, called: Mapping[str, Ratio]) -> str | None:
    """A mode of PyTorch that ran, could be faster than *mode*, and was not compared with JAX.

    Without its ratio an advantage of JAX over *mode* may be no advantage over PyTorch.
    """
    for entry in probe.entries:
        other = entry.mode
        if other not in TORCH_MODES or other in called or entry.status != "ok":
            continue
        pair = [c for c in probe.comparisons if {c.a, c.b} == {mode, other}]
        ratios = [r for c in pair if (r := ratio_of(c, slow=other)) is not None]
        if not ratios or ratios[0].log2 < 0:
            return other
    return None


def _why_not_compared(probe: Probe) -> str:
    for entry in probe.entries:
        if entry.status != "ok":
            because = f": {_told(entry.reason)}" if entry.reason else ""
            return f"{entry.mode} was {entry.status}{because}"
    return "PyTorch and JAX were not compared"


def _told(reason: Reason) -> str:
    return inert(reason.text or reason.id, limit=300)


def _why_not_called(against: Mapping[str, Comparison]) -> tuple[str, str]:
    comparison = against[min(against)]
    because = f": {_told(comparison.reason)}" if comparison.reason else ""
    return comparison.verdict, f"the comparison is {comparison.verdict}{because}"
