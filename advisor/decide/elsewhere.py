"""What is known of the speed although nothing stands for it here: the library, published pairs.

Evidence of another machine of the hardware that will train comes with the spread of being another
machine; a pair that somebody published is the last to be believed before a rule. Neither is ever
taken for a measurement of this machine. It must not know claims or words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from advisor.decide.works import Speed, factor_of, family_of, speed_for
from advisor.evidence import Evidence
from advisor.knowledge.model import RuleBase
from advisor.knowledge.published import PublishedPair
from advisor.ratio import Ratio
from advisor.reading.machines import device_of, fits, machine_apart
from advisor.reading.works import MeasuredWork, WorkReadings, read_works

LEAST_SE = 0.05
"""The standard error of the logarithm of one published ratio, which comes without any."""

HERE = frozenset({"hardware.same_as_here"})
"""Answers about this machine: they say nothing of another one."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A speed that was not measured here: JAX as against PyTorch.

    Attributes:
        step: Which class of what is known it is.
        speedup: The ratio.
        factor: How far the team's own work may lie from it: one standard deviation, as a factor.
        factor_from: Which table says so.
        work: The model of the library, where it is one.
        pairs: The published pairs, where it is these.
    """

    step: Literal["library", "published"]
    speedup: Ratio
    factor: float
    factor_from: str
    work: Speed | None = None
    pairs: tuple[PublishedPair, ...] = ()

    @property
    def name(self) -> str:
        """What it is of, as a probe is called."""
        if self.work is not None:
            return f"model:{self.work.chosen.work.model}"
        return f"model:{self.pairs[0].family}"

    @property
    def transfer_sd(self) -> float:
        """The standard deviation of the logarithm that `factor` is."""
        return math.log(self.factor)


def trained_on(facts: Mapping[str, Any]) -> str | None:
    """The hardware that will train: as answered, else this machine's where it is like it."""
    said = facts.get("hardware.train")
    if said is not None:
        return str(said)
    if facts.get("hardware.same_as_here") is False:
        return None
    detected = facts.get("detected.hardware")
    return None if detected is None else str(detected)


def from_library(
    library: Sequence[Evidence],
    readings: WorkReadings,
    base: RuleBase,
    facts: Mapping[str, Any],
    here: Evidence | None = None,
) -> Elsewhere | None:
    """What the nearest machine of the library says about the model that stands for the answers.

    Args:
        library: Its documents.
        readings: What they say about models.
        base: The rule base.
        facts: The answers, and what was detected.
        here: Evidence of this machine, to which the nearest is sought.
    """
    hardware = trained_on(facts)
    if hardware is None:
        return None
    there = {k: v for k, v in facts.items() if k not in HERE} | {"hardware.train": hardware}
    of_kind: dict[str | int, list[MeasuredWork]] = {}
    for measured in readings.works:
        if not measured.own and fits(measured.work.device, there, measured.kinds):
            # Machines that a fleet calls one kind speak together, and show how far they are apart.
            kind = library[measured.source].machine.kind or measured.source
            of_kind.setdefault(kind, []).append(measured)
    speeds = [
        work
        for works in of_kind.values()
        if (work := speed_for(WorkReadings(tuple(works)), base, there)) is not None
    ]

    def nearness(work: Speed) -> tuple[float, float, tuple[int, ...], int]:
        """First by the model's size, then by the machine, then the newest."""
        document = library[work.chosen.source]
        newest = tuple(-ord(c) for c in document.created[:10])
        apart = machine_apart(document, here, there)
        # Without the spread between machines, which one alone does not show.
        size = round(work.transfer_sd**2 - (work.spread or 0.0) ** 2, 9)
        return size, apart, newest, work.chosen.source

    work = min(speeds, key=nearness, default=None)
    if work is None:
        return None
    added, factor_from = factor_of(base, "library")
    return Elsewhere(
        step="library",
        speedup=work.speedup,
        factor=math.exp(math.hypot(math.log(added), work.transfer_sd)),
        factor_from=factor_from,
        work=work,
    )


def from_published(base: RuleBase, facts: Mapping[str, Any]) -> Elsewhere | None:
    """What published pairs of the same family on the same kind of hardware say together."""
    hardware = trained_on(facts)
    family = family_of(base, facts)
    if hardware is None or family is None:
        return None
    of_family = [p for p in base.published if p.counts and p.family == family]
    exact = [p for p in of_family if p.hardware == hardware]
    device = device_of(hardware)
    pairs = exact or [p for p in of_family if device_of(p.hardware) == device]
    if not pairs:
        return None
    factor, source = factor_of(base, "published")
    return Elsewhere(
        step="published",
        speedup=_together([math.log(p.ratio) for p in pairs]),
        factor=factor,
        factor_from=source,
        pairs=tuple(pairs),
    )


def _together(logs: Sequence[float]) -> Ratio:
    """Their mean, as unsure as they differ."""
    middle = math.fsum(logs) / len(logs)
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in logs) / len(logs))
    return Ratio(middle, max(LEAST_SE, spread))


def worth_keeping(
    library: Sequence[Evidence],
    base: RuleBase,
    facts: Mapping[str, Any],
    here: Evidence | None = None,
) -> list[Evidence]:
    """What of *library* may stand for the answers: the nearest machines of every hardware.

    With the models of the family that is meant alone. Not only of the hardware that was answered:
    what would change the decision supposes others.
    """
    family = family_of(base, facts)
    kept = [
        replace(d, probes=[], attributions=[], behaviours=[], notices=[], works=works)
        for d in library
        if (works := [w for w in d.works if w.model == family])
    ]
    readings = read_works(kept)
    kinds = {kind for work in readings.works for kind in work.kinds}
    there = ({**facts, "hardware.train": kind} for kind in sorted(kinds))
    nearest = (from_library(kept, readings, base, supposed, here) for supposed in there)
    standing = [known.work for known in nearest if known and known.work]
    sources = {source for work in standing for source in work.machines}
    return [kept[source] for source in sorted(sources)]
