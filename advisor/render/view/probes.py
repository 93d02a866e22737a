"""The measured probes of a record as a report shows them, each with its name and its place.

Knows the evidence. What a comparison says is read elsewhere (`advisor.reading.called`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence import Comparison, Entry, Evidence, Probe
from advisor.reading.called import jax_interval, jax_ratio
from advisor.render.wording import count_of, say, size_text

ShownKey = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class ShownProbe:
    """One probe of one evidence document.

    `index` is the position of the document; `many` says whether there is more than one with the
    same settings to tell apart.
    """

    index: int
    evidence: Evidence
    probe: Probe
    many: bool = False

    @property
    def settings(self) -> str:
        """``matched`` or ``default``."""
        return self.evidence.settings

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
            parts.append(say("measurements.default_settings"))
        if self.many:
            parts.append(machine_name(self.evidence, self.index))
        return ", ".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """``mlp_train, batch 64, 2 cores``."""
        return ", ".join(part for part in (self.probe.id, self.conditions) if part)

    @property
    def key(self) -> ShownKey:
        """What makes two measurements of one workload comparable."""
        probe = self.probe
        size = size_text(probe.size, probe.size_name)
        return (probe.id, size, probe.device, probe.cores or 0, probe.precision)

    @property
    def timed(self) -> list[Entry]:
        """The entries with a time."""
        return [e for e in self.probe.entries if e.status == "ok" and e.median_s is not None]

    @property
    def sound(self) -> list[Entry]:
        """The entries whose time may stand beside others: what was refused is not among them."""
        return [entry for entry in self.timed if not self.refused(entry.mode)]

    def refused(self, mode: str) -> bool:
        """Whether every comparison of *mode* was refused, so that its time says nothing."""
        selftest = self.evidence.selftest
        if selftest is not None and selftest.status == "failed":
            return True
        mine = [c for c in self.probe.comparisons if mode in (c.a, c.b)]
        return bool(mine) and all(c.verdict == "invalid" for c in mine)


def shown_probes(evidence: Sequence[Evidence]) -> list[ShownProbe]:
    """Every probe of every document, in their order."""
    settings = [document.settings for document in evidence]
    return [
        ShownProbe(index, document, probe, settings.count(document.settings) > 1)
        for index, document in enumerate(evidence)
        for probe in document.probes
    ]


def matched(probes: Sequence[ShownProbe]) -> list[ShownProbe]:
    """The probes with equal settings, which decide."""
    return [shown for shown in probes if shown.settings == "matched"]


def short_names(probes: Sequence[ShownProbe]) -> list[str]:
    """The names of *probes* by what tells them apart: conditions that all share are left out."""
    parts = {id(shown): shown.conditions.split(", ") for shown in probes}
    names = []
    for shown in probes:
        alike = [parts[id(p)] for p in probes if p.probe.id == shown.probe.id]
        own = [c for c in parts[id(shown)] if not all(c in other for other in alike)]
        kept = own if len(alike) > 1 else parts[id(shown)][:1]
        names.append(", ".join(part for part in (shown.probe.id, *kept) if part))
    return names


def machine_name(evidence: Evidence, index: int) -> str:
    """The label of a machine, or the number of its evidence."""
    return evidence.machine.label or say("measurements.evidence_number", number=index + 1)


def pair_text(compared: Comparison) -> str:
    """The two modes of a comparison, in the order of its ratio."""
    return say("measurements.pair", a=compared.a, b=compared.b)


def usable_ratio(compared: Comparison) -> float | None:
    """JAX as against PyTorch where a ratio may be shown: never of an invalid comparison."""
    return None if compared.verdict == "invalid" else jax_ratio(compared)


def usable_interval(compared: Comparison) -> tuple[float, float] | None:
    """The interval of `usable_ratio`, at the comparison's own level."""
    return None if compared.verdict == "invalid" else jax_interval(compared)
