"""What evidence finds about circulating claims: behaviour as named facts, speeds as a tally.

A fact is called ``CHECK.FRAMEWORK_FINDING``; what lies between the two frameworks is worked out
here (how far two series are apart, at how many calls two costs are equal). Knows evidence; it must
not know what is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.evidence import Behaviour, Evidence
from advisor.pair import FRAMEWORKS
from advisor.ratio import Ratio
from advisor.reading.called import CalledComparison, read_speeds
from advisor.reading.crossover import WinnerChange, winner_changes
from advisor.reading.variants import size_of


@dataclass(frozen=True)
class OneSpeed:
    """How many times as fast the one is as the other in one work at one size."""

    work: str
    size: str
    ratio: Ratio


@dataclass(frozen=True)
class SpeedTally:
    """What a set of speeds comes to.

    `one_faster` and `other_faster` count those whose whole interval lies beyond the factor that was
    asked for, `close` the other settled ones.
    """

    speeds: tuple[OneSpeed, ...] = ()
    one_faster: tuple[OneSpeed, ...] = ()
    other_faster: tuple[OneSpeed, ...] = ()
    close: tuple[OneSpeed, ...] = ()
    changes: tuple[WinnerChange, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The tally as facts; none where nothing was settled."""
        if not self.speeds:
            return {}
        logs = [speed.ratio.log for speed in self.speeds]
        return {
            "tally.one_faster": len(self.one_faster),
            "tally.other_faster": len(self.other_faster),
            "tally.close": len(self.close),
            "tally.settled": len(self.speeds),
            "tally.mean": math.exp(math.fsum(logs) / len(logs)),
            "tally.most": math.exp(max(logs)),
            "tally.least": math.exp(min(logs)),
        }


@dataclass(frozen=True)
class ClaimFindings:
    """Everything that the evidence holds for claims.

    `failed` maps a check to the behaviours that failed; `comparisons` are the called ones.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    failed: Mapping[str, tuple[Behaviour, ...]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    comparisons: tuple[CalledComparison, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def read_findings(evidence: Sequence[Evidence]) -> ClaimFindings:
    """What *evidence* holds for claims; of several that hold a check, the first that worked."""
    facts: dict[str, Any] = {}
    failed: dict[str, list[Behaviour]] = {}
    for seen in (seen for document in evidence for seen in document.behaviours):
        if seen.status != "ok":
            failed.setdefault(seen.check, []).append(seen)
            continue
        for name, value in seen.findings.items():
            if value is not None:
                facts.setdefault(f"{seen.check}.{seen.framework}_{name}", value)
    checks = {name.partition(".")[0] for name in facts}
    for check in checks:
        facts.update(_between(check, facts))
    return ClaimFindings(
        facts=facts,
        failed={check: tuple(some) for check, some in sorted(failed.items())},
        seen=frozenset(checks),
        comparisons=read_speeds(evidence).comparisons,
        evidence=tuple(evidence),
    )


def _between(check: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What lies between the frameworks in *check*."""
    torch, jax = FRAMEWORKS

    def pair(name: str) -> tuple[Any, Any]:
        return facts.get(f"{check}.{torch}_{name}"), facts.get(f"{check}.{jax}_{name}")

    found: dict[str, Any] = {}
    curves = pair("curve")
    series = all(isinstance(curve, list) and curve for curve in curves)
    if series and len(curves[0]) == len(curves[1]):
        found[f"{check}.apart"] = max(abs(a - b) for a, b in zip(*curves, strict=True))
    once, each = pair("once_s"), pair("each_s")
    if None not in (*once, *each):
        equal = _equal_at(once[0], each[0], once[1], each[1])
        if equal is not None:
            found[f"{check}.equal_at"] = equal
    work = pair("work_bytes")
    if None not in work and min(work) > 0:
        found[f"{check}.ratio"] = work[0] / work[1]
    return found


def _equal_at(once: float, each: float, other_once: float, other_each: float) -> float | None:
    """The count at which ``once + count * each`` is the same for both; None where it never is."""
    if each == other_each:
        return None
    count = (other_once - once) / (each - other_each)
    return count if count > 0 else None


def tally_of(
    findings: ClaimFindings, works: Sequence[str], one: str, other: str, more_than: float
) -> SpeedTally:
    """The settled speeds of *one* as against *other* in *works*."""
    if {one, other} == set(FRAMEWORKS):
        here = [c for c in findings.comparisons if c.workload in works]
        speeds = [
            OneSpeed(c.workload, _where(c), c.speedup if one == "jax" else c.speedup.turned)
            for c in here
        ]
        changes = winner_changes(here)
    else:
        speeds, changes = _of_modes(findings.evidence, works, one, other), ()
    groups: dict[str, list[OneSpeed]] = {"one": [], "other": [], "close": []}
    for speed in speeds:
        low, high = speed.ratio.interval()
        beyond = "one" if low > more_than else "other" if high < 1 / more_than else "close"
        groups[beyond].append(speed)
    return SpeedTally(
        speeds=tuple(speeds),
        one_faster=tuple(groups["one"]),
        other_faster=tuple(groups["other"]),
        close=tuple(groups["close"]),
        changes=tuple(changes),
    )


def _where(compared: CalledComparison) -> str:
    cores = "" if compared.cores is None else f" on {compared.cores} core(s)"
    return f"{compared.size}{cores}"


def _of_modes(
    evidence: Sequence[Evidence], works: Sequence[str], one: str, other: str
) -> list[OneSpeed]:
    found = []
    for document in evidence:
        for probe in document.probes:
            if probe.id not in works or not probe.weighs or probe.parity.status == "failed":
                continue
            for comparison in probe.comparisons:
                if {comparison.a, comparison.b} == {one, other} and comparison.called:
                    ratio = comparison.called_ratio(one=one)
                    if ratio is not None:
                        found.append(OneSpeed(probe.id, size_of(probe), ratio))
        for toggle in document.attributions:
            same = toggle.probe in works and {toggle.mode, toggle.mode_off} == {one, other}
            ratio = toggle.ratio if same and toggle.effect != "open" else None
            if ratio is not None and not any(s.work == toggle.probe for s in found):
                turned = ratio if toggle.mode == one else ratio.turned
                found.append(OneSpeed(toggle.probe, toggle.size or "", turned))
    return found
