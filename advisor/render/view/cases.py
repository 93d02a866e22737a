"""The measured probes of a record, each with its name and the comparison that matters most.

Knows the evidence; words nothing but names of probes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence import Comparison, Entry, Evidence, Probe
from advisor.render.document import anchor
from advisor.render.view.words import count_of, size_text

CALLED = ("a_faster", "b_faster", "equivalent")
JIT = "jax.jit"


@dataclass(frozen=True)
class Case:
    """One probe of one evidence document.

    `index` and `place` are the positions of the document and of the probe in it; `many` says
    whether there is more than one document to tell apart.
    """

    index: int
    place: int
    evidence: Evidence
    probe: Probe
    many: bool = False

    @property
    def id(self) -> str:
        """An anchor for this probe."""
        return anchor("probe", str(self.index), str(self.place))

    @property
    def settings(self) -> str:
        """``matched`` or ``default``."""
        return self.evidence.settings

    @property
    def where(self) -> str:
        """Which machine, where several were measured."""
        if not self.many:
            return ""
        return self.evidence.machine.label or f"evidence {self.index + 1}"

    @property
    def conditions(self) -> str:
        """Size, cores, device and precision where they say something."""
        probe = self.probe
        parts = [size_text(probe.size, probe.size_name)]
        if probe.cores is not None and probe.device == "cpu":
            parts.append(count_of(probe.cores, "core"))
        if probe.device != "cpu":
            parts.append(probe.device)
        if probe.precision != "float32":
            parts.append(probe.precision)
        if self.settings != "matched":
            parts.append("default settings")
        return ", ".join(p for p in (*parts, self.where) if p)

    @property
    def name(self) -> str:
        """``mlp_train, batch 64, 2 cores``."""
        return ", ".join(p for p in (self.probe.id, self.conditions) if p)

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What makes two measurements of one workload comparable."""
        probe = self.probe
        size = size_text(probe.size, probe.size_name)
        return (probe.id, size, probe.device, probe.cores or 0, probe.precision)

    @property
    def ok(self) -> list[Entry]:
        """The entries with a time."""
        return [e for e in self.probe.entries if e.status == "ok" and e.median_s is not None]

    def across(self) -> list[Comparison]:
        """The comparisons of PyTorch with JAX."""
        return [c for c in self.probe.comparisons if framework(c.a) != framework(c.b)]

    def decisive(self) -> Comparison | None:
        """The comparison with jax.jit against PyTorch's best mode, called or not.

        An advantage over a slower mode of PyTorch is no advantage over PyTorch.
        """
        against = [c for c in self.across() if JIT in (c.a, c.b)] or self.across()
        if not against:
            return None
        median_s = {e.mode: e.median_s for e in self.ok}

        def place(compared: Comparison) -> tuple[float, float, str, str]:
            times = [median_s[m] for m in (compared.a, compared.b) if m in median_s and m != JIT]
            mine = min((t for t in times if t is not None), default=math.inf)
            return (mine, jax_speedup(compared) or 0.0, compared.a, compared.b)

        return min(against, key=place)


def framework(mode: str) -> str:
    """``jax`` of ``jax.jit``."""
    return mode.partition(".")[0]


def jax_speedup(comparison: Comparison) -> float | None:
    """Time of PyTorch over time of JAX: above 1, JAX is faster."""
    if comparison.time_ratio is None:
        return None
    ratio = comparison.time_ratio
    return ratio if framework(comparison.a) == "jax" else 1.0 / ratio


def jax_interval(comparison: Comparison) -> tuple[float, float] | None:
    """The interval of `jax_speedup`."""
    if comparison.ci is None:
        return None
    low, high = comparison.ci
    return (low, high) if framework(comparison.a) == "jax" else (1.0 / high, 1.0 / low)


def cases_of(evidence: Sequence[Evidence]) -> list[Case]:
    """Every probe of every document, in their order."""
    settings = [document.settings for document in evidence]
    return [
        Case(index, place, document, probe, settings.count(document.settings) > 1)
        for index, document in enumerate(evidence)
        for place, probe in enumerate(document.probes)
    ]


def matched(cases: Sequence[Case]) -> list[Case]:
    """The cases with equal settings, which decide."""
    return [c for c in cases if c.settings == "matched"]
