"""Which measured comparisons may speak about speed, and what each of them says.

Knows the evidence: verdicts, modes, settings. Only comparisons that were called count; what is
inconclusive or invalid is left out with its reason. It must not know tasks or weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.evidence import Comparison, Evidence, Probe, Reason
from advisor.pair import JIT, framework_of, modes_of
from advisor.ratio import MARGIN, Ratio
from advisor.reading.compile_costs import CompileCost, add_compile_times, compile_cost
from advisor.reading.machines import kinds_of
from advisor.reading.variants import Detour, detours, group_of, size_of, together_s
from advisor.reading.works import PREFIX, WorkReadings, read_works


@dataclass(frozen=True)
class CalledComparison:
    """What one probe says: how many times as fast JAX is as the best mode of PyTorch.

    Attributes:
        workload: Which work.
        source: Position of its evidence among those given.
        device: Where it ran.
        kinds: What the device is, in words of ``hardware.train``; empty where nothing tells.
        speedup: JAX as against PyTorch.
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
    """Something that does not count as evidence about speed, and why: an id and its values."""

    workload: str
    reason: str
    values: tuple[tuple[str, Any], ...] = ()
    source: int | None = None

    @property
    def order(self) -> tuple[str, str, str, int]:
        """Where it stands among others."""
        return (
            self.workload,
            self.reason,
            repr(self.values),
            -1 if self.source is None else self.source,
        )


@dataclass(frozen=True)
class SpeedReadings:
    """Everything that the evidence says about speed, before any task is known.

    `remembered` holds what was worked out about it, shared by counterfactuals.
    """

    comparisons: tuple[CalledComparison, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    compile_costs: tuple[CompileCost, ...] = ()
    compile_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    works: WorkReadings = field(default_factory=WorkReadings)
    remembered: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)


def read_speeds(evidence: Sequence[Evidence]) -> SpeedReadings:
    """What *evidence* says about speed, in the order of workloads, files and probes."""
    called: list[CalledComparison] = []
    left: list[LeftOut] = []
    costs: list[CompileCost] = []
    compile_s: dict[str, list[float]] = {}
    for source, document in enumerate(evidence):
        for probe in document.probes:
            if probe.id.startswith(PREFIX):
                # What models predict is read as a whole.
                continue
            refused = _refused(document, probe) or _stands_beside(document, probe)
            if refused is not None:
                left.append(replace(refused, source=source))
                continue
            kinds = kinds_of(document, probe.device)
            best = _best_of_each(document, probe, source)
            if isinstance(best, CalledComparison):
                most, largest = _most_cores(document, probe), _is_largest(document, probe)
                called.append(replace(best, kinds=kinds, most_cores=most, largest=largest))
            else:
                left.append(best)
            costs.extend(replace(cost, kinds=kinds) for cost in compile_cost(probe))
            add_compile_times(probe, compile_s)
    return SpeedReadings(
        comparisons=tuple(sorted(called, key=_order)),
        left_out=tuple(sorted(set(left), key=lambda x: x.order)),
        compile_costs=tuple(sorted(costs, key=lambda x: (x.workload, x.device, x.gain.log))),
        compile_s={k: tuple(sorted(v)) for k, v in sorted(compile_s.items())},
        works=read_works(evidence),
    )


def _refused(document: Evidence, probe: Probe) -> LeftOut | None:
    """Why nothing of *probe* counts, whatever its comparisons say."""
    if document.settings != "matched":
        return LeftOut(probe.id, "default-settings")
    if document.selftest is not None and document.selftest.status == "failed":
        return LeftOut(probe.id, "selftest-failed")
    if probe.parity.status == "failed":
        return LeftOut(probe.id, "parity-failed")
    return None


def _stands_beside(document: Evidence, probe: Probe) -> LeftOut | None:
    """Why *probe* does not count beside others of the same work."""
    if not probe.weighs:
        return LeftOut(probe.id, "shown-beside", (("size", size_of(probe)),))
    best = group_of(document, probe)[0]
    if best is probe or together_s(best) == together_s(probe):
        return None
    return LeftOut(probe.id, "other-variant", (("size", size_of(best)),))


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


def _order(one: CalledComparison) -> tuple[str, str, str, int, str, float]:
    return (
        one.workload, one.device, one.size, one.cores or 0, one.precision, one.speedup.log,
    )  # fmt: skip


def _best_of_each(document: Evidence, probe: Probe, source: int) -> CalledComparison | LeftOut:
    """What *probe* says, carried to the variant that each framework is fastest in."""
    steps = detours(document, group_of(document, probe))
    torch_mode = next((s.mode for s in steps if s.mode in modes_of("pytorch")), None)
    called = _called(probe, source, torch_mode)
    if isinstance(called, LeftOut) or not steps:
        return called
    if torch_mode is not None and called.torch_mode != torch_mode:
        return LeftOut(probe.id, "best-mode-elsewhere", (("mode", torch_mode),), source)
    return _carried(called, steps, source)


def _carried(
    called: CalledComparison, steps: Sequence[Detour], source: int
) -> CalledComparison | LeftOut:
    log, variance, degrees = called.speedup.log, called.speedup.se**2, called.speedup.degrees
    for step in steps:
        log += step.gain.log if step.mode == JIT else -step.gain.log
        variance += step.gain.se**2
        degrees = min(degrees, step.gain.degrees)
    speedup = Ratio(log, math.sqrt(variance), degrees)
    verdict = verdict_of(speedup)
    if verdict is None:
        return LeftOut(called.workload, "variants-too-close", (), source)
    places = tuple((step.mode, step.at) for step in steps)
    return replace(called, speedup=speedup, verdict=verdict, best_at=places)


def verdict_of(speedup: Ratio) -> str | None:
    """Which framework is faster by the whole interval; None where it is not settled."""
    low, high = speedup.interval()
    if low > MARGIN:
        return "jax_faster"
    if high < 1 / MARGIN:
        return "pytorch_faster"
    return "equivalent" if low > 1 / MARGIN and high < MARGIN else None


def _called(probe: Probe, source: int, torch_mode: str | None = None) -> CalledComparison | LeftOut:
    """What *probe* says of PyTorch's best mode; of *torch_mode*, where that was called."""
    against = against_jit(probe)
    if not against:
        return LeftOut(probe.id, *_why_not_compared(probe), source)
    called = {m: r for m, c in against.items() if (r := c.called_ratio(one=JIT)) is not None}
    if not called:
        return LeftOut(probe.id, *_why_not_called(against), source)
    mode = min(called, key=lambda m: (m != torch_mode, called[m].log, m))
    rival = _possible_rival(probe, mode, called)
    if rival is not None and called[mode].log > 0 and mode != torch_mode:
        return LeftOut(probe.id, "best-mode-not-called", (("mode", rival),), source)
    return CalledComparison(
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
    return "jax_faster" if faster == JIT else "pytorch_faster"


def _possible_rival(probe: Probe, mode: str, called: Mapping[str, Ratio]) -> str | None:
    """A mode of PyTorch that ran, could be faster than *mode*, and was not compared with JAX.

    Without its ratio an advantage of JAX over *mode* may be no advantage over PyTorch.
    """
    for entry in probe.entries:
        other = entry.mode
        if other not in modes_of("pytorch") or other in called or entry.status != "ok":
            continue
        pair = [c for c in probe.comparisons if {c.a, c.b} == {mode, other}]
        ratios = [r for c in pair if (r := c.called_ratio(one=mode)) is not None]
        if not ratios or ratios[0].log < 0:
            return other
    return None


def _why_not_compared(probe: Probe) -> tuple[str, tuple[tuple[str, Any], ...]]:
    for entry in probe.entries:
        if entry.status != "ok":
            values = (("mode", entry.mode), *_because(entry.reason), ("status", entry.status))
            return "mode-without-times", values
    return "not-compared", ()


def _why_not_called(
    against: Mapping[str, Comparison],
) -> tuple[str, tuple[tuple[str, Any], ...]]:
    comparison = against[min(against)]
    return comparison.verdict, _because(comparison.reason)


def _because(reason: Reason | None) -> tuple[tuple[str, Any], ...]:
    return (("because", reason.text or reason.id),) if reason else ()


def jax_ratio(comparison: Comparison) -> float | None:
    """JAX as against PyTorch, called or not: above 1, JAX is faster."""
    if comparison.time_ratio is None:
        return None
    turned = framework_of(comparison.a) != "jax"
    return 1.0 / comparison.time_ratio if turned else comparison.time_ratio


def jax_interval(comparison: Comparison) -> tuple[float, float] | None:
    """The interval of `jax_ratio`, at the comparison's own level."""
    if comparison.ci is None:
        return None
    low, high = comparison.ci
    return (low, high) if framework_of(comparison.a) == "jax" else (1.0 / high, 1.0 / low)


def across(probe: Probe) -> list[Comparison]:
    """The comparisons of PyTorch with JAX."""
    return [c for c in probe.comparisons if framework_of(c.a) != framework_of(c.b)]


def against_jit(probe: Probe) -> dict[str, Comparison]:
    """The comparisons of ``jax.jit`` with the modes of PyTorch that a team may use, by mode."""
    return {
        mode: comparison
        for comparison in probe.comparisons
        for mode in (comparison.a, comparison.b)
        if mode in modes_of("pytorch") and JIT in (comparison.a, comparison.b)
    }


def decisive(probe: Probe) -> Comparison | None:
    """The comparison of ``jax.jit`` with PyTorch's best mode, called or not.

    An advantage over a slower mode of PyTorch is no advantage over PyTorch.
    """
    crossing = across(probe)
    with_jit = [c for c in crossing if JIT in (c.a, c.b)]
    candidates = list(against_jit(probe).values()) or with_jit or crossing
    if not candidates:
        return None
    median_s = {e.mode: e.median_s for e in probe.entries if e.status == "ok"}

    def place(compared: Comparison) -> tuple[float, float, str, str]:
        times = [median_s.get(m) for m in (compared.a, compared.b) if m != JIT]
        mine = min((t for t in times if t is not None), default=math.inf)
        return (mine, jax_ratio(compared) or 0.0, compared.a, compared.b)

    return min(candidates, key=place)
