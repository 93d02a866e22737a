"""How fast, as one comparison of the evidence says it: its ratio, and which one counts.

Knows comparisons, and how a document's numbers become a `Ratio`. It must not know tasks or weights.
"""

from __future__ import annotations

import math

from advisor.evidence import Attribution, Comparison, Probe, Work
from advisor.pair import JIT, framework_of, modes_of
from advisor.ratio import Ratio, error_of

_NARROWEST = 1e-4


def ratio_of(measured: Comparison | Attribution | Work) -> Ratio | None:
    """The ratio of a comparison or a work (a as against b), or of a toggle (with as without)."""
    if measured.time_ratio is None or measured.ci is None:
        return None
    degrees = measured.launches - 1 if measured.launches > 1 else math.inf
    se = error_of(measured.ci, level=measured.level, degrees=degrees)
    return Ratio(math.log(measured.time_ratio), max(se, _NARROWEST), degrees)


def called_ratio(comparison: Comparison, *, one: str) -> Ratio | None:
    """How many times as fast the mode *one* is as the other, or None where it was not called."""
    ratio = ratio_of(comparison) if comparison.called else None
    if ratio is None:
        return None
    return ratio if one == comparison.a else ratio.turned


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
