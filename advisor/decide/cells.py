"""Which measured comparisons may speak about speed, and what each of them says.

Knows the evidence document: verdicts, modes, settings. Only comparisons that were called count;
what is inconclusive or invalid is left out with its reason. It must not know tasks or weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from advisor.decide.devices import kinds_of
from advisor.evidence import Comparison, Evidence, Probe, Reason
from advisor.text import inert

TORCH_MODES = ("pytorch.eager", "pytorch.compile", "pytorch.compile_reduce_overhead")
JAX_MODE = "jax.jit"
_CALLED = ("a_faster", "b_faster", "equivalent")
_Z95 = 1.959963984540054
_NARROWEST = 1e-4


@dataclass(frozen=True)
class Ratio:
    """A ratio of times in log2 units with its standard error."""

    log2: float
    se: float

    @property
    def ratio(self) -> float:
        """The ratio itself."""
        return math.exp2(self.log2)

    @property
    def ci(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return math.exp2(self.log2 - _Z95 * self.se), math.exp2(self.log2 + _Z95 * self.se)


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


@dataclass(frozen=True)
class LeftOut:
    """Something that does not count as evidence about speed, and why."""

    workload: str
    reason: str
    text: str
    source: int | None = None


@dataclass(frozen=True)
class CompileCost:
    """What ``torch.compile`` gains and costs in one probe (times in seconds per step)."""

    workload: str
    device: str
    gain: Ratio
    eager_s: float | None
    compiled_s: float | None
    compile_s: float | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """Everything that the evidence says about speed, before any task is known."""

    cells: tuple[Cell, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    compile_costs: tuple[CompileCost, ...] = ()
    compile_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @cached_property
    def log2_by_workload(self) -> Mapping[str, float]:
        """Mean log2 speed of JAX relative to PyTorch by workload."""
        logs: dict[str, list[float]] = {}
        for cell in self.cells:
            logs.setdefault(cell.workload, []).append(cell.speedup.log2)
        return {w: math.fsum(logs[w]) / len(logs[w]) for w in sorted(logs)}


def measured_from(evidence: Sequence[Evidence]) -> Measured:
    """What *evidence* says about speed, in the order of workloads, files and probes."""
    cells: list[Cell] = []
    left: list[LeftOut] = []
    costs: list[CompileCost] = []
    compile_s: dict[str, list[float]] = {}
    for source, document in enumerate(evidence):
        for probe in document.probes:
            refused = _refused(document, probe) or _slower_variant(document, probe)
            if refused is not None:
                left.append(LeftOut(probe.id, *refused, source))
                continue
            kinds = kinds_of(document, probe.device)
            told = _cell(probe, source)
            if isinstance(told, Cell):
                cells.append(replace(told, kinds=kinds))
            elif told is not None:
                left.append(told)
            costs.extend(replace(cost, kinds=kinds) for cost in _compile_cost(probe))
            _add_compile_times(probe, compile_s)
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


def _slower_variant(document: Evidence, probe: Probe) -> tuple[str, str] | None:
    """Why *probe* does not count beside another variant of the same work at the same size.

    Variants (another memory layout, a written cell in place of the library's) say which size they
    stand beside. Each framework's user would take the better one, so the variant counts in which
    the two are fastest together.
    """
    best, best_s = probe, _together_s(probe)
    for other in document.probes:
        if _variant_key(other) == _variant_key(probe) and _together_s(other) < best_s:
            best, best_s = other, _together_s(other)
    if best is probe:
        return None
    return "slower-variant", f"its variant {best.size_name} is faster in both taken together"


def _variant_key(probe: Probe) -> tuple[str, str, int | None, str, str]:
    size = probe.size_name or ",".join(f"{k}={v}" for k, v in sorted(probe.size.items()))
    return probe.id, probe.device, probe.cores, probe.precision, probe.variant_of or size


def _together_s(probe: Probe) -> float:
    """The geometric mean of the best times of both frameworks; infinite where one has none."""
    times: dict[str, float] = {}
    for entry in probe.entries:
        if entry.status == "ok" and entry.median_s and entry.mode in (*TORCH_MODES, JAX_MODE):
            known = times.get(entry.framework, math.inf)
            times[entry.framework] = min(known, entry.median_s)
    return math.sqrt(math.prod(times.values())) if len(times) == 2 else math.inf


def _order(cell: Cell) -> tuple[str, str, str, int, str, float]:
    return (
        cell.workload, cell.device, cell.size, cell.cores or 0, cell.precision, cell.speedup.log2,
    )  # fmt: skip


def _called(comparison: Comparison) -> bool:
    return (
        comparison.verdict in _CALLED
        and comparison.time_ratio is not None
        and comparison.ci is not None
    )


def ratio_of(comparison: Comparison, *, slow: str) -> Ratio | None:
    """Time of *slow* over time of the other mode, or None where it was not called."""
    if not _called(comparison) or comparison.time_ratio is None or comparison.ci is None:
        return None
    log2 = math.log2(comparison.time_ratio)
    se = math.log2(comparison.ci[1] / comparison.ci[0]) / (2 * _Z95)
    return Ratio(log2 if slow == comparison.b else -log2, max(se, _NARROWEST))


def _cell(probe: Probe, source: int) -> Cell | LeftOut | None:
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
    mode = min(called, key=lambda m: (called[m].log2, m))
    rival = _possible_rival(probe, mode, called)
    if rival is not None and called[mode].log2 > 0:
        text = f"{rival} may be PyTorch's best mode here, and its comparison was not called"
        return LeftOut(probe.id, "best-mode-not-called", text, source)
    return Cell(
        workload=probe.id,
        source=source,
        device=probe.device,
        cores=probe.cores,
        precision=probe.precision,
        size=probe.size_name or ", ".join(f"{k}={probe.size[k]}" for k in sorted(probe.size)),
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


def _compile_cost(probe: Probe) -> list[CompileCost]:
    eager, compiled = TORCH_MODES[:2]
    entries = {e.mode: e for e in probe.entries if e.status == "ok"}
    found = []
    for comparison in probe.comparisons:
        if {comparison.a, comparison.b} != {eager, compiled}:
            continue
        gain = ratio_of(comparison, slow=eager)
        if gain is None:
            continue
        slow, quick = entries.get(eager), entries.get(compiled)
        found.append(
            CompileCost(
                workload=probe.id,
                device=probe.device,
                gain=gain,
                eager_s=slow.median_s if slow else None,
                compiled_s=quick.median_s if quick else None,
                compile_s=_compile_s(quick) if quick else None,
            )
        )
    return found[:1]


def _compile_s(entry: object) -> float | None:
    cost = getattr(entry, "compile_s", None)
    return cost if cost is not None else getattr(entry, "first_call_s", None)


def _add_compile_times(probe: Probe, into: dict[str, list[float]]) -> None:
    for entry in probe.entries:
        if entry.status == "ok" and entry.mode in (*TORCH_MODES[1:], JAX_MODE):
            seconds = _compile_s(entry)
            if seconds is not None:
                into.setdefault(entry.framework, []).append(seconds)
